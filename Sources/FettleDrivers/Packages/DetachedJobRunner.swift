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
    }

    /// Runs the job, or waits for it if it runs already: then it is adopted and never started a second time.
    ///
    /// - Throws: `timeout` if it still runs after `seconds`; it goes on by itself, and the next call adopts it.
    ///   `unreachable` if the host is away until then, or came back without the job (it was started anew meanwhile).
    func run(_ job: DetachedJob, running: DetachedJob.State?, seconds: Int) async throws(StepFailure) -> Outcome {
        let deadline = session.clock.now().adding(seconds: seconds)
        if running == nil { try await start(job) }
        let state = try await wait(for: job, until: deadline)
        let output = try await output(of: job)
        try await forget([job.name])
        switch state {
        case .exited(let status): return Outcome(status: status, output: output)
        case .killed, .running: return Outcome(status: nil, output: output)
        }
    }

    /// Takes away what is left of ended jobs.
    func forget(_ names: [String]) async throws(StepFailure) {
        for name in names {
            for command in DetachedJob.forget(name, under: hasSystemd) {
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

    private func wait(for job: DetachedJob, until deadline: Timestamp) async throws(StepFailure) -> DetachedJob.State {
        let program = job.command.first ?? job.name
        var pause = Duration.milliseconds(50)
        while true {
            let trouble: StepFailure?
            switch await look() {
            case .success(let states):
                guard let state = states[job.name] else {
                    throw StepFailure(
                        code: .unreachable,
                        message: "the host knows no job \(job.name): it was started anew, or the job never began")
                }
                guard case .running = state else { return state }
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
            await session.clock.sleep(trouble == nil ? pause : .seconds(1))
            pause = min(pause * 2, .milliseconds(500))
        }
    }

    private func look() async -> Result<[String: DetachedJob.State], StepFailure> {
        do {
            let transcript = try await session.collect(SectionedScript(sections: [SnapshotScript.jobs]))
            return .success(DetachedJob.states(try transcript.requiredOutput(of: "jobs")))
        } catch let failure as StepFailure {
            return .failure(failure)
        } catch {
            return .failure(StepFailure(code: .timeout, message: "the jobs of the host cannot be read: \(error)"))
        }
    }

    private func output(of job: DetachedJob) async throws(StepFailure) -> String {
        let result = try await session.run(
            RemoteCommand(script: "tail -c 16384 -- \(job.outputFile) 2>/dev/null", outputLimit: 64 * 1_024))
        return result.outputText
    }
}
