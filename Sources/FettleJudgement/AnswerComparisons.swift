import FettleModel
import FettleStatistics

/// What probes answered, side by side.
enum AnswerComparisons {
    static func of(_ sides: Sides, _ thresholds: BakeThresholds) -> [any Comparison] {
        guard !sides.control.isEmpty else { return [] }
        let (here, there) = (pooled(sides.patched), pooled(sides.control))
        var result: [any Comparison] = []
        for (name, patched) in here.sorted(by: { $0.key < $1.key }) {
            let control = there[name] ?? ProbeSeries()
            result.append(ErrorComparison(name: name, patched: patched, control: control))
            if !patched.milliseconds.isEmpty || !control.milliseconds.isEmpty {
                result.append(
                    LatencyComparison(
                        name: name, patched: patched.milliseconds, control: control.milliseconds,
                        thresholds: thresholds))
            }
        }
        return result
    }

    private static func pooled(_ series: [MemberSeries]) -> [String: ProbeSeries] {
        var result: [String: ProbeSeries] = [:]
        for (name, answers) in series.flatMap({ $0.answers.sorted { $0.key < $1.key } }) {
            result[name, default: ProbeSeries()].asked += answers.asked
            result[name, default: ProbeSeries()].failed += answers.failed
            result[name, default: ProbeSeries()].milliseconds += answers.milliseconds
        }
        return result
    }

    /// The smallest probability that so many here and so many there can give at all: where that is not small enough, nothing
    /// could have been found.
    static func least(_ here: Int, _ there: Int) -> Double {
        guard here > 0, there > 0 else { return 1 }
        return FisherExactTest.higher(failures: here, of: here, controlFailures: 0, of: there) ?? 1
    }
}

/// Whether a larger part of the questions is answered badly: Fisher's exact test, from one side.
struct ErrorComparison: Comparison {
    let name: String
    let patched: ProbeSeries
    let control: ProbeSeries

    func judge(_ chance: Chance) -> JudgementRow {
        let (here, there) = ("\(patched.failed) of \(patched.asked)", "\(control.failed) of \(control.asked)")
        let subject = "\(name): bad answers"
        guard AnswerComparisons.least(patched.asked, control.asked) <= chance.ofAlarm else {
            return BakeJudge.row(subject, here, there, "too few answers", .inconclusive)
        }
        let p = FisherExactTest.higher(
            failures: patched.failed, of: patched.asked, controlFailures: control.failed, of: control.asked)
        guard let p else { return BakeJudge.row(subject, here, there, "no such counts", .inconclusive) }
        return BakeJudge.row(
            subject, here, there, Figures.probability(p, limit: chance.ofAlarm), p <= chance.ofAlarm ? .fail : .pass)
    }
}

/// Whether answers are slower by more than a margin: Mann and Whitney's test on the answers less the margin. It passes where it is
/// shown that they are not, and fails where it is shown that they are; in between nothing is shown.
///
/// Source: E. Walker and A. S. Nowacki, "Understanding Equivalence and Noninferiority Testing", Journal of General Internal
/// Medicine 26 (2011), 192-196.
struct LatencyComparison: Comparison {
    let name: String
    let patched: [Double]
    let control: [Double]
    let thresholds: BakeThresholds

    func judge(_ chance: Chance) -> JudgementRow {
        let subject = "\(name): latency"
        let (here, there) = (Figures.milliseconds(patched), Figures.milliseconds(control))
        let usual = Figures.median(control) ?? 0
        let margin = max(
            usual * Double(max(0, thresholds.latencyMarginPercent)) / 100,
            Double(max(0, thresholds.latencyMarginMilliseconds)))
        let test = MannWhitneyTest(patched.map { $0 - margin }, against: control)
        guard let test, AnswerComparisons.least(patched.count, control.count) <= chance.ofAlarm else {
            return BakeJudge.row(subject, here, there, "too few answers", .inconclusive)
        }
        let words = "slower by more than \(Figures.number(margin)) ms: "
        if test.larger <= chance.ofAlarm {
            return BakeJudge.row(
                subject, here, there, words + Figures.probability(test.larger, limit: chance.ofAlarm), .fail)
        }
        let isShown = test.smaller <= chance.ofMiss
        return BakeJudge.row(
            subject, here, there,
            "not " + words + Figures.probability(test.smaller, limit: chance.ofMiss), isShown ? .pass : .inconclusive)
    }
}
