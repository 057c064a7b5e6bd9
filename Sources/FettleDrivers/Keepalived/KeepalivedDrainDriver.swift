public import FettleDriverKit
public import FettleModel

/// Has a peer take the address of a VRRP group: the member's priority goes down to 1 by its track file, without a change of
/// keepalived's configuration, and stays down over a restart of the member.
///
/// Done is what the members show: a peer holds the address, and this one does not.
public struct KeepalivedDrainDriver: HoldKeeping {
    /// What `TrafficBinding.driver` calls it.
    public static let name = "keepalived"
    /// The lowest that is no fault: keepalived keeps a priority within 1 and 254, and takes -254 for a failure, in which the member
    /// would not take the address even if all others were gone
    /// ([keepalived.conf(5), "weight"](https://www.keepalived.org/manpage.html)).
    static let drained = -253

    private let channels: any ChannelProvider
    private let pidFile: @Sendable (ResourceID) -> String

    public init(channels: any ChannelProvider) { self.init(channels: channels) { _ in KeepalivedNode.pidFile } }

    init(channels: any ChannelProvider, pidFile: @escaping @Sendable (ResourceID) -> String) {
        self.channels = channels
        self.pidFile = pidFile
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let group = try group(step, context)
            let own = try await group.own.look()
            let peers = await group.peerViews()
            guard let prior = context.prior else {
                if let blocked = Self.objection(group, peers) { return .blocked(reason: blocked) }
                return .ready(
                    prior: PriorState(
                        alreadySo: Self.isOut(own), details: ["value": String(own.value), "held": String(own.holds)]))
            }
            if Self.isOut(own), !own.holds, let holder = KeepalivedGroup.holder(peers) {
                return .alreadyDone(done(group, own, peers, holder))
            }
            return .ready(prior: prior)
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let group = try group(step, context)
        guard let prior = context.prior, let value = prior.details["value"].flatMap({ Int($0) }) else {
            throw StepFailure(
                code: .internal, message: "\(step.id): nothing tells what was there before, so nothing is changed")
        }
        let end = ContinuousClock.now + .seconds(max(1, group.traffic.drainTimeoutSeconds))
        while true {
            let own = try await group.own.look()
            let peers = await group.peerViews()
            if !Self.isOut(own) {
                guard !prior.alreadySo, own.value == value else {
                    throw StepFailure(
                        code: .drift,
                        message:
                            "\(group.own.place): somebody has changed \(group.traffic.endpoint) since this run first "
                            + "looked: there stood \(value), and there stands \(own.value)")
                }
                // Looked at in the moment before: a member without a peer would keep the address, with the lowest priority.
                if let objection = Self.objection(group, peers) {
                    throw StepFailure(code: .unhealthy, message: objection)
                }
                try await group.own.set(Self.drained, insteadOf: own.value)
                continue
            }
            if !own.holds, KeepalivedGroup.holder(peers) != nil { return }
            guard ContinuousClock.now < end else {
                throw StepFailure(
                    code: .timeout,
                    message: "\(group.own.place): after \(group.traffic.drainTimeoutSeconds) s no peer has taken "
                        + "\(group.traffic.backend) (\(group.words(own, peers)))")
            }
            do { try await ContinuousClock().sleep(for: .milliseconds(250)) } catch {
                throw StepFailure(code: .timeout, message: "\(group.own.place): stopped while waiting")
            }
        }
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let group = try group(step, context)
        let own = try await group.own.look()
        let peers = await group.peerViews()
        guard Self.isOut(own), !own.holds, let holder = KeepalivedGroup.holder(peers) else {
            throw StepFailure(
                code: .drift,
                message:
                    "\(group.own.place): \(group.traffic.backend) is not with a peer alone (\(group.words(own, peers)))"
            )
        }
        return done(group, own, peers, holder)
    }

    // MARK: HoldKeeping

    /// The peers are asked first: while the member itself is restarted it does not answer.
    public func hold(of step: Step, in context: StepContext) async -> HoldState {
        do throws(StepFailure) {
            let group = try group(step, context)
            let moment = Timestamp.now()
            let peers = await group.peerViews()
            if let holder = KeepalivedGroup.holder(peers) {
                return .stands(
                    group.observation(
                        "\(group.traffic.backend) is with \(holder.member)", nil, peers, at: moment))
            }
            let own = try await group.own.look()
            return .lost(
                reason: "\(group.own.place): \(group.traffic.backend) is not with a peer (\(group.words(own, peers)))")
        } catch {
            return .unknown(error)
        }
    }

    public func reassert(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        try await perform(step, in: context)
        return try await verify(step, in: context)
    }

    // MARK: Parts

    /// A number such as -20 only weighs the member less: it would still take the address from a peer that fails.
    private static func isOut(_ view: KeepalivedView) -> Bool { view.value <= drained }

    /// Why no peer would take the address; nil: one would.
    private static func objection(
        _ group: KeepalivedGroup, _ peers: [(node: KeepalivedNode, view: KeepalivedView?)]
    ) -> String? {
        if peers.contains(where: { $0.view.map { $0.isRunning && $0.value >= 0 } ?? false }) { return nil }
        return "\(group.own.place): no peer could take \(group.traffic.backend) (\(group.words(nil, peers)))"
    }

    private func done(
        _ group: KeepalivedGroup, _ own: KeepalivedView, _ peers: [(node: KeepalivedNode, view: KeepalivedView?)],
        _ holder: KeepalivedNode
    ) -> Observation {
        group.observation(
            "\(group.traffic.backend) is with \(holder.member), not with \(group.own.member)", own, peers,
            at: own.observedAt)
    }

    private func group(_ step: Step, _ context: StepContext) throws(StepFailure) -> KeepalivedGroup {
        guard case .drain(let traffic) = step.action else {
            throw StepFailure(code: .internal, message: "\(step.id) is no drain")
        }
        return try KeepalivedGroup(step, traffic, in: context.plan, channels: channels, pidFile: pidFile)
    }
}
