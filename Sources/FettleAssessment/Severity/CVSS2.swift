/// CVSS version 2: section 3.2 of FIRST's guide of 2007.
struct CVSS2 {
    private let values: [String: String]

    init(_ values: [String: String]) { self.values = values }

    func scores(temporal: Bool, environmental: Bool) -> CVSSScores {
        let base = base(impact: impact(confidentiality: 1, integrity: 1, availability: 1))
        return CVSSScores(
            base: base, temporal: temporal ? timed(base) : nil,
            environmental: environmental ? environmentalScore : nil)
    }

    private var environmentalScore: Double {
        let impact = min(
            10,
            impact(confidentiality: requirement("CR"), integrity: requirement("IR"), availability: requirement("AR")))
        let adjusted = timed(base(impact: impact))
        return max(0, (adjusted + (10 - adjusted) * weight("CDP", Self.damage)) * weight("TD", Self.distribution))
            .roundedToTenth
    }

    private func base(impact: Double) -> Double {
        let exploitability =
            20 * weight("AV", ["L": 0.395, "A": 0.646, "N": 1]) * weight("AC", ["H": 0.35, "M": 0.61, "L": 0.71])
            * weight("Au", ["M": 0.45, "S": 0.56, "N": 0.704])
        guard impact > 0 else { return 0 }
        return ((0.6 * impact + 0.4 * exploitability - 1.5) * 1.176).roundedToTenth
    }

    private func impact(confidentiality: Double, integrity: Double, availability: Double) -> Double {
        let loss = ["N": 0, "P": 0.275, "C": 0.66]
        return 10.41
            * (1
                - (1 - weight("C", loss) * confidentiality) * (1 - weight("I", loss) * integrity)
                    * (1 - weight("A", loss) * availability))
    }

    private func timed(_ base: Double) -> Double {
        (base * weight("E", ["U": 0.85, "POC": 0.9, "F": 0.95]) * weight("RL", ["OF": 0.87, "TF": 0.9, "W": 0.95])
            * weight("RC", ["UC": 0.9, "UR": 0.95])).roundedToTenth
    }

    private static let damage = ["N": 0, "L": 0.1, "LM": 0.3, "MH": 0.4, "H": 0.5, "ND": 0]
    private static let distribution = ["N": 0, "L": 0.25, "M": 0.75]

    private func requirement(_ name: String) -> Double { weight(name, ["L": 0.5, "H": 1.51]) }

    /// A value without a weight of its own, and one that is not stated, changes nothing.
    private func weight(_ name: String, _ weights: [String: Double]) -> Double {
        weights[values[name] ?? "ND"] ?? 1
    }
}
