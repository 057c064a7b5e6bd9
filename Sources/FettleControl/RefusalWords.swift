import FettleModel
import FettlePlanning

/// Why no plan can be made, for people: what is wrong, which demands contradict each other, and what easing each of them would buy.
enum RefusalWords {
    static func of(_ refusal: PlanningRefusal, _ input: PlanningInput) -> String {
        var lines = ["no plan can be made:"] + refusal.problems.map { "  \($0.message)" }
        guard let conflict = ConflictExplainer.explain(input, refusal) else { return lines.joined(separator: "\n") }
        lines.append(conflict.demands.count > 1 ? "these cannot all be met:" : "this cannot be met:")
        lines += conflict.demands.map { "  - \($0.words)" }
        if !conflict.options.isEmpty {
            lines.append(conflict.options.count > 1 ? "any one of these would do:" : "this would do:")
            lines += conflict.options.map { "  - \($0.change): \(duration($0.duration))" }
        }
        return lines.joined(separator: "\n")
    }

    /// Of each deadline that the plan misses: what makes it miss, in a line.
    static func ofMissedDeadlines(_ report: PlanReport, _ input: PlanningInput) -> [String] {
        let explained = DeadlineExplainer.explain(input, report)
        let told = explained.map { reason in
            let missed = reason.missed
            let start =
                "\(missed.resource): back at \(missed.expectedAt), after the deadline of \(missed.deadline) "
                + "(\(missed.because)); "
            if !reason.demands.isEmpty {
                return start + "it would be met without this: "
                    + reason.demands.map(\.words).joined(separator: "; or: ")
            }
            guard let earliest = reason.earliest else { return start + "no single demand is at fault" }
            return start + "no single demand is at fault; with none at all it would be back at \(earliest)"
        }
        let more = report.missedDeadlines.count - explained.count
        return more > 0 ? told + ["\(more) more resources miss their deadlines"] : told
    }

    private static func duration(_ estimate: DurationEstimate) -> String {
        "the plan takes about \(words(estimate.medianSeconds)), at most \(words(estimate.p95Seconds)) in 95 of 100 cases"
    }

    private static func words(_ seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7_200: "\((seconds + 30) / 60) min"
        case ..<172_800: "\(seconds / 3_600) h \(seconds % 3_600 / 60) min"
        default: "\(seconds / 86_400) days \(seconds % 86_400 / 3_600) h"
        }
    }
}
