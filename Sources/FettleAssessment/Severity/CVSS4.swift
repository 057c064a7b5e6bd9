/// CVSS version 4.0: section 8 of the specification. A vector lies in one of 270 macro vectors, each with a score for its most
/// severe vectors; what a vector is below the nearest of these is taken off in proportion to the gap to the next macro vector.
struct CVSS4 {
    private let values: [String: String]

    init(_ values: [String: String]) { self.values = values }

    /// Base alone, with the threat, and with the environment: the specification calls the last two CVSS-BT and CVSS-BTE.
    func scores(threat: Bool, environmental: Bool) -> CVSSScores {
        let base = Set(CVSSMetric.all(of: .v4).filter(\.isMandatory).map(\.name))
        let timed = base.union(["E"])
        return CVSSScores(
            base: CVSS4(values.filter { base.contains($0.key) }).score,
            temporal: threat ? CVSS4(values.filter { timed.contains($0.key) }).score : nil,
            environmental: environmental ? score : nil)
    }

    private var score: Double {
        guard ["VC", "VI", "VA", "SC", "SI", "SA"].contains(where: { value($0) != "N" }) else { return 0 }
        let levels = levels
        guard let top = CVSS4MacroVectors.score(levels) else { return 0 }
        var drops: [Double] = []
        for set in CVSS4Set.all {
            guard let below = set.next(levels).compactMap(CVSS4MacroVectors.score).max() else { continue }
            drops.append(Double(top - below) * Double(distance(in: set, levels)) / Double(set.depth(levels)))
        }
        let mean = drops.isEmpty ? 0 : drops.reduce(0, +) / Double(drops.count)
        return min(10, max(0, (Double(top) - mean) / 10)).roundedToTenth
    }

    /// How many steps the vector is below the first of the set's most severe vectors that is nowhere below it.
    private func distance(in set: CVSS4Set, _ levels: CVSS4Levels) -> Int {
        for highest in set.highest(levels) {
            let steps = highest.map { severity($0.metric, value($0.metric)) - severity($0.metric, $0.value) }
            if steps.allSatisfy({ $0 >= 0 }) { return steps.reduce(0, +) }
        }
        return 0
    }

    /// Steps below the metric's most severe value.
    private func severity(_ metric: String, _ value: String) -> Int {
        let order: [String] =
            switch metric {
            case "AV": ["N", "A", "L", "P"]
            case "PR": ["N", "L", "H"]
            case "UI": ["N", "P", "A"]
            case "AC": ["L", "H"]
            case "AT": ["N", "P"]
            case "VC", "VI", "VA": ["H", "L", "N"]
            case "SC", "SI", "SA": ["S", "H", "L", "N"]
            default: ["H", "M", "L"]
            }
        return order.firstIndex(of: value) ?? 0
    }

    /// As the environment modifies it; what is not defined counts as the worst case.
    private func value(_ metric: String) -> String {
        if let modified = values["M" + metric], modified != "X" { return modified }
        if let stated = values[metric], stated != "X" { return stated }
        return metric == "E" ? "A" : "H"
    }

    private func all(_ pairs: KeyValuePairs<String, String>) -> Bool { pairs.allSatisfy { value($0.key) == $0.value } }

    private func any(_ pairs: KeyValuePairs<String, String>) -> Bool { pairs.contains { value($0.key) == $0.value } }

    /// Table 24 to 29 of the specification.
    private var levels: CVSS4Levels {
        let open: KeyValuePairs = ["AV": "N", "PR": "N", "UI": "N"]
        let high: KeyValuePairs = ["VC": "H", "VI": "H", "VA": "H"]
        let isWorst = ["C", "I", "A"].contains { value($0 + "R") == "H" && value("V" + $0) == "H" }
        return CVSS4Levels(
            first: all(open) ? 0 : any(open) && value("AV") != "P" ? 1 : 2,
            second: all(["AC": "L", "AT": "N"]) ? 0 : 1,
            third: all(["VC": "H", "VI": "H"]) ? 0 : any(high) ? 1 : 2,
            fourth: any(["SI": "S", "SA": "S"]) ? 0 : any(["SC": "H", "SI": "H", "SA": "H"]) ? 1 : 2,
            fifth: value("E") == "A" ? 0 : value("E") == "P" ? 1 : 2,
            sixth: isWorst ? 0 : 1)
    }
}
