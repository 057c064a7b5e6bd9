/// The scores of a vector, from 0.0 to 10.0 with one decimal.
public struct CVSSScores: Sendable, Equatable {
    public var base: Double
    /// nil if the vector states no temporal (version 4: threat) metric.
    public var temporal: Double?
    /// nil if the vector states no environmental metric.
    public var environmental: Double?

    /// The score that takes in all that the vector states.
    public var overall: Double { environmental ?? temporal ?? base }

    /// FIRST's words for a score of 3.0 and later; version 2 has none of its own, and the NVD's are used.
    public static func severity(of score: Double, _ version: CVSSVector.Version) -> String {
        switch score {
        case ..<0.05: version == .v2 ? "low" : "none"
        case ..<3.95: "low"
        case ..<6.95: "medium"
        case ..<8.95: "high"
        default: version == .v2 ? "high" : "critical"
        }
    }
}

extension CVSSVector {
    public var scores: CVSSScores {
        switch version {
        case .v2: CVSS2(values).scores(temporal: states(.temporal), environmental: states(.environmental))
        case .v30, .v31:
            CVSS3(values, isFirst: version == .v30)
                .scores(temporal: states(.temporal), environmental: states(.environmental))
        case .v4: CVSS4(values).scores(threat: states(.temporal), environmental: states(.environmental))
        }
    }
}

extension Double {
    /// To the nearest tenth, a half upwards. The scores' formulae are written in decimals: what binary fractions add or take
    /// away at the fifteenth digit must not decide.
    var roundedToTenth: Double { (self * 10 + 0.5 + 1e-7).rounded(.down) / 10 }
}
