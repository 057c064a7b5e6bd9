public import FettleDriverKit
public import FettleModel

/// Brings Debian packages from exact versions to exact versions with apt, forwards or back.
///
/// Before anything is done apt is asked what it would do; if that is not exactly what the plan says, nothing is done. Where the
/// step that staged the packages has asked already, it is enough that nothing has changed since by which apt decides. The run
/// of apt itself is detached from the connection (`DetachedJob`): it survives that of Fettle, and is found again. Whether it
/// worked is read from dpkg's database, never from apt's status alone.
public struct ChangePackagesDriver: StepDriver {
    private let channels: any ChannelProvider
    private let settings: PackageDriverSettings

    public init(channels: any ChannelProvider, settings: PackageDriverSettings = PackageDriverSettings()) {
        self.channels = channels
        self.settings = settings
    }

    public func lookAhead(at step: Step, in context: StepContext) async {
        guard let (_, session) = try? open(step, in: context) else { return }
        await settings.ahead.look(at: step, in: context) { try? await session.snapshot(fingerprinted: true) }
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        // What was seen ahead is good for one answer only, that it can begin: anything else is looked at now.
        if let seen = await settings.ahead.take(of: step, in: context) {
            let answer = await readiness(step, in: context, seen: seen)
            if case .ready = answer { return answer }
        }
        return await readiness(step, in: context, seen: nil)
    }

