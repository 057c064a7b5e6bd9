public import FettleDriverKit
public import FettleModel

/// Brings the new versions, and those to return to, into a host's own cache before anything is taken out of traffic. Nothing
/// that runs is changed.
///
/// Both come by `apt-get download`, so that apt's checks of signatures and hashes hold; an earlier version that no source
/// offers any more is taken from the host's own archives of earlier downloads. If it is not there either, the step
/// fails: the way back would be missing after the point where it is needed (uyuni#12244). Only a plan that was approved
/// as irreversible for this host goes on without it.
///
/// What is done here is done while the host still serves, so apt also rehearses the change: a host that is out of traffic
/// then only has to prove that nothing has changed since. Where a host's changes are made in parts, with reboots between, a
/// later part may need what an earlier one brings: so it is rehearsed here together with those before it, and once more alone
/// when they are made.
///
/// Archives of earlier changes are taken away when nobody can need them any more: after the settings' `retentionDays`, and
/// only if what is in them is neither installed nor part of this change.
public struct StagePackagesDriver: StepDriver {
    private let channels: any ChannelProvider
    private let settings: PackageDriverSettings

    public init(channels: any ChannelProvider, settings: PackageDriverSettings = PackageDriverSettings()) {
        self.channels = channels
        self.settings = settings
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do {
            let (work, session) = try work(step, in: context)
            let began = ContinuousClock.now
            let snapshot = try await session.snapshot(fingerprinted: true)
            if case .running(let since) = snapshot.jobs[work.jobName] {
                return .blocked(reason: "the download still runs on the host since \(since)")
            }
            let archives = PackageArchives(session: session)
            guard try await archives.isNamed(work.packages.all, in: AptCommand.archives) else {
                settings.looks.note(snapshot, of: step, in: context, since: began)
                return .ready(prior: nil)
            }
            let kept = try await kept(work, archives)
            // What an earlier Fettle's download left on the host is taken away by performing.
            guard work.packages.all.allSatisfy({ kept[$0] != nil }), snapshot.jobs[work.jobName] == nil,
                !work.keepsConffiles
            else {
                return .ready(prior: nil)
            }
            try await rehearse(work, session, snapshot)
            return .alreadyDone(try work.packages.proof(kept: kept, in: AptCommand.archives, at: snapshot.observedAt))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let (work, session) = try work(step, in: context)
        let archives = PackageArchives(session: session)
        let snapshot =
            if let seen = settings.looks.take(of: step, in: context) { seen } else {
                try await session.snapshot(fingerprinted: true)
            }
        let runner = DetachedJobRunner(session: session, hasSystemd: snapshot.hasSystemd)
        if let state = snapshot.jobs[work.jobName] {
            if case .running = state {
                try await download([], work, runner, adopting: state, seconds: step.timeoutSeconds)
            } else {
                try await runner.forget([work.jobName: state])
            }
        }
        await prune(work, snapshot, archives)
        let kept = try await kept(work, archives)
        let missing = work.packages.all.filter { kept[$0] == nil }
        if !missing.isEmpty { try await fetch(missing, work, snapshot, runner, seconds: step.timeoutSeconds) }
        try await keepConffiles(step, in: context, work, session)
        // Not beside the download: archives that apt had just brought were seen missing after that.
        try await rehearse(work, session, snapshot)
    }

    /// While the host still serves: where they cannot be kept it is not taken out. They are kept once more before apt begins.
    private func keepConffiles(
        _ step: Step, in context: StepContext, _ work: Work, _ session: HostSession
    ) async throws(StepFailure) {
        guard work.keepsConffiles, case .stage(let transaction) = step.action,
            let patch = context.plan.steps.first(where: {
                $0.resource == step.resource && $0.action == .changePackages(transaction: transaction)
            })
        else { return }
        let keeper = ConffileKeeper(session, patch: patch.id, in: context.run)
        // Room is worth less than the change.
        try? await session.runRoot(keeper.archive.prune(days: settings.retentionDays))
        try await keeper.keep(try await keeper.listed(work.transaction.changes))
    }

    /// Brings what is missing into the host's cache.
    private func fetch(
        _ wanted: [PackageVersion], _ work: Work, _ snapshot: PackageSnapshot, _ runner: DetachedJobRunner, seconds: Int
    ) async throws(StepFailure) {
        let session = runner.session
        let archives = PackageArchives(session: session)
        var missing = wanted
        // Even to look at its lists apt needs a little room.
        try PackageSpace.requireForDownload(0, in: snapshot.freeBytes)
        let offers = try await archives.offers(missing)
        settings.memory.note(offers, of: session.address)
        let unavailable = missing.filter { offers[$0] == nil }
        let salvaged = try await archives.kept(unavailable, in: PackageArchives.hostArchives)
        try refuseLosses(unavailable.filter { salvaged[$0] == nil }, work)
        missing = missing.filter { offers[$0] != nil }
        let bytes = missing.reduce(Int64(0)) { $0 + (offers[$1]?.bytes ?? 0) }
        try PackageSpace.requireForDownload(bytes, in: snapshot.freeBytes)

        for directory in ["/var/cache/fettle", AptCommand.archives] {
            try await session.runRoot(RootCommand(["/usr/bin/install", "-d", "-m", "0755", directory]))
        }
        if !salvaged.isEmpty {
            try await session.runRoot(PackageRules.salvage(salvaged.values.sorted()), timeout: .seconds(120))
        }
        if !missing.isEmpty {
            // apt takes a file of the right length for the right one; what is not whole must be gone.
            await remove(missing.compactMap { offers[$0]?.file }, session)
            try await download(missing, work, runner, seconds: seconds)
        }
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let (work, session) = try work(step, in: context)
        let began = settings.clock.now()
        let kept = try await kept(work, PackageArchives(session: session))
        var observation = try work.packages.proof(kept: kept, in: AptCommand.archives, at: began)
        if let milliseconds = settings.memory.times.take(of: step.id, in: context.run) {
            observation.details["packageManagerMilliseconds"] = "\(milliseconds)"
        }
        return observation
    }

    // MARK: Parts

    private struct Work {
        var transaction: DebianTransaction
        /// All that is made on the host up to the end of this part; the transaction itself where it is the first.
        var upToHere: DebianTransaction
        var packages: StagedPackages
        var jobName: String
        var step: StepID
        var run: RunID
        /// The host's own configuration files are replaced.
        var keepsConffiles: Bool { transaction.conffiles == .takePackaged && !transaction.leadsBack }
    }

    private func work(_ step: Step, in context: StepContext) throws(StepFailure) -> (Work, HostSession) {
        guard case .stage(let transaction) = step.action else {
            throw StepFailure(code: .refused, message: "\(step.id) stages nothing")
        }
        let valid = try DebianTransaction(transaction)
        let session = try HostSession(step, in: context, channels: channels, clock: settings.clock)
        let packages = StagedPackages(valid.changes, of: transaction, step, in: context.plan)
        let work = Work(
            transaction: valid, upToHere: try valid.following(packages.before), packages: packages,
            jobName: DetachedJob.name(of: step.id, in: context.run, part: "stage"), step: step.id,
            run: context.run)
        return (work, session)
    }

    /// What is whole of them, by the hashes of the host's lists; those are asked for unless they are known.
    private func kept(
        _ work: Work, _ archives: PackageArchives
    ) async throws(StepFailure) -> [PackageVersion: String] {
        var offers = settings.memory.offers(of: archives.session.address)
        let unknown = work.packages.all.filter { offers[$0] == nil }
        // Without its lists the host may have all archives nevertheless: then they are read to their end.
        if !unknown.isEmpty, try await archives.isNamed(unknown, in: AptCommand.archives),
            let found = try? await archives.offers(unknown)
        {
            settings.memory.note(found, of: archives.session.address)
            offers.merge(found) { _, new in new }
        }
        return try await archives.kept(work.packages.all, in: AptCommand.archives, offers: offers)
    }

    /// Only what can be rehearsed as it will be done: where a host is half configured the step that changes it repairs it first,
    /// and rehearses then.
    ///
    /// - Parameter snapshot: with the fingerprint, looked at before.
    private func rehearse(
        _ work: Work, _ session: HostSession, _ snapshot: PackageSnapshot
    ) async throws(StepFailure) {
        let todo = PackageWork(work.upToHere, on: snapshot, automatic: [])
        guard work.upToHere.purpose == .patch, let fingerprint = snapshot.fingerprint, !todo.pending.isEmpty,
            todo.unfinished.isEmpty, todo.drifted.isEmpty
        else { return }
        let apply = AptApplication(transaction: work.upToHere, settings: settings, session: session)
        let command = try await apply.command(todo.pending)
        try await apply.rehearseOnce(command, expecting: todo.pending, fingerprint: fingerprint)
    }

    /// Room is worth less than the change: what cannot be taken away now, or with older rules for `sudo`, stays.
    private func prune(_ work: Work, _ snapshot: PackageSnapshot, _ archives: PackageArchives) async {
        guard let old = try? await archives.outdated(in: AptCommand.archives, days: settings.retentionDays) else {
            return
        }
        let needless = old.filter { archive in
            let isWanted = (work.packages.all + work.packages.ofOtherParts).contains {
                PackageArchives.isSame($0, archive.package)
            }
            let isInstalled = snapshot.entries.contains { entry in
                !entry.isAbsent
                    && PackageArchives.isSame(
                        PackageVersion(name: entry.name, architecture: entry.architecture, version: entry.version),
                        archive.package)
            }
            return !isWanted && !isInstalled
        }
        await remove(needless.map(\.file), archives.session)
    }

    private func remove(_ files: [String], _ session: HostSession) async {
        var rest = files.filter(PackageArchives.isFileName)[...]
        while !rest.isEmpty {
            try? await session.runRoot(AptCommand.remove(Array(rest.prefix(200))))
            rest = rest.dropFirst(200)
        }
    }

    private func refuseLosses(_ lost: [PackageVersion], _ work: Work) throws(StepFailure) {
        let new = lost.filter(work.packages.new.contains)
        guard new.isEmpty else {
            throw StepFailure(
                code: .drift,
                message: "the host's sources no longer offer what the plan installs: \(PackageWords.list(new))")
        }
        guard lost.isEmpty || work.packages.mayLoseEarlier else {
            throw StepFailure(
                code: .refused,
                message:
                    "there would be no way back: no source offers \(PackageWords.list(lost)), and no archive of it is left"
            )
        }
    }

    private func download(
        _ versions: [PackageVersion], _ work: Work, _ runner: DetachedJobRunner,
        adopting running: DetachedJob.State? = nil, seconds: Int
    ) async throws(StepFailure) {
        let job = DetachedJob(
            name: work.jobName, command: AptCommand.download(versions, lockSeconds: settings.lockSeconds),
            workingDirectory: AptCommand.archives)
        let outcome = try await runner.run(job, running: running, seconds: seconds)
        settings.memory.times.add(milliseconds: outcome.milliseconds, to: work.step, in: work.run)
        guard outcome.status == 0 || running != nil else {
            throw AptDiagnosis.failure(status: outcome.status, output: outcome.output, doing: "the download")
        }
    }
}
