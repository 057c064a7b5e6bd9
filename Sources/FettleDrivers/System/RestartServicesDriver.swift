public import FettleDriverKit
public import FettleModel

/// Restarts the services that still run code which was replaced on disk, and those that the step names, and looks whether they came
/// back.
///
/// They are restarted by systemd on the host, so that a connection that breaks in between stops nothing. sshd comes last, and
/// only if its configuration is good: the sessions that are open stay (needrestart#340 cut the way in). systemd itself is
/// executed anew. What belongs to no unit, such as a program in somebody's session, is told and left.
public struct RestartServicesDriver: StepDriver {
    private let look: HostLook
    private let channels: any ChannelProvider
    private let clock: DriverClock
    private let looks = RecentLooks<StaleServices>()
    /// For which systemd itself was busy with it.
    private let times = StepTimes()

    public init(channels: any ChannelProvider, inspector: any HostInspector, clock: DriverClock = DriverClock()) {
        self.look = HostLook(inspector: inspector)
        self.channels = channels
        self.clock = clock
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let began = ContinuousClock.now
            let (stale, time) = try await stale(step, in: context)
            let owed = owed(context)
            let down = try await down(owed, step, context)
            let named = try await named(step, in: context)
            if stale.toRestart.isEmpty, down.isEmpty, named.open.isEmpty {
                return .alreadyDone(observation(stale, named, at: time))
            }
            let units = Set(stale.toRestart).union(owed).union(named.open).sorted()
            var details = [Self.unitsKey: units.joined(separator: " ")]
            if !named.starts.isEmpty { details[Self.startsKey] = UnitStarts.words(named.starts) }
            looks.note(stale, of: step, in: context, since: began)
            return .ready(prior: PriorState(alreadySo: false, details: details))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let session = try HostSession(step, in: context, channels: channels, clock: clock)
        let stale =
            if let seen = looks.take(of: step, in: context) { seen } else {
                try await stale(step, in: context).services
            }
        var units = Set(stale.toRestart).union(try await named(step, in: context).open)
        // Also those that an earlier attempt restarted and that are down since.
        units.formUnion(try await down(owed(context).filter { !units.contains($0) }, step, context))
        if units.remove(StaleServices.initScope) != nil {
            let began = ContinuousClock.now
            try await session.runRoot(SystemRules.reexecute, timeout: .seconds(60))
            times.add(milliseconds: began.duration(to: .now).inMilliseconds, to: step.id, in: context.run)
        }
        try await restart(units.subtracting(Self.secureShell).sorted(), step, context, session)
        let shells = units.intersection(Self.secureShell).sorted()
        if !shells.isEmpty {
            try await session.runRoot(SystemRules.testSecureShell, failingAs: .unhealthy)
            try await restart(shells, step, context, session)
        }
        try await requireUp(units.sorted(), session, seconds: 30)
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let (stale, time) = try await stale(step, in: context)
        guard stale.toRestart.isEmpty else {
            throw StepFailure(
                code: .unhealthy, message: "still on replaced code: \(PackageWords.list(stale.toRestart))")
        }
        let down = try await down(owed(context), step, context)
        guard down.isEmpty else {
            let session = try HostSession(step, in: context, channels: channels, clock: clock)
            throw await failure(of: down, session)
        }
        let named = try await named(step, in: context)
        guard named.open.isEmpty else {
            throw StepFailure(code: .unhealthy, message: "not started anew: \(PackageWords.list(named.open))")
        }
        var observation = observation(stale, named, at: time)
        if let milliseconds = times.take(of: step.id, in: context.run) {
            observation.details["restartMilliseconds"] = "\(milliseconds)"
        }
        return observation
    }

    // MARK: Parts

    private static let unitsKey = "units"
    private static let startsKey = "starts"
    private static let secureShell: Set<String> = ["ssh.service", "sshd.service"]

    private func stale(
        _ step: Step, in context: StepContext
    ) async throws(StepFailure) -> (services: StaleServices, at: Timestamp) {
        guard case .restartServices(let exceptions, _) = step.action else {
            throw StepFailure(code: .refused, message: "\(step.id) restarts no services")
        }
        let facts = try await look.facts(.services, step, in: context)
        let services = try HostLook.require(facts.staleServices, "services on replaced code")
        return (StaleServices(services, exceptions), facts.observedAt)
    }

