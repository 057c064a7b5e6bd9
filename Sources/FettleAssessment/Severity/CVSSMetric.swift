/// A metric of CVSS: its name in a vector and the values it takes.
struct CVSSMetric: Sendable {
    enum Kind: Sendable {
        case base
        /// Temporal in versions 2 and 3, threat in version 4.
        case temporal
        case environmental
        /// In version 4; it changes no score.
        case supplemental
    }

    let name: String
    let values: [String]
    let kind: Kind

    var isMandatory: Bool { kind == .base }
    /// The value that says nothing; nil for a base metric.
    var undefined: String? { isMandatory ? nil : values.last { $0 == "X" || $0 == "ND" } }

    static func all(of version: CVSSVector.Version) -> [CVSSMetric] {
        switch version {
        case .v2: second
        case .v30, .v31: third
        case .v4: fourth
        }
    }

    /// `"AV N A L P"`: a name and its values.
    private static func metrics(_ kind: Kind, _ lines: String...) -> [CVSSMetric] {
        lines.map { line in
            let words = line.split(separator: " ").map(String.init)
            return CVSSMetric(name: words[0], values: Array(words.dropFirst()), kind: kind)
        }
    }

    private static let second =
        metrics(.base, "AV N A L", "AC L M H", "Au N S M", "C C P N", "I C P N", "A C P N")
        + metrics(.temporal, "E U POC F H ND", "RL OF TF W U ND", "RC UC UR C ND")
        + metrics(.environmental, "CDP N L LM MH H ND", "TD N L M H ND", "CR L M H ND", "IR L M H ND", "AR L M H ND")

    private static let third =
        metrics(.base, "AV N A L P", "AC L H", "PR N L H", "UI N R", "S U C", "C H L N", "I H L N", "A H L N")
        + metrics(.temporal, "E X H F P U", "RL X U W T O", "RC X C R U")
        + metrics(
            .environmental, "CR X H M L", "IR X H M L", "AR X H M L", "MAV X N A L P", "MAC X L H", "MPR X N L H",
            "MUI X N R", "MS X U C", "MC X H L N", "MI X H L N", "MA X H L N")

    private static let fourth =
        metrics(
            .base, "AV N A L P", "AC L H", "AT N P", "PR N L H", "UI N P A", "VC H L N", "VI H L N", "VA H L N",
            "SC H L N", "SI H L N", "SA H L N")
        + metrics(.temporal, "E X A P U")
        + metrics(
            .environmental, "CR X H M L", "IR X H M L", "AR X H M L", "MAV X N A L P", "MAC X L H", "MAT X N P",
            "MPR X N L H", "MUI X N P A", "MVC X H L N", "MVI X H L N", "MVA X H L N", "MSC X H L N",
            "MSI X S H L N", "MSA X S H L N")
        + metrics(
            .supplemental, "S X N P", "AU X N Y", "R X A U I", "V X D C", "RE X L M H",
            "U X Clear Green Amber Red")
}
