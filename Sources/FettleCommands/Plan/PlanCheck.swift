import ArgumentParser
import FettleChecking
import FettleControl
import FettleModel

struct PlanCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Prove a plan safe, or tell how it can break an invariant.",
        discussion: """
            Takes a plan's JSON from a file, or from standard input for `-`. Where its digest stands beside it, the two are compared. \
            Ends with 3 if it is not safe.
            """)

    @OptionGroup var form: OutputOptions
    @Argument(help: "A file with a plan as JSON.") var file: String
    @Option(
        help: ArgumentHelp(
            "Also tell windows that have closed by this time, such as 2026-11-23T09:00:00Z.", valueName: "time"))
    var now: String?

    /// Of one violation; the JSON has all.
    private static let shownSteps = 12

    private struct Answer: Encodable {
        var plan: PlanID
        var digest: Digest
        var isProven: Bool
        var method: CheckReport.Method
        var violations: [Violation]
        /// Windows that have closed; nil: nobody asked.
        var closedWindows: [TimeWindow]?
    }

    func validate() throws {
        if let now, Timestamp(now) == nil {
            throw ValidationError("--now takes a time in UTC such as 2026-11-23T09:00:00Z, not \(now.printable)")
        }
    }

    func run() async throws {
        let document = try StageFile.plan(from: file)
        let plan = document.plan
        let report = PlanChecker.check(plan)
        let time = now.flatMap { Timestamp($0) }
        let closed = time.map { time in plan.windows.filter { $0.closesAt <= time } }
        if form.output == .json {
            try Output.writeJSON(
                Answer(
                    plan: plan.id, digest: document.digest, isProven: report.isProven, method: report.method,
                    violations: report.violations, closedWindows: closed))
        } else if report.isProven {
            Output.writeLine(
                "\(plan.id.rawValue.printable) is safe: \(plan.steps.count) steps, \(plan.rollback.count) on the way back "
                    + "(\(report.method.rawValue))")
        } else {
            for violation in report.violations {
                Output.writeLine(violation.description.printable)
                guard !violation.steps.isEmpty else { continue }
                let steps = PlanView.list(violation.steps.map(\.rawValue), limit: Self.shownSteps)
                Output.writeLine("  steps: \(steps)".printable)
            }
        }
        if form.output != .json {
            for window in closed ?? [] {
                Output.writeLine("its window from \(window.opensAt) to \(window.closesAt) is over")
            }
        }
        if !report.isProven || closed?.isEmpty == false { throw ExitStatus.blocked.code }
    }
}
