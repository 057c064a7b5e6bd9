import ArgumentParser
import FettleControl
import FettleModel
import FettleStore

struct RunPause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Start no further step; what is under way is finished.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var target: RunRequestArguments

    func run() async throws { try await target.ask(options) { .pause(by: $0, reason: $1) } }
}

struct RunAbort: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "abort", abstract: "Stop at the nearest safe point; what is out is brought back.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var target: RunRequestArguments

    func run() async throws { try await target.ask(options) { .abort(by: $0, reason: $1) } }
}

struct RunSkip: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "skip", abstract: "Go on without a step. Never past a gate.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var target: RunRequestArguments
    @Option(help: "The step, such as web/bake.") var step: String

    func run() async throws {
        guard !target.reason.isEmpty else {
            throw CommandFailure(
                .usage,
                "a skipped step needs a --reason\n  `fettle run skip \(target.run.printable) --step \(step.printable) --reason '…'`"
            )
        }
        try await target.ask(options) { .skip(step: StepID(step), by: $0, reason: $1) }
    }
}

struct RunRequestArguments: ParsableArguments {
    @Argument(help: "The run, such as run-1.") var run: String
    @Option(name: .shortAndLong, help: "Why, in a line; kept in the journal.") var reason = ""

    private struct Answer: Encodable {
        var run: RunID
        /// Who takes it up; nil: nobody carries the run out now.
        var executor: String?
    }

    func ask(_ options: GlobalOptions, _ request: (Person, String) -> RunRequest) async throws {
        try await ask(try Session(options), request)
    }

    func ask(_ session: Session, _ request: (Person, String) -> RunRequest) async throws {
        try await session.runs.ask(request(session.person, reason), of: RunID(run))
        let present = try await session.executor(of: RunID(run))
        if session.options.output == .json {
            return try session.printJSON(Answer(run: RunID(run), executor: present))
        }
        session.print("asked; \(RunID(run).takenUp(by: present))")
    }
}

extension Session {
    /// The process that carries the run out now; nil: none does.
    func executor(of run: RunID) async throws -> String? {
        try await runs.summary(of: run).executor.flatMap { ExecutorName.isGone($0) ? nil : $0 }
    }
}

extension RunID {
    /// Who takes up what was asked of the run.
    func takenUp(by executor: String?) -> String {
        let run = rawValue.printable
        return executor != nil
            ? "the process that carries \(run) out takes it up within a second"
            : "no process carries \(run) out now: `fettle run resume \(run)` takes it up"
    }
}
