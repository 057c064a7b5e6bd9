import Foundation

/// CVSS versions 3.0 and 3.1: section 7 of the specifications. They differ in rounding and in one term of the modified impact.
struct CVSS3 {
    private let values: [String: String]
    /// Version 3.0.
    private let isFirst: Bool

    init(_ values: [String: String], isFirst: Bool) {
        self.values = values
        self.isFirst = isFirst
    }

    func scores(temporal: Bool, environmental: Bool) -> CVSSScores {
        let base = score(impact(isChanged: values["S"] == "C", loss: baseLoss, modified: false), prefix: "")
        let timed = roundUp(base * time)
        return CVSSScores(
            base: base, temporal: temporal ? timed : nil,
            environmental: environmental ? roundUp(modifiedScore * time) : nil)
    }

    private var modifiedScore: Double {
        score(impact(isChanged: isChanged("M"), loss: modifiedLoss, modified: true), prefix: "M")
    }

    private func score(_ impact: Double, prefix: String) -> Double {
        guard impact > 0 else { return 0 }
        let sum = impact + exploitability(prefix)
        return roundUp(min(10, isChanged(prefix) ? 1.08 * sum : sum))
    }

    private func impact(isChanged: Bool, loss: Double, modified: Bool) -> Double {
        guard isChanged else { return 6.42 * loss }
        return modified && !isFirst
            ? 7.52 * (loss - 0.029) - 3.25 * pow(loss * 0.9731 - 0.02, 13)
            : 7.52 * (loss - 0.029) - 3.25 * pow(loss - 0.02, 15)
    }

    private var baseLoss: Double {
        let kept = ["C", "I", "A"].map { 1 - Self.loss(values[$0]) }
        return 1 - kept[0] * kept[1] * kept[2]
    }

    private var modifiedLoss: Double {
        let kept = ["C", "I", "A"].map { name in
            1 - Self.loss(stated(name, "M")) * Self.weight(values[name + "R"], ["H": 1.5, "L": 0.5])
        }
        return min(0.915, 1 - kept[0] * kept[1] * kept[2])
    }

    private func exploitability(_ prefix: String) -> Double {
        let privileges: [String: Double] =
            isChanged(prefix) ? ["N": 0.85, "L": 0.68, "H": 0.5] : ["N": 0.85, "L": 0.62, "H": 0.27]
        let vector = Self.weight(stated("AV", prefix), ["N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2])
        let complexity = stated("AC", prefix) == "L" ? 0.77 : 0.44
        let interaction = stated("UI", prefix) == "N" ? 0.85 : 0.62
        return 8.22 * vector * complexity * Self.weight(stated("PR", prefix), privileges) * interaction
    }

    private var time: Double {
        Self.weight(values["E"], ["F": 0.97, "P": 0.94, "U": 0.91])
            * Self.weight(values["RL"], ["W": 0.97, "T": 0.96, "O": 0.95])
            * Self.weight(values["RC"], ["R": 0.96, "U": 0.92])
    }

    /// A value without a weight of its own, and one that is not stated, changes nothing.
    private static func weight(_ value: String?, _ weights: [String: Double]) -> Double { weights[value ?? "X"] ?? 1 }

    private static func loss(_ value: String?) -> Double { ["H": 0.56, "L": 0.22][value ?? "N"] ?? 0 }

    private func isChanged(_ prefix: String) -> Bool { stated("S", prefix) == "C" }

    /// A modified metric that is not defined has the value of the base metric.
    private func stated(_ name: String, _ prefix: String) -> String {
        if let value = values[prefix + name], value != "X" { return value }
        return values[name] ?? "X"
    }

    /// The smallest tenth that is not below. Appendix A of 3.1 spells it out with integers, because 3.0's words give different
    /// scores with binary fractions; in 3.0 the exact decimal is meant too.
    private func roundUp(_ score: Double) -> Double {
        let scaled = (score * 100_000).rounded()
        return (scaled / 10_000).rounded(.up) / 10
    }
}
