public import FettleDriverKit
public import FettleModel

/// Brings the new versions of rpm packages, and those to return to, into a host's own cache, and rehearses the change: while the
/// host still serves. What is fetched passes the checks of its repository, and counts only if it is whole and signed by a key that
/// the host's rpm database holds.
///
/// Files stay for `retentionDays`, and longer while what is in them is installed or wanted.
public struct StageRpmDriver: StepDriver {
    private let channels: any ChannelProvider
    private let settings: PackageDriverSettings

    public init(channels: any ChannelProvider, settings: PackageDriverSettings = PackageDriverSettings()) {
        self.channels = channels
        self.settings = settings
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do {
            let (work, session) = try work(step, in: context)
            let snapshot = try await session.rpmSnapshot()
            let tool = try snapshot.requireTool()
            let jobs = work.jobNames.compactMap { snapshot.jobs[$0] }
            for case .running(let since) in jobs {
                return .blocked(reason: "the download still runs on the host since \(since)")
            }
            let kept = try await RpmFiles(session: session).kept(work.packages.all)
            guard work.packages.all.allSatisfy({ kept[$0] != nil }), jobs.isEmpty else { return .ready(prior: nil) }
            try await rehearse(work, session, snapshot, tool)
            return .alreadyDone(try work.packages.proof(kept: kept, in: RpmCommand.files, at: snapshot.observedAt))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let (work, session) = try work(step, in: context)
        let files = RpmFiles(session: session)
        let snapshot = try await session.rpmSnapshot()
        let tool = try snapshot.requireTool()
        let runner = DetachedJobRunner(session: session, hasSystemd: snapshot.hasSystemd)
        for name in work.jobNames {
            guard let state = snapshot.jobs[name] else { continue }
            _ = try await runner.run(
                DetachedJob(name: name, command: [RpmCommand.rpm]), running: state, seconds: step.timeoutSeconds)
        }
        await prune(work, snapshot, files)
        let kept = try await files.kept(work.packages.all)
        let missing = work.packages.all.filter { kept[$0] == nil }
        if !missing.isEmpty { try await fetch(missing, work, snapshot, tool, runner, seconds: step.timeoutSeconds) }
        try await rehearse(work, session, snapshot, tool)
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let (work, session) = try work(step, in: context)
        let began = settings.clock.now()
        let kept = try await RpmFiles(session: session).kept(work.packages.all)
        var observation = try work.packages.proof(kept: kept, in: RpmCommand.files, at: began)
        if let milliseconds = settings.memory.times.take(of: step.id, in: context.run) {
            observation.details["packageManagerMilliseconds"] = "\(milliseconds)"
        }
        return observation
    }

    // MARK: Parts

    private struct Work {
        var transaction: RpmTransaction
        /// All that is made on the host up to the end of this part; the transaction itself where it is the first.
        var upToHere: RpmTransaction
        var packages: StagedPackages
        var step: StepID
        var run: RunID
        var jobNames: [String] {
            ["new", "earlier"].flatMap { which in
                RpmCommand.Fetching.allCases.map { jobName(which, $0) }
            }
        }
        func jobName(_ which: String, _ fetching: RpmCommand.Fetching) -> String {
            DetachedJob.name(of: step, in: run, part: "rpm-stage-\(which)-\(fetching.rawValue)")
        }
    }

    private func work(_ step: Step, in context: StepContext) throws(StepFailure) -> (Work, HostSession) {
        guard case .stage(let transaction) = step.action else {
            throw StepFailure(code: .refused, message: "\(step.id) stages nothing")
        }
        let valid = try RpmTransaction(transaction)
        let session = try HostSession(step, in: context, channels: channels, clock: settings.clock)
        let packages = StagedPackages(valid.changes, of: transaction, step, in: context.plan)
        let work = Work(
            transaction: valid, upToHere: try valid.following(packages.before), packages: packages, step: step.id,
            run: context.run)
        return (work, session)
    }

    /// Only a patch of a host as the plan saw it can be rehearsed as it will be done; after an interrupted run the step that
    /// changes the packages repairs first, and rehearses then.
    private func rehearse(
        _ work: Work, _ session: HostSession, _ snapshot: RpmSnapshot, _ tool: RpmTool
    ) async throws(StepFailure) {
        let todo = RpmWork(work.upToHere, on: snapshot)
        guard work.upToHere.purpose == .patch, todo.leftovers.isEmpty, todo.drifted.isEmpty, !todo.installs.isEmpty
        else { return }
        let wanted = todo.installs.compactMap(\.target)
        let kept = try await RpmFiles(session: session).kept(wanted)
        let files = wanted.compactMap { kept[$0] }.sorted()
        guard files.count == wanted.count else { return }
        try await RpmRehearsal(command: RpmCommand.install(files, by: tool), expected: todo.installs)
            .run(on: session, packages: snapshot.packages)
    }

    /// Brings what is missing into the host's cache.
    private func fetch(
        _ missing: [PackageVersion], _ work: Work, _ snapshot: RpmSnapshot, _ tool: RpmTool,
        _ runner: DetachedJobRunner, seconds: Int
    ) async throws(StepFailure) {
        // The earlier versions are about as large as the new ones.
        try PackageSpace.requireForDownload(work.transaction.downloadBytes &* 2, in: snapshot.freeBytes)
        let download = RpmDownload(
            runner: runner, tool: tool, jobName: work.jobName, seconds: seconds,
            took: { [settings] in settings.memory.times.add(milliseconds: $0, to: work.step, in: work.run) })
        try await download.prepare(for: missing)
        var said = ""
        for (which, versions) in [
            ("new", missing.filter(work.packages.new.contains)),
            ("earlier", missing.filter { !work.packages.new.contains($0) }),
        ] {
            said += try await download.bring(versions, as: which, on: snapshot)
        }
        try await judge(missing, work, RpmFiles(session: runner.session), said)
    }

    /// - Parameter said: what the downloads said where they did not bring all.
    private func judge(
        _ wanted: [PackageVersion], _ work: Work, _ files: RpmFiles, _ said: String
    ) async throws(StepFailure) {
        var found = try await files.found(wanted)
        func missing() -> [PackageVersion] {
            wanted.filter { version in !found.contains { $0.isTrusted && $0.package.isSameRpm(version) } }
        }
        for version in missing() where work.packages.earlier.contains(version) {
            try await salvage(version, files.session)
        }
        if !missing().isEmpty { found = try await files.found(wanted) }
        let untrusted = missing().filter { version in found.contains { $0.package.isSameRpm(version) } }
        guard untrusted.isEmpty else {
            await files.remove(found.filter { !$0.isTrusted }.map(\.file))
            throw StepFailure(
                code: .refused,
                message:
                    "not whole, or not signed by a key that the host's rpm database holds: \(PackageWords.list(untrusted))",
                output: HostText.tail(said))
        }
        let new = missing().filter(work.packages.new.contains)
        guard new.isEmpty else {
            throw StepFailure(
                code: .drift,
                message:
                    "the host's repositories no longer offer what the plan installs: \(PackageWords.list(RpmDiagnosis.named(new, in: said)))",
                output: HostText.tail(said))
        }
        guard missing().isEmpty || work.packages.mayLoseEarlier else {
            throw StepFailure(
                code: .refused,
                message:
                    "there would be no way back: no repository offers \(PackageWords.list(missing())), and no file of it is left",
                output: HostText.tail(said))
        }
    }

    /// An earlier version that no repository offers may lie where the host's own downloads are kept.
    private func salvage(_ version: PackageVersion, _ session: HostSession) async throws(StepFailure) {
        let bare = version.version.split(separator: ":").last ?? ""
        let file = "\(version.name)-\(bare).\(version.architecture).rpm"
        guard RpmNames.isFile(file) else { return }
        for cache in RpmCommand.hostCaches {
            // A cache that the host doesn't have.
            _ = try await session.run(RemoteCommand(root: RpmCommand.salvage(file, from: cache), timeout: .seconds(60)))
        }
    }

    /// Room is worth less than the change: what cannot be taken away now stays.
    private func prune(_ work: Work, _ snapshot: RpmSnapshot, _ files: RpmFiles) async {
        guard let old = try? await files.outdated(days: settings.retentionDays) else { return }
        let needless = old.filter { file in
            !(work.packages.all + work.packages.ofOtherParts).contains { $0.isSameRpm(file.package) }
                && !snapshot.isInstalled(file.package)
        }
        await files.remove(needless.map(\.file))
    }
}
