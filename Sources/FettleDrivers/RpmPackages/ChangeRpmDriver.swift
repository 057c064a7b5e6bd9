public import FettleDriverKit
public import FettleModel

/// Brings rpm packages from exact versions to exact versions with dnf or zypper, forwards or back, from the files that were staged.
///
/// Before anything is done the package manager rehearses; if that is not exactly what the plan says, nothing is done. Its run is
/// detached from the connection (`DetachedJob`): it survives that of Fettle, and is found again. Whether it worked is read from
/// rpm's database and from what was printed, never from a status alone.
public struct ChangeRpmDriver: StepDriver {
    private let channels: any ChannelProvider
    private let settings: PackageDriverSettings

    public init(channels: any ChannelProvider, settings: PackageDriverSettings = PackageDriverSettings()) {
        self.channels = channels
        self.settings = settings
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do {
            let (transaction, session) = try open(step, in: context)
            let snapshot = try await session.rpmSnapshot()
            let jobs = RpmJobs.names(of: step.id, in: context.run).compactMap { snapshot.jobs[$0] }
            for case .running(let since) in jobs {
                return .blocked(reason: "the package manager still runs for this step on the host, since \(since)")
            }
            let work = RpmWork(transaction, on: snapshot)
            // What an earlier job left on the host is read and taken away by performing.
            if work.isDone, jobs.isEmpty { return .alreadyDone(Self.observation(transaction, snapshot)) }
            try work.refuseDrift()
            if !work.isDone, let holder = Self.holder(snapshot) { return .blocked(reason: holder) }
            return .ready(prior: nil)
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let (transaction, session) = try open(step, in: context)
        let deadline = settings.clock.now().adding(seconds: step.timeoutSeconds)
        var snapshot = try await session.rpmSnapshot()
        let tool = try snapshot.requireTool()
        let jobs = RpmJobs(
            runner: DetachedJobRunner(session: session, hasSystemd: snapshot.hasSystemd), step: step, context: context,
            settings: settings)
        let killed = try await jobs.adopt(snapshot.jobs, until: deadline)
        if killed != nil { snapshot = try await session.rpmSnapshot() }
        let wasKilled = killed.map { !$0.isEmpty } ?? false

        var work = RpmWork(transaction, on: snapshot)
        try work.refuseDrift()
        guard !work.isDone || wasKilled else { return }
        if let holder = Self.holder(snapshot) { throw StepFailure(code: .locked, message: holder) }
        try PackageSpace.requireForUnpacking(transaction.downloadBytes, in: snapshot.freeBytes)
        if !work.leftovers.isEmpty || wasKilled {
            try await repair(work, transaction, tool, jobs, wasKilled: wasKilled, until: deadline)
            try await jobs.runner.forget(killed ?? [:])
            snapshot = try await session.rpmSnapshot()
            work = RpmWork(transaction, on: snapshot)
            try work.refuseDrift()
        }
        if !work.installs.isEmpty {
            let files = try await files(of: work.installs, session)
            try await rehearseAndRun(
                .apply, RpmCommand.install(files, by: tool), work.installs, snapshot, jobs, until: deadline)
        }
        if !work.removals.isEmpty {
            snapshot = try await session.rpmSnapshot()
            let gone = RpmWork(transaction, on: snapshot).pending.filter { $0.to == nil }
            if !gone.isEmpty {
                try await rehearseAndRun(
                    .remove, RpmCommand.erase(gone.compactMap(\.origin), by: tool), gone, snapshot, jobs,
                    until: deadline)
            }
        }
        let new = work.installs.filter { $0.from == nil }.map(\.name)
        if transaction.purpose == .patch, tool == .dnf, !new.isEmpty {
            try await session.runRoot(RpmCommand.markAsDependency(new), timeout: .seconds(60))
        }
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let (transaction, session) = try open(step, in: context)
        let snapshot = try await session.rpmSnapshot()
        let work = RpmWork(transaction, on: snapshot)
        try work.refuseDrift()
        guard work.pending.isEmpty else {
            throw StepFailure(
                code: .packageManager,
                message: "not as the plan wants: \(PackageWords.list(work.pending.map(\.summary)))")
        }
        guard work.leftovers.isEmpty else {
            throw StepFailure(
                code: .packageManager,
                message: "installed at two versions at once: beside the new \(PackageWords.list(work.leftovers))")
        }
        if let name = RpmJobs.names(of: step.id, in: context.run).first(where: { snapshot.jobs[$0] != nil }) {
            throw StepFailure(
                code: .packageManager,
                message: "the step's job \(name).service has not ended well, or has not been read")
        }
        var observation = Self.observation(transaction, snapshot)
        let files = settings.rpmNotes.take(of: step.id, in: context.run)
        if !files.isEmpty {
            observation.details["conffilesBeside"] = PackageWords.list(files)
            observation.summary += "; configuration files to look at: \(PackageWords.list(files))"
        }
        if let milliseconds = settings.memory.times.take(of: step.id, in: context.run) {
            observation.details["packageManagerMilliseconds"] = "\(milliseconds)"
        }
        return observation
    }

    // MARK: Parts

    private func open(_ step: Step, in context: StepContext) throws(StepFailure) -> (RpmTransaction, HostSession) {
        guard case .changePackages(let transaction) = step.action else {
            throw StepFailure(code: .refused, message: "\(step.id) changes no packages")
        }
        return (
            try RpmTransaction(transaction),
            try HostSession(step, in: context, channels: channels, clock: settings.clock)
        )
    }

    /// Of the locks that rpm, dnf and zypper take; others' are none of theirs.
    private static func holder(_ snapshot: RpmSnapshot) -> String? {
        PackageLocks.holder(of: snapshot.locks.filter { !$0.path.contains("/dpkg/") && !$0.path.contains("/apt/") })
    }

    private static func observation(_ transaction: RpmTransaction, _ snapshot: RpmSnapshot) -> Observation {
        let count = transaction.changes.count
        return Observation(
            verdict: .pass, summary: "\(count) \(count == 1 ? "package" : "packages") as the plan wants",
            details: ["packages": PackageWords.list(transaction.changes.map(\.summary))],
            observedAt: snapshot.observedAt)
    }

    /// The files of what is to be installed.
    ///
    /// - Throws: `drift` where one is gone, torn, or not signed by a known key.
    private func files(of changes: [PackageChange], _ session: HostSession) async throws(StepFailure) -> [String] {
        let wanted = changes.compactMap(\.target)
        let kept = try await RpmFiles(session: session).kept(wanted)
        let missing = wanted.filter { kept[$0] == nil }
        guard missing.isEmpty else {
            throw StepFailure(
                code: .drift,
                message:
                    "no whole and signed file of \(PackageWords.list(missing)) is left in \(RpmCommand.files); nothing was done"
            )
        }
        return wanted.compactMap { kept[$0] }.sorted()
    }

    private func rehearseAndRun(
        _ part: RpmJobs.Part, _ command: [String], _ changes: [PackageChange], _ snapshot: RpmSnapshot, _ jobs: RpmJobs,
        until deadline: Timestamp
    ) async throws(StepFailure) {
        try await RpmRehearsal(command: command, expected: changes)
            .run(on: jobs.runner.session, packages: snapshot.packages)
        try await jobs.run(part, command, until: deadline)
    }

    /// After a run that was interrupted: earlier versions that still stand beside their successors are erased, and the successors
    /// installed once more, because nobody knows whether their files are whole and their last scripts ran. After one of which it is
    /// known that it was killed the same is done with all that has reached its version.
    private func repair(
        _ work: RpmWork, _ transaction: RpmTransaction, _ tool: RpmTool, _ jobs: RpmJobs, wasKilled: Bool,
        until deadline: Timestamp
    ) async throws(StepFailure) {
        if !work.leftovers.isEmpty {
            try await jobs.run(.leftovers, RpmCommand.eraseLeftovers(work.leftovers), until: deadline)
        }
        let doubled = transaction.changes.filter { change in work.leftovers.contains { $0 == change.origin } }
        let again = ((wasKilled ? work.reached : []) + doubled).filter { $0.to != nil }
        guard !again.isEmpty else { return }
        let files = try await files(of: again, jobs.runner.session)
        try await jobs.run(.again, RpmCommand.reinstall(files, by: tool), until: deadline)
    }
}
