import FettleDriverKit
import FettleModel

/// Starts detached jobs and waits for them, over connections that may break in between.
struct DetachedJobRunner: Sendable {
    let session: HostSession
    let hasSystemd: Bool

    struct Outcome: Sendable, Equatable {
        /// nil: ended by a signal, or no status is left.
        var status: Int?
        var output: String
        /// How long the command itself took; nil where the host has nobody who knows.
        var milliseconds: Int?
    }

    /// Runs the job, or waits for it if it runs already: then it is adopted and never started a second time.
    ///
    /// - Throws: `timeout` if it still runs after `seconds`; it goes on by itself, and the next call adopts it.
    ///   `unreachable` if the host is away until then, or came back without the job (it was started anew meanwhile).
    /// - Parameter forgetting: takes the job away when it has ended; otherwise the caller does.
    func run(
        _ job: DetachedJob, running: DetachedJob.State?, seconds: Int, forgetting: Bool = true
    ) async throws(StepFailure) -> Outcome {
        let deadline = session.clock.now().adding(seconds: seconds)
        if running == nil { try await start(job) }
        let end = try await wait(for: job, until: deadline)
        if forgetting { try await forget([job.name: end.state]) }
        let status: Int? = if case .exited(let status) = end.state { status } else { nil }
        return Outcome(status: status, output: end.output, milliseconds: end.milliseconds)
    }

    /// Takes away what is left of ended jobs.
    func forget(_ states: [String: DetachedJob.State]) async throws(StepFailure) {
        for (name, state) in states.sorted(by: { $0.key < $1.key }) {
            for command in DetachedJob.forget(name, state, under: hasSystemd) {
                // `stop` of what ended by a signal and `reset-failed` of what did not both fail, and both are right.
                _ = try await session.run(RemoteCommand(root: command))
            }
        }
    }

    private func start(_ job: DetachedJob) async throws(StepFailure) {
        try await session.runRoot(DetachedJob.prepareDirectory)
        let command = hasSystemd ? job.startUnderSystemd : job.startUnderSetsid
        let result: CommandResult
        do {
            result = try await session.tryRun(RemoteCommand(root: command, timeout: .seconds(60)))
        } catch {
            // It may have been started before the connection broke: whoever waits for it will see.
            if !error.nothingRan { return }
            throw StepFailure(error)
        }
        guard result.succeeded || result.errorText.contains("already loaded") else {
            let words = SafeText.lastLines(of: result.errorText) ?? "it said nothing"
            throw StepFailure(
                code: words.contains("No space left") ? .noSpace : .internal,
                message: "\(job.command.first ?? job.name) could not be started: \(words)",
                output: HostText.tail(result))
        }
    }

    private struct End: Sendable {
        var state: DetachedJob.State
        /// What it printed last.
        var output: String
        var milliseconds: Int?
    }

    private func wait(for job: DetachedJob, until deadline: Timestamp) async throws(StepFailure) -> End {
        let program = job.command.first ?? job.name
        var pause = Duration.milliseconds(50)
        while true {
            let began = session.clock.now()
            let trouble: StepFailure?
            switch await look(at: job, until: deadline) {
            case .success(let end):
                guard let end else {
                    throw StepFailure(
                        code: .unreachable,
                        message: "the host knows no job \(job.name): it was started anew, or the job never began")
                }
                guard case .running = end.state else { return end }
                trouble = nil
            case .failure(let failure):
                guard failure.code.isRetryable else { throw failure }
                trouble = failure
            }
            guard session.clock.now() < deadline, !Task.isCancelled else {
                throw trouble
                    ?? StepFailure(
                        code: .timeout,
                        message: "\(program) still runs on the host as \(job.name).service; it goes on by itself")
            }
            if trouble != nil {
                await session.clock.sleep(.seconds(1))
            } else if session.clock.now() < began.adding(seconds: Self.waitSeconds) {
                // The host did not wait itself.
                await session.clock.sleep(pause)
                pause = min(pause * 2, .milliseconds(500))
            }
        }
    }

    /// How long the host itself waits for the end of a job before it answers: it sees that end at once, and whoever else
    /// wants the channel need not wait for long.
    private static let waitSeconds = 2

    /// How the job stands; nil: the host knows of none.
    private func look(at job: DetachedJob, until deadline: Timestamp) async -> Result<End?, StepFailure> {
        let seconds = max(1, min(Self.waitSeconds, Int(deadline.seconds(since: session.clock.now()))))
        let script = SectionedScript(sections: [
            SectionedScript.Section(
                name: "wait", limit: 4_096, body: DetachedJob.waitScript(for: job.name, seconds: seconds)),
            SnapshotScript.jobs,
            SectionedScript.Section(
                name: "output", limit: 64 * 1_024, body: "tail -c 16384 -- \(job.outputFile) 2>/dev/null; return 0"),
        ])
        do {
            let transcript = try await session.collect(script)
            let jobs = try transcript.requiredOutput(of: "jobs")
            guard let state = DetachedJob.states(jobs)[job.name] else { return .success(nil) }
            return .success(
                End(
                    state: state, output: transcript.section("output")?.output ?? "",
                    milliseconds: DetachedJob.milliseconds(jobs)[job.name]))
        } catch let failure as StepFailure {
            return .failure(failure)
        } catch {
            return .failure(StepFailure(code: .timeout, message: "the jobs of the host cannot be read: \(error)"))
        }
    }
}
