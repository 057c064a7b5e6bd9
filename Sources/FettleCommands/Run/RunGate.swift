import ArgumentParser
import FettleControl
import FettleModel
import FettleStore

struct RunGate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gate", abstract: "Answer what a gate asks a person.",
        discussion: """
            The run shows what it asks, and of which step. Who answered, and why, stands in the journal. A gate that was
            answered with --fail has failed like any other: its host stays out of traffic, and the change goes back.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The run, such as run-1.") var run: String
    @Argument(help: "The step that asks, such as web-1/confirm.") var step: String
    @Flag(exclusivity: .exclusive, help: "The answer.") var answer: GateReply
    @Option(name: .shortAndLong, help: "Why, in a line; kept in the journal.") var reason: String

    private struct Answer: Encodable {
        var run: RunID
        var step: StepID
        var verdict: GateVerdict
    }

    func run() async throws {
        guard !reason.allSatisfy(\.isWhitespace) else {
            throw CommandFailure(.usage, "an answer needs a --reason that says why")
        }
        let session = try Session(options)
        let verdict: GateVerdict = answer == .pass ? .pass : .fail
        let id = StepID(step)
        try await session.runs.answer(id, with: verdict, by: session.person, reason: reason, of: RunID(run))
        if options.output == .json {
            return try session.printJSON(Answer(run: RunID(run), step: id, verdict: verdict))
        }
        let executor = try await session.executor(of: RunID(run))
        session.print("answered \(step.printable) with \(verdict.rawValue); \(RunID(run).takenUp(by: executor))")
        if executor != nil { session.next("fettle run show \(run.printable)") }
    }
}

enum GateReply: String, EnumerableFlag {
    case pass, fail
}
