public import FettleDriverKit
public import FettleModel

/// Shuts a host down for good, if all traffic is with the other side at that moment: the plan's order says that it is (`SwitchCheck`), and a
/// person may have turned it back since.
///
/// Done is that it took the order and then gave no sign several times in a row: no more can be seen of a host from outside. One that was silent
/// before is not taken for shut down, nor one of which nobody knows whether it was told to, after a crash: a person looks. One that starts
/// again has another boot id, and is a failure. What is on its disks stays, and a virtual machine stays defined: whoever owns them removes
/// them.
public struct RetireDriver: StepDriver {
    private let channels: any ChannelProvider
    private let turner: any StepDriver
    private let clock: DriverClock

    /// - Parameter turner: turns the traffic, and says where it is.
    public init(channels: any ChannelProvider, turner: any StepDriver, clock: DriverClock = DriverClock()) {
        self.channels = channels
        self.turner = turner
        self.clock = clock
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let session = try HostSession(step, in: context, channels: channels, clock: clock)
            let boot = try await boot(session, context)
            try await requireIdle(step, context)
            if let obstacle = try await QuietHost.obstacle(session) { return .blocked(reason: obstacle) }
            return .ready(prior: PriorState(alreadySo: false, details: [Self.bootIDKey: boot]))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let session = try HostSession(step, in: context, channels: channels, clock: clock)
        let deadline = clock.now().adding(seconds: step.timeoutSeconds)
        _ = try await boot(session, context)
        try await requireIdle(step, context)
        try await QuietHost.require(session)
        // Once more at the last moment: the look at the host takes its time.
        try await requireIdle(step, context)
        try await session.order(SystemRules.powerOff, called: "the shutdown")
        while clock.now() < deadline, !Task.isCancelled {
            if try await isSilent(session, context) { return }
            await clock.sleep(.milliseconds(500))
        }
        throw StepFailure(code: .timeout, message: "the host was told to shut down and still runs the same boot")
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let session = try HostSession(step, in: context, channels: channels, clock: clock)
        guard try await isSilent(session, context) else {
            throw StepFailure(code: .timeout, message: "the host is not shut down: it still runs the same boot")
        }
        return Observation(
            verdict: .pass, summary: "told to shut down, and gives no sign any more", observedAt: clock.now())
    }

    // MARK: Looking

    /// - Throws: `drift` while its side has traffic, `refused` if the plan turns none away from it.
    private func requireIdle(_ step: Step, _ context: StepContext) async throws(StepFailure) {
        let turns = context.plan.steps.filter { other in
            if case .switchTraffic(let turn) = other.action { turn.from.contains(step.resource) } else { false }
        }
        guard !turns.isEmpty else {
            throw StepFailure(code: .refused, message: "the plan turns no traffic away from \(step.resource)")
        }
        for turn in turns {
            switch await turner.check(turn, in: context) {
            case .alreadyDone: continue
            case .unknown(let failure): throw failure
            case .ready, .blocked:
                throw StepFailure(
                    code: .drift,
                    message:
                        "not shut down: what \(turn.id) has turned is not so any more, and \(step.resource) may serve")
            }
        }
    }

    private static let bootIDKey = "bootID"
    /// How often in a row it must give no sign, and how far apart.
    private static let looks = 3
    private static let pause = Duration.seconds(2)

    /// - Throws: `unhealthy` for a host that has started again since it was told to shut down; what else keeps it from being asked.
    private func boot(_ session: HostSession, _ context: StepContext) async throws(StepFailure) -> String {
        guard let boot = try await session.bootID() else {
            throw StepFailure(
                code: .inconclusive, message: "the host tells no boot id: a new start could not be recognised")
        }
        guard before(context) ?? boot == boot else {
            throw StepFailure(
                code: .unhealthy, message: "the host has another boot than before: something has started it again")
        }
        return boot
    }

    private func isSilent(_ session: HostSession, _ context: StepContext) async throws(StepFailure) -> Bool {
        var silence = 0
        while silence < Self.looks {
            do throws(StepFailure) {
                _ = try await boot(session, context)
                return false
            } catch {
                // Told to stop waiting, nothing more is learnt of it.
                guard !Task.isCancelled else { throw error }
                // A connection that hangs ends by its time limit, while the host goes down; the next one is refused or finds nobody.
                guard error.code == .unreachable || error.code == .timeout else { throw error }
                silence += 1
                if silence < Self.looks { await clock.sleep(Self.pause) }
            }
        }
        return true
    }

    private func before(_ context: StepContext) -> String? {
        guard let id = context.prior?.details[Self.bootIDKey], !id.isEmpty else { return nil }
        return id
    }
}
