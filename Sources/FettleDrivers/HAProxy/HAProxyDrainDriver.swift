public import FettleDriverKit
public import FettleModel

/// Takes a server out of HAProxy's balancing and waits until its work has ended.
///
/// It uses `drain` and never `maint`: health checks go on, so that HAProxy knows before the server comes back whether it is
/// up. A server that comes out of `maint` is taken for up until its first check fails.
public struct HAProxyDrainDriver: HoldKeeping {
    /// What `TrafficBinding.driver` calls it.
    public static let name = "haproxy"

    /// What a user who cannot be in the socket's group needs in `sudoers`, on the machine where HAProxy is.
    ///
    /// - Parameter endpoint: the path of the admin socket.
    /// - Throws: for a path that could not stand in a rule.
    public static func sudoRules(endpoint: String) throws(SudoRuleError) -> [SudoRule] {
        try RelayedAdminSocket.sudoRules(path: endpoint)
    }

    private let sockets: AdminSockets

    public init(channels: any ChannelProvider) { sockets = AdminSockets(channels: channels) }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let member = try member(step)
            let view = try await member.view()
            // Without a prior state this run has not touched it: whoever has taken it out before was somebody else.
            guard let prior = context.prior else { return .ready(prior: PriorState(of: view)) }
            guard view.state.administrative.isOut, view.work == 0 else { return .ready(prior: prior) }
            return .alreadyDone(member.observation("\(member.name) is out and idle", view))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let member = try member(step)
        let deadline = ContinuousClock().now + .seconds(max(0, member.traffic.drainTimeoutSeconds))
        // Idle twice: a request for which the server was just chosen is counted an instant later.
        var idle = 0
        let last = try await member.look(until: deadline) { view throws(StepFailure) in
            guard view.state.administrative.isOut else {
                // At first; and again if HAProxy was restarted meanwhile.
                try await member.set(.drain)
                idle = 0
                return false
            }
            idle = view.work == 0 ? idle + 1 : 0
            return idle >= 2
        }
        guard idle < 2 else { return }
        throw StepFailure(
            code: .timeout,
            message: "\(member.client.place): \(member.name) is drained, but after "
                + "\(member.traffic.drainTimeoutSeconds) s its work has not ended (\(last.words)): long requests, "
                + "web sockets, or clients bound to it by a cookie")
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let member = try member(step)
        let view = try await member.view()
        guard view.state.administrative.isOut else {
            throw StepFailure(
                code: .drift, message: "\(member.client.place): \(member.name) is not drained: \(view.words)")
        }
        guard view.work == 0 else {
            throw StepFailure(code: .timeout, message: "\(member.client.place): \(member.name) works: \(view.words)")
        }
        return member.observation("\(member.name) is out and idle", view)
    }

    // MARK: HoldKeeping

    public func hold(of step: Step, in context: StepContext) async -> HoldState {
        do throws(StepFailure) {
            let member = try member(step)
            let view = try await member.view()
            guard view.state.administrative.isOut else {
                return .lost(
                    reason: "\(member.client.place): \(member.name) is \(view.words); HAProxy was restarted, or "
                        + "somebody put it back")
            }
            return .stands(member.observation("\(member.name) is out", view))
        } catch {
            return .unknown(error)
        }
    }

    public func reassert(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        try await perform(step, in: context)
        return try await verify(step, in: context)
    }

    private func member(_ step: Step) throws(StepFailure) -> TrafficMember {
        guard case .drain(let traffic) = step.action else {
            throw StepFailure(code: .internal, message: "\(step.id) is no drain")
        }
        return try TrafficMember.of(step, traffic, through: sockets)
    }
}
