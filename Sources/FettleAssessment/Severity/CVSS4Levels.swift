/// The macro vector: the level of each of CVSS 4.0's six equivalence sets, 0 for the most severe.
struct CVSS4Levels: Equatable {
    var first: Int
    var second: Int
    var third: Int
    var fourth: Int
    var fifth: Int
    var sixth: Int
}

/// An equivalence set of CVSS 4.0: metrics that are levelled together. The third and the sixth count as one.
enum CVSS4Set: CaseIterable {
    case first, second, thirdAndSixth, fourth, fifth

    static var all: [CVSS4Set] { allCases }

    /// The macro vectors one level below in this set. Where there are two, the one with the higher score counts.
    func next(_ levels: CVSS4Levels) -> [CVSS4Levels] {
        var next = levels
        switch self {
        case .first: next.first += 1
        case .second: next.second += 1
        case .fourth: next.fourth += 1
        case .fifth: next.fifth += 1
        case .thirdAndSixth:
            if levels.sixth == 1 {
                next.third += 1
            } else if levels.third == 1 {
                next.sixth += 1
            } else {
                var other = levels
                other.sixth += 1
                next.third += 1
                return [other, next]
            }
        }
        return [next]
    }

    /// In steps, from the most to the least severe vector of the level, and one more (table 30).
    func depth(_ levels: CVSS4Levels) -> Int {
        switch self {
        case .first: [1, 4, 5][levels.first]
        case .second: [1, 2][levels.second]
        case .thirdAndSixth: [[7, 6], [8, 8], [10, 10]][levels.third][levels.sixth]
        case .fourth: [6, 5, 4][levels.fourth]
        case .fifth: 1
        }
    }

    /// The most severe vectors of the level, as far as this set goes.
    func highest(_ levels: CVSS4Levels) -> [[(metric: String, value: String)]] {
        let vectors: [String] =
            switch self {
            case .first:
                [
                    ["AV:N/PR:N/UI:N"], ["AV:A/PR:N/UI:N", "AV:N/PR:L/UI:N", "AV:N/PR:N/UI:P"],
                    ["AV:P/PR:N/UI:N", "AV:A/PR:L/UI:P"],
                ][levels.first]
            case .second: [["AC:L/AT:N"], ["AC:H/AT:N", "AC:L/AT:P"]][levels.second]
            case .thirdAndSixth: Self.impacts(levels)
            case .fourth: [["SC:H/SI:S/SA:S"], ["SC:H/SI:H/SA:H"], ["SC:L/SI:L/SA:L"]][levels.fourth]
            // All vectors of a level of the threat are alike.
            case .fifth: [""]
            }
        return vectors.map { vector in
            vector.split(separator: "/").map { part in
                let words = part.split(separator: ":")
                return (String(words[0]), String(words[1]))
            }
        }
    }

    private static func impacts(_ levels: CVSS4Levels) -> [String] {
        switch (levels.third, levels.sixth) {
        case (0, 0): ["VC:H/VI:H/VA:H/CR:H/IR:H/AR:H"]
        case (0, _): ["VC:H/VI:H/VA:L/CR:M/IR:M/AR:H", "VC:H/VI:H/VA:H/CR:M/IR:M/AR:M"]
        case (1, 0): ["VC:L/VI:H/VA:H/CR:H/IR:H/AR:H", "VC:H/VI:L/VA:H/CR:H/IR:H/AR:H"]
        case (1, _):
            [
                "VC:L/VI:H/VA:L/CR:H/IR:M/AR:H", "VC:L/VI:H/VA:H/CR:H/IR:M/AR:M", "VC:H/VI:L/VA:H/CR:M/IR:H/AR:M",
                "VC:H/VI:L/VA:L/CR:M/IR:H/AR:H", "VC:L/VI:L/VA:H/CR:H/IR:H/AR:M",
            ]
        default: ["VC:L/VI:L/VA:L/CR:H/IR:H/AR:H"]
        }
    }
}
