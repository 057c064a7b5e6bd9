public import FettleDriverKit
public import FettleModel

/// Turns all traffic of a group from one of its sides to the other, if everyone of the side that takes it is well at that moment.
///
/// Done is what HAProxy says: that side serves alone, and the sessions of the other have ended. Those are waited for for the
/// binding's `drainTimeoutSeconds`, because whoever comes next may work on the side that was turned away.
public struct HAProxySwitchDriver: StepDriver {
    private let channels: any ChannelProvider
    private let runner: ProbeRunner
    private let sockets: AdminSockets

    public init(channels: any ChannelProvider, runner: ProbeRunner) {
        self.channels = channels
        self.runner = runner
        sockets = AdminSockets(channels: channels)
    }

    /// What a user who is not root needs in `sudoers` to keep a map, on the machine where HAProxy is.
    ///
    /// - Parameter map: the path of the map's file.
    /// - Throws: for a path that could not stand in a rule.
    public static func sudoRules(map: String) throws(SudoRuleError) -> [SudoRule] {
        try HAProxyMapFile.sudoRules(path: map)
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let turning = try turning(step)
            let view = try await look(turning)
            if view.objection == nil, view.left == 0, turning.isOnlySeen || view.unwell == nil {
                return .alreadyDone(observation(turning, view))
            }
            // It is only to be seen: that it is not so is told as the step's failure.
            if turning.isOnlySeen { return .ready(prior: nil) }
            if view.objection != nil, let unwell = view.unwell {
                return .blocked(
                    reason: "\(turning.client.place): \(unwell.state.name) is to serve and is not up (\(unwell.words))")
            }
            return .ready(prior: nil)
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let turning = try turning(step)
        guard !turning.isOnlySeen else { return }
        var view = try await look(turning)
        if view.objection != nil {
            try await requireWell(turning, view, context)
            do throws(HAProxyError) { try await turning.make() } catch { throw error.asStepFailure }
            view = try await look(turning)
        }
        let clock = ContinuousClock()
        let end = clock.now + .seconds(turning.turn.traffic.drainTimeoutSeconds)
        var pause = Duration.milliseconds(50)
        // Idle twice: a request for which the server was just chosen is counted an instant later.
        var idle = 0
        while true {
            idle = view.left == 0 ? idle + 1 : 0
            guard idle < 2, clock.now < end else { return }
            do { try await clock.sleep(for: pause) } catch {
                throw StepFailure(code: .timeout, message: "\(step.id): stopped while sessions were waited for")
            }
            pause = min(pause * 3 / 2, .milliseconds(500))
            view = try await look(turning)
        }
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let turning = try turning(step)
        let view = try await look(turning)
        if let objection = view.objection {
            throw StepFailure(
                code: turning.isOnlySeen ? .drift : .unhealthy, message: "\(turning.client.place): \(objection)")
        }
        if !turning.isOnlySeen, let unwell = view.unwell {
            throw StepFailure(
                code: .unhealthy,
                message: "\(turning.client.place): \(unwell.state.name) has the traffic and is not up (\(unwell.words))"
            )
        }
        guard view.left == 0 else {
            let words = view.from.filter { $0.work > 0 }.map { "\($0.state.name): \($0.words)" }
            throw StepFailure(
                code: .timeout,
                message: "\(turning.client.place): the traffic is turned, but after "
                    + "\(turning.turn.traffic.drainTimeoutSeconds) s the other side still works "
                    + "(\(PackageWords.list(words))): long requests, web sockets, or clients bound to it by a cookie")
        }
        return observation(turning, view)
    }

    // MARK: Parts

    private func turning(_ step: Step) throws(StepFailure) -> HAProxyTurning {
        guard case .switchTraffic(let turn) = step.action else {
            throw StepFailure(code: .internal, message: "\(step.id) turns no traffic")
        }
        do throws(HAProxyError) {
            return try HAProxyTurning(turn, sockets: sockets, channels: channels)
        } catch {
            throw error.asStepFailure
        }
    }

    private func look(_ turning: HAProxyTurning) async throws(StepFailure) -> HAProxyTurning.View {
        do throws(HAProxyError) { return try await turning.look() } catch { throw error.asStepFailure }
    }

    /// By HAProxy's own checks and by the group's probes, asked of each member itself, past the load balancer.
    private func requireWell(
        _ turning: HAProxyTurning, _ view: HAProxyTurning.View, _ context: StepContext
    ) async throws(StepFailure) {
        if let unwell = view.unwell {
            throw StepFailure(
                code: .unhealthy,
                message: "\(turning.client.place): \(unwell.state.name) is to serve and is not up (\(unwell.words))")
        }
        var targets: [ProbeTarget] = []
        for member in turning.turn.to {
            guard let target = context.plan.probeTarget(member) else {
                throw StepFailure(code: .refused, message: "the plan has no address for \(member)")
            }
            targets.append(target)
        }
        let watches = ProbeWatch.all(targets, turning.turn.probes, runner, at: .none, in: context.plan)
        _ = try await concurrently(watches) { watch throws(StepFailure) in try await watch.untilSteady() }
        _ = try await GateDriver.once(watches, since: context.intendedAt)
    }

    private func observation(_ turning: HAProxyTurning, _ view: HAProxyTurning.View) -> Observation {
        let names = PackageWords.list(turning.turn.to.map(\.rawValue))
        return Observation(
            verdict: .pass, summary: "all traffic of \(turning.turn.group) is with \(names)",
            details: Dictionary(view.to.map { ($0.state.name.description, $0.words) }) { first, _ in first },
            observedAt: view.observedAt)
    }
}