    private func readiness(
        _ step: Step, in context: StepContext, seen: (look: PackageSnapshot, at: ContinuousClock.Instant)?
    ) async -> StepReadiness {
        do {
            let (transaction, session) = try open(step, in: context)
            let began = seen?.at ?? .now
            let snapshot =
                if let seen { seen.look } else { try await session.snapshot(fingerprinted: true) }
            let jobs = jobNames(step, context).compactMap { snapshot.jobs[$0] }
            for case .running(let since) in jobs {
                return .blocked(reason: "the package manager still runs for this step on the host, since \(since)")
            }
            let automatic = automatic(transaction, snapshot, context)
            let work = PackageWork(transaction, on: snapshot, automatic: automatic)
            let keeper = keeper(step, context, session)
            // What an earlier Fettle's job left on the host is taken away by performing, which finds nothing else to do.
            if work.isDone, jobs.isEmpty { return .alreadyDone(Self.observation(transaction, snapshot)) }
            try Self.refuseDrift(work)
            if !work.isDone, let holder = PackageLocks.holder(of: snapshot.locks) { return .blocked(reason: holder) }
            var details = [Self.automaticKey: automatic.sorted().joined(separator: " ")]
            details[ConffileKeeper.key] = try await Self.keptConffiles(transaction, keeper, context)
            settings.looks.note(snapshot, of: step, in: context, since: began)
            return .ready(prior: PriorState(alreadySo: false, details: details))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let (transaction, session) = try open(step, in: context)
        let deadline = settings.clock.now().adding(seconds: step.timeoutSeconds)
        var snapshot =
            if let seen = settings.looks.take(of: step, in: context) { seen } else {
                try await session.snapshot(fingerprinted: true)
            }
        let automatic = automatic(transaction, snapshot, context)
        let runner = DetachedJobRunner(session: session, hasSystemd: snapshot.hasSystemd)
        snapshot = try await adoptOrForget(step, context, snapshot, runner, session, until: deadline)

        var work = PackageWork(transaction, on: snapshot, automatic: automatic)
        try Self.refuseDrift(work)
        if !work.pending.isEmpty || !work.unfinished.isEmpty, let holder = PackageLocks.holder(of: snapshot.locks) {
            throw StepFailure(code: .locked, message: holder)
        }
        if !work.unfinished.isEmpty {
            try await configure(work.unfinished, transaction, step, context, runner, until: deadline)
            snapshot = try await session.snapshot(fingerprinted: true)
            work = PackageWork(transaction, on: snapshot, automatic: automatic)
        }
        if !work.pending.isEmpty {
            try PackageSpace.requireForUnpacking(transaction.downloadBytes, in: snapshot.freeBytes)
            let keeper = keeper(step, context, session)
            let own = try await Self.prepareConffiles(work.pending, transaction, snapshot, keeper, context)
            settings.memory.note(own.back, lost: own.lost, of: step.id, in: context.run)
            let result = await apply(work.pending, transaction, snapshot, step, context, runner, until: deadline)
            // Also after a failure: apt writes the marks before it installs anything.
            let isDone = if case .success = result { true } else { false }
            try await restoreMarks(transaction, automatic, session, allArePresent: isDone)
            try result.get()
            try await keeper.requireBack(own.back)
        } else {
            try await restoreMarks(transaction, automatic, session)
        }
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let (transaction, session) = try open(step, in: context)
        let snapshot = try await session.snapshot()
        let work = PackageWork(
            transaction, on: snapshot, automatic: automatic(transaction, snapshot, context))
        try Self.refuseDrift(work)
        guard work.pending.isEmpty else {
            throw StepFailure(
                code: .packageManager,
                message: "not as the plan wants: \(PackageWords.list(work.pending.map(\.summary)))")
        }
        guard work.unfinished.isEmpty else {
            let names = work.unfinished.map { "\($0.name) is \($0.state)" }
            throw StepFailure(
                code: .packageManager, message: "left between installed and removed: \(PackageWords.list(names))")
        }
        var observation = Self.observation(transaction, snapshot)
        if let kept = context.prior?.details[ConffileKeeper.key], !kept.isEmpty, transaction.purpose == .patch {
            observation.details["conffilesKept"] = PackageWords.list(kept.split(separator: " ").map(String.init))
        }
        if let own = settings.memory.takeConffiles(of: step.id, in: context.run) {
            if !own.back.isEmpty { observation.details["conffilesBack"] = PackageWords.list(own.back) }
            if !own.lost.isEmpty {
                observation.details["conffilesLost"] = PackageWords.list(own.lost)
                observation.summary += "; their own configuration files were not kept: \(PackageWords.list(own.lost))"
            }
        }
        if let milliseconds = settings.memory.times.take(of: step.id, in: context.run) {
            observation.details["packageManagerMilliseconds"] = "\(milliseconds)"
        }
        return observation
    }

    // MARK: Parts

    private static let automaticKey = "automatic"

    private func open(
        _ step: Step, in context: StepContext
    ) throws(StepFailure) -> (DebianTransaction, HostSession) {
        guard case .changePackages(let transaction) = step.action else {
            throw StepFailure(code: .refused, message: "\(step.id) changes no packages")
        }
        return (
            try DebianTransaction(transaction),
            try HostSession(step, in: context, channels: channels, clock: settings.clock)
        )
    }

    /// The way back knows the files by the step that it takes back.
    private func keeper(_ step: Step, _ context: StepContext, _ session: HostSession) -> ConffileKeeper {
        ConffileKeeper(session, patch: step.compensates ?? step.id, in: context.run)
    }

    private func jobNames(_ step: Step, _ context: StepContext) -> [String] {
        ["apply", "configure"].map { DetachedJob.name(of: step.id, in: context.run, part: $0) }
    }

    /// What was marked as a dependency before the first attempt: from the journal if it is there, since an attempt changes it.
    private func automatic(
        _ transaction: DebianTransaction, _ snapshot: PackageSnapshot, _ context: StepContext
    ) -> Set<String> {
        guard let recorded = context.prior?.details[Self.automaticKey] else {
            return PackageWork.automatic(transaction, on: snapshot)
        }
        return Set(recorded.split(separator: " ").map(String.init))
    }

    private static func refuseDrift(_ work: PackageWork) throws(StepFailure) {
        guard work.drifted.isEmpty else {
            throw StepFailure(code: .drift, message: PackageWords.list(work.drifted))
        }
    }

    private static func observation(_ transaction: DebianTransaction, _ snapshot: PackageSnapshot) -> Observation {
        let count = transaction.changes.count
        let noun = count == 1 ? "package" : "packages"
        return Observation(
            verdict: .pass, summary: "\(count) \(noun) as the plan wants, nothing half configured",
            details: ["packages": PackageWords.list(transaction.changes.map(\.summary))],
            observedAt: snapshot.observedAt)
    }

    /// Waits for a run of this step that is still under way, and takes away what ended runs left behind.
    private func adoptOrForget(
        _ step: Step, _ context: StepContext, _ snapshot: PackageSnapshot, _ runner: DetachedJobRunner,
        _ session: HostSession, until deadline: Timestamp
    ) async throws(StepFailure) -> PackageSnapshot {
        var adopted = false
        for name in jobNames(step, context) {
            guard let state = snapshot.jobs[name], case .running = state else { continue }
            let seconds = Int(deadline.seconds(since: settings.clock.now()))
            // Its status doesn't matter: what it did is looked at below, and what is left is done again.
            let outcome = try await runner.run(
                DetachedJob(name: name, command: [AptCommand.aptGet]), running: state, seconds: seconds)
            settings.memory.times.add(milliseconds: outcome.milliseconds, to: step.id, in: context.run)
            adopted = true
        }
        let ended = snapshot.jobs.filter { if case .running = $0.value { false } else { true } }
        try await runner.forget(ended)
        return adopted ? try await session.snapshot(fingerprinted: true) : snapshot
    }

    private func configure(
        _ entries: [DpkgEntry], _ transaction: DebianTransaction, _ step: Step, _ context: StepContext,
        _ runner: DetachedJobRunner, until deadline: Timestamp
    ) async throws(StepFailure) {
        let names = entries.filter(\.isUnpacked).map(\.qualifiedName)
        guard names.count == entries.count else {
            let halves = entries.filter { !$0.isUnpacked }.map { "\($0.name) is \($0.state)" }
            throw StepFailure(
                code: .packageManager,
                message: "the host has packages that only a person can repair: \(PackageWords.list(halves))")
        }
        let job = DetachedJob(
            name: DetachedJob.name(of: step.id, in: context.run, part: "configure"),
            command: AptCommand.configure(names, conffiles: transaction.conffiles),
            environment: AptCommand.environment(transaction.conffiles))
        let seconds = Int(deadline.seconds(since: settings.clock.now()))
        let outcome = try await runner.run(job, running: nil, seconds: seconds)
        settings.memory.times.add(milliseconds: outcome.milliseconds, to: step.id, in: context.run)
        guard outcome.status == 0 else {
            throw AptDiagnosis.failure(
                status: outcome.status, output: outcome.output,
                doing: "configuring what was left unfinished (\(PackageWords.list(names)))")
        }
    }

    private func apply(
        _ pending: [PackageChange], _ transaction: DebianTransaction, _ snapshot: PackageSnapshot, _ step: Step,
        _ context: StepContext, _ runner: DetachedJobRunner, until deadline: Timestamp
    ) async -> Result<Void, StepFailure> {
        do throws(StepFailure) {
            let apply = AptApplication(transaction: transaction, settings: settings, session: runner.session)
            let command = try await apply.command(pending)
            try await apply.rehearseOnce(command, expecting: pending, fingerprint: snapshot.fingerprint)
            let job = DetachedJob(
                name: DetachedJob.name(of: step.id, in: context.run, part: "apply"), command: command,
                environment: AptCommand.environment(transaction.conffiles))
            let seconds = Int(deadline.seconds(since: settings.clock.now()))
            let outcome = try await runner.run(job, running: nil, seconds: seconds)
            settings.memory.times.add(milliseconds: outcome.milliseconds, to: step.id, in: context.run)
            guard outcome.status == 0 else {
                throw AptDiagnosis.failure(status: outcome.status, output: outcome.output, doing: "apt-get")
            }
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    /// - Parameter allArePresent: apt has just installed them all by name, so that it has marked them all as asked for.
    private func restoreMarks(
        _ transaction: DebianTransaction, _ automatic: Set<String>, _ session: HostSession, allArePresent: Bool = false
    ) async throws(StepFailure) {
        guard !automatic.isEmpty else { return }
        var names = automatic.sorted()
        if !allArePresent || transaction.changes.contains(where: { $0.to == nil }) {
            let snapshot = try await session.snapshot()
            names = PackageWork(transaction, on: snapshot, automatic: automatic).unmarked
        }
        guard !names.isEmpty else { return }
        try await session.runRoot(AptCommand.markAutomatic(names), timeout: .seconds(60))
    }
}
