import FettleDriverKit
import FettleModel
import Synchronization

/// Runs dnf, zypper and rpm as detached jobs, and reads what they said.
///
/// A script that fails when its package is there already leaves no trace in rpm's database. So the job in which one failed is not
/// taken away: who looks at the step again, after a crash or for another attempt, finds it and does not take the step for done.
/// The way back takes it away; otherwise a person does, who has made good for it.
struct RpmJobs: Sendable {
    let runner: DetachedJobRunner
    let step: Step
    let context: StepContext
    let settings: PackageDriverSettings

    /// In the order in which they run.
    enum Part: String, CaseIterable, Sendable {
        case leftovers, again, apply, remove
    }

    static func name(_ part: Part, of step: StepID, in run: RunID) -> String {
        DetachedJob.name(of: step, in: run, part: "rpm-\(part.rawValue)")
    }

    static func names(of step: StepID, in run: RunID) -> [String] { Part.allCases.map { name($0, of: step, in: run) } }

    /// Runs a command to its end.
    ///
    /// - Throws: `packageManager` if it failed or a script of a package did, and what else can befall a job.
    func run(_ part: Part, _ command: [String], until deadline: Timestamp) async throws(StepFailure) {
        let job = DetachedJob(
            name: Self.name(part, of: step.id, in: context.run), command: command, environment: RpmCommand.environment)
        let outcome = try await end(of: job, running: nil, until: deadline)
        guard outcome.status == 0 || Self.isScriptsOnly(outcome.status) else {
            let program = command.first?.split(separator: "/").last ?? "it"
            throw RpmDiagnosis.failure(status: outcome.status, output: outcome.output, doing: String(program))
        }
    }

    /// zypper: all is installed, and some want a restart or a reboot.
    private static func isScriptsOnly(_ status: Int?) -> Bool { status.map { [102, 103, 106].contains($0) } ?? false }

    /// Waits for jobs of an earlier attempt and takes away what ended well.
    ///
    /// - Returns: whether one of them was killed; nil: there was none.
    func adopt(_ jobs: [String: DetachedJob.State], until deadline: Timestamp) async throws(StepFailure) -> Bool? {
        let own = Set(Self.names(of: step.id, in: context.run))
        var wasKilled: Bool?
        for (name, state) in jobs.sorted(by: { $0.key < $1.key }) where own.contains(name) {
            let job = DetachedJob(name: name, command: [RpmCommand.rpm])
            if case .running = state {
                let outcome = try await end(of: job, running: state, until: deadline)
                wasKilled = outcome.status == nil || wasKilled == true
            } else {
                try await read(name, state, isOver: true)
                wasKilled = state == .killed || wasKilled == true
            }
        }
        return wasKilled
    }

    /// The jobs of the step that this one takes back: what failed there is made good by it.
    func forgetCompensated(_ jobs: [String: DetachedJob.State]) async throws(StepFailure) {
        guard let compensated = step.compensates else { return }
        let names = Set(Self.names(of: compensated, in: context.run))
        try await runner.forget(
            jobs.filter { names.contains($0.key) }.filter { if case .running = $0.value { false } else { true } })
    }

    private func end(
        of job: DetachedJob, running: DetachedJob.State?, until deadline: Timestamp
    ) async throws(StepFailure) -> DetachedJobRunner.Outcome {
        let seconds = max(1, Int(deadline.seconds(since: settings.clock.now())))
        let outcome = try await runner.run(job, running: running, seconds: seconds, forgetting: false)
        settings.memory.times.add(milliseconds: outcome.milliseconds, to: step.id, in: context.run)
        try await read(job.name, outcome.status.map { .exited(status: $0) } ?? .killed)
        return outcome
    }

    /// - Parameter isOver: of an earlier attempt: what the database tells is done again.
    /// - Throws: `packageManager` where a script failed.
    private func read(
        _ name: String, _ state: DetachedJob.State, isOver: Bool = false
    ) async throws(StepFailure) {
        let transcript = try await runner.session.collect(
            SectionedScript(sections: [RpmRemarks.section(of: name)]))
        let remarks: RpmRemarks
        do { remarks = RpmRemarks(parsing: try transcript.requiredOutput(of: "remarks")) } catch {
            throw StepFailure(code: .inconclusive, message: "what \(name) printed cannot be read: \(error)")
        }
        settings.rpmNotes.note(remarks.configuration, of: step.id, in: context.run)
        if !remarks.leavesNoTrace { try await runner.forget([name: state]) }
        guard remarks.failedScripts.isEmpty || isOver && !remarks.leavesNoTrace else {
            let record = remarks.leavesNoTrace ? "; \(name).service stays as the record of it" : ""
            throw StepFailure(
                code: .packageManager,
                message: "a package's script failed: \(PackageWords.list(remarks.failedScripts))\(record)",
                output: remarks.failedScripts.joined(separator: "\n"))
        }
    }
}

/// Which configuration files rpm has laid beside others in a step, all its attempts together. Kept in memory alone.
final class RpmNotes: Sendable {
    private struct Key: Hashable {
        var run: RunID
        var step: StepID
    }

    private let notes = Mutex<[Key: Set<String>]>([:])

    func note(_ files: [String], of step: StepID, in run: RunID) {
        guard !files.isEmpty else { return }
        notes.withLock { $0[Key(run: run, step: step), default: []].formUnion(files) }
    }

    func take(of step: StepID, in run: RunID) -> [String] {
        notes.withLock { $0.removeValue(forKey: Key(run: run, step: step)) }.map { $0.sorted() } ?? []
    }
}
