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
            name: Self.name(part, of: step.id, in: context.run), command: command, environment: RpmCommand.environment,
            successStatuses: RpmCommand.successStatuses)
        let (outcome, state) = try await wait(for: job, running: nil, until: deadline)
        try await read(job.name, state)
        guard outcome.status == 0 || Self.isScriptsOnly(outcome.status) else {
            let program = command.first?.split(separator: "/").last ?? "it"
            throw RpmDiagnosis.failure(status: outcome.status, output: outcome.output, doing: String(program))
        }
    }

    /// zypper: all is installed, and some want a restart or a reboot.
    private static func isScriptsOnly(_ status: Int?) -> Bool { status.map { [102, 103, 106].contains($0) } ?? false }

    /// Waits for jobs of an earlier attempt and takes away what ended by itself; on the way back also those of the step that it takes
    /// back, whatever failed in them.
    ///
    /// - Returns: those that were killed, which stay until what they left is repaired; nil: there was none at all.
    func adopt(
        _ jobs: [String: DetachedJob.State], until deadline: Timestamp
    ) async throws(StepFailure) -> [String: DetachedJob.State]? {
        let own = Set(Self.names(of: step.id, in: context.run))
        let compensated = Set(step.compensates.map { Self.names(of: $0, in: context.run) } ?? [])
        var killed: [String: DetachedJob.State]?
        for (name, state) in jobs.sorted(by: { $0.key < $1.key }) where own.contains(name) || compensated.contains(name)
        {
            var state = state
            if case .running = state {
                let job = DetachedJob(name: name, command: [RpmCommand.rpm])
                state = try await wait(for: job, running: state, until: deadline).state
            }
            if own.contains(name) {
                try await read(name, state, isOver: true)
            } else if state != .killed {
                try await runner.forget([name: state])
            }
            killed = killed ?? [:]
            if state == .killed { killed?[name] = state }
        }
        return killed
    }

    private func wait(
        for job: DetachedJob, running: DetachedJob.State?, until deadline: Timestamp
    ) async throws(StepFailure) -> (outcome: DetachedJobRunner.Outcome, state: DetachedJob.State) {
        let seconds = max(1, Int(deadline.seconds(since: settings.clock.now())))
        let outcome = try await runner.run(job, running: running, seconds: seconds, forgetting: false)
        settings.memory.times.add(milliseconds: outcome.milliseconds, to: step.id, in: context.run)
        return (outcome, outcome.status.map { .exited(status: $0) } ?? .killed)
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
        // One that was killed is needed too: it tells that nobody knows what is whole.
        if !remarks.leavesNoTrace, state != .killed { try await runner.forget([name: state]) }
        guard remarks.failedScripts.isEmpty || isOver && (state == .killed || !remarks.leavesNoTrace) else {
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