    /// What the step names, whatever code it runs.
    private struct NamedUnits {
        var units: [String] = []
        /// On which start each was before the first attempt, or is now if there was none yet.
        var starts: [String: String] = [:]
        /// Those that are still to be started anew.
        var open: [String] = []
    }

    private func named(_ step: Step, in context: StepContext) async throws(StepFailure) -> NamedUnits {
        guard case .restartServices(_, let units?) = step.action, !units.isEmpty else { return NamedUnits() }
        if let stranger = units.first(where: { !DebianNames.isServiceUnit($0) }) {
            throw StepFailure(code: .refused, message: "\(step.id) names \(stranger.prefix(100)), which is no service")
        }
        let session = try HostSession(step, in: context, channels: channels, clock: clock)
        let now = try await UnitStarts.read(units, session)
        guard let words = context.prior?.details[Self.startsKey] else {
            return NamedUnits(units: units, starts: now, open: units)
        }
        let before = UnitStarts.read(words: words)
        return NamedUnits(
            units: units, starts: before, open: UnitStarts.notStarted(units, since: before, now: now))
    }

    /// The units that were on replaced code before the first attempt: they must be up at the end. After a restart that
    /// failed nothing is stale any more, and yet nothing is well.
    private func owed(_ context: StepContext) -> [String] {
        (context.prior?.details[Self.unitsKey] ?? "").split(separator: " ").map(String.init)
            .filter(DebianNames.isServiceUnit)
    }

    /// Those that are not up, of the ones named. One that is not loaded ended in good order, as one for a single job does.
    private func down(_ units: [String], _ step: Step, _ context: StepContext) async throws(StepFailure) -> [String] {
        guard !units.isEmpty else { return [] }
        let session = try HostSession(step, in: context, channels: channels, clock: clock)
        let states = try await UnitStates.read(units, session)
        return units.filter { states[$0] != .up }
    }

    /// All in one order to systemd, which restarts them side by side and in the order of their dependencies.
    private func restart(
        _ units: [String], _ step: Step, _ context: StepContext, _ session: HostSession
    ) async throws(StepFailure) {
        guard !units.isEmpty else { return }
        let began = ContinuousClock.now
        defer { times.add(milliseconds: began.duration(to: .now).inMilliseconds, to: step.id, in: context.run) }
        let result: CommandResult
        do {
            result = try await session.tryRun(RemoteCommand(root: SystemRules.restart(units), timeout: .seconds(200)))
        } catch {
            // systemd goes on without the connection; whether the unit came back is looked at below.
            guard !error.nothingRan else { throw StepFailure(error) }
            return
        }
        guard !result.succeeded else { return }
        let states = try await UnitStates.read(units, session)
        let down = units.filter { states[$0] != .up }
        throw await failure(of: down.isEmpty ? units : down, session)
    }

    private func requireUp(_ units: [String], _ session: HostSession, seconds: Int) async throws(StepFailure) {
        guard !units.isEmpty else { return }
        let deadline = clock.now().adding(seconds: seconds)
        while true {
            let states = try await UnitStates.read(units, session)
            let failed = units.filter { states[$0] == .failed }
            guard failed.isEmpty else { throw await failure(of: failed, session) }
            let waiting = units.filter { states[$0] == .changing }
            if waiting.isEmpty { return }
            guard clock.now() < deadline, !Task.isCancelled else { throw await failure(of: waiting, session) }
            await clock.sleep(.milliseconds(250))
        }
    }

    private func failure(of units: [String], _ session: HostSession) async -> StepFailure {
        var output = ""
        for unit in units.prefix(3) {
            let words = try? await session.tryRun(RemoteCommand(root: SystemRules.status(unit)))
            output += words.map { $0.outputText + $0.errorText } ?? ""
        }
        return StepFailure(
            code: .unhealthy, message: "did not come back after the restart: \(PackageWords.list(units))",
            output: HostText.tail(output))
    }

    private func observation(_ stale: StaleServices, _ named: NamedUnits, at time: Timestamp) -> Observation {
        let left = stale.excepted.isEmpty ? "" : " but those that the policy leaves alone"
        let words =
            named.units.isEmpty
            ? "no service runs replaced code\(left)" : "started anew: \(PackageWords.list(named.units))"
        return Observation(verdict: .pass, summary: words, details: stale.details, observedAt: time)
    }
}
