import FettleModel
import FettleStatistics

/// Whether the host itself is worse off: time in which somebody stood still for want of processor, memory or disk (pressure stall
/// information), and processor time that the hypervisor gave to others; in percent of the time, from pulse to pulse.
struct PressureComparison: Comparison {
    let subject: String
    let patched: [Double]
    let control: [Double]
    let marginPercent: Int

    static func of(_ sides: Sides, _ thresholds: BakeThresholds) -> [any Comparison] {
        let kinds: [(String, (Pulse, Pulse) -> Double?)] = [
            ("pressure: processor", stalled("cpu")), ("pressure: memory", stalled("memory")),
            ("pressure: disk", stalled("io")), ("processor time stolen", stolen),
        ]
        return kinds.compactMap { name, share in
            let (here, there) = (shares(sides.patched, share), shares(sides.control, share))
            guard !here.isEmpty, !there.isEmpty else { return nil }
            return PressureComparison(
                subject: name, patched: here, control: there, marginPercent: thresholds.pressureMarginPercent)
        }
    }

    private static func stalled(_ kind: String) -> (Pulse, Pulse) -> Double? {
        { before, after in
            guard let first = before.stalls?[kind], let last = after.stalls?[kind], after.at > before.at else {
                return nil
            }
            return max(0, Double(last - first)) / ((after.at - before.at) * 1_000_000) * 100
        }
    }

    private static func stolen(_ before: Pulse, _ after: Pulse) -> Double? {
        guard let first = before.steal, let last = after.steal, last.whole > first.whole else { return nil }
        return max(0, Double(last.part - first.part)) / Double(last.whole - first.whole) * 100
    }

    private static func shares(_ series: [MemberSeries], _ share: (Pulse, Pulse) -> Double?) -> [Double] {
        series.flatMap { one in zip(one.pulses, one.pulses.dropFirst()).compactMap(share) }
    }

    func judge(_ chance: Chance) -> JudgementRow {
        let (here, there) = (Figures.percent(patched), Figures.percent(control))
        let margin = Double(max(0, marginPercent))
        guard let test = MannWhitneyTest(patched.map { $0 - margin }, against: control),
            AnswerComparisons.least(patched.count, control.count) <= chance.ofAlarm
        else { return BakeJudge.row(subject, here, there, "too few pulses", .inconclusive) }
        return BakeJudge.row(
            subject, here, there,
            "more by over \(marginPercent) points: " + Figures.probability(test.larger, limit: chance.ofAlarm),
            test.larger <= chance.ofAlarm ? .fail : .pass)
    }
}
