import ArgumentParser
import FettleControl
import FettleExecution
import FettleModel
import FettleReporting
import FettleStore

struct RunHandOver: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "handover",
        abstract: "Have the process that carries a run out leave it to another, without a step left half done.",
        discussion: """
            What is under way is finished, nothing else is begun, hosts stay where they are. Then `fettle run resume`, here or on \
            another machine with the same store, goes on at once. Ends with 4 if it has not happened in time; it is asked all the same.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var target: RunRequestArguments
    @Option(help: "How long to wait for it, in seconds.") var wait = 600

    private struct Answer: Encodable {
        var run: RunID
        /// Nobody carries it out any more: `run resume` does at once.
        var isHandedOver: Bool
        /// Who still does.
        var executor: String?
    }

    func validate() throws {
        guard (0...86_400).contains(wait) else { throw ValidationError("--wait takes 0 to 86400 seconds") }
    }

    func run() async throws {
        let session = try Session(options)
        let run = RunID(target.run)
        let epoch = try await session.runs.handOver(
            run, by: session.person, reason: target.reason, isGone: ExecutorName.isGone)
        let end = ContinuousClock.now.advanced(by: .seconds(wait))
        var summary = try await session.runs.summary(of: run)
        while summary.executor != nil, summary.epoch == epoch, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(200))
            summary = try await session.runs.summary(of: run)
        }
        if let outcome = try await session.runs.story(of: run).state.outcome {
            throw CommandFailure(.failure, "\(run) has ended meanwhile: \(outcome.words)")
        }
        let isDone = summary.epoch == epoch && summary.executor == nil
        if options.output == .json {
            try session.printJSON(Answer(run: run, isHandedOver: isDone, executor: summary.executor))
        } else if isDone {
            session.print("\(run) is free; `fettle run resume \(run)` goes on at once".printable)
        } else {
            session.print("asked; \(summary.executor ?? "another process") carries \(run) out for now".printable)
        }
        if !isDone { throw ExitStatus.partial.code }
    }
}
