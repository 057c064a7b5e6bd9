public import FettleDriverKit
public import FettleModel

/// Takes a target out of a target group of AWS's load balancers (Elastic Load Balancing, version 2), and waits until its connections have
/// ended.
///
/// The load balancer itself ends the waiting, after the group's deregistration delay. A group that leaves connections open then is refused.
public struct TargetGroupDrainDriver: HoldKeeping {
    /// What `TrafficBinding.driver` calls it.
    public static let name = "elbv2"

    private let channels: any ChannelProvider
    private let program: String

    public init(channels: any ChannelProvider) { self.init(channels: channels, program: TargetGroupClient.program) }

    init(channels: any ChannelProvider, program: String) {
        self.channels = channels
        self.program = program
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let member = try member(step, context)
            let view = try await member.client.look()
            let places = member.places(in: view)
            guard let prior = context.prior else {
                guard !places.isEmpty || member.isLeaving(in: view) else {
                    // Not to be told from a name that was mistyped, whose host serves under another.
                    return .unknown(
                        member.failure(
                            .drift,
                            "no target \(member.id) is registered: register it, or correct 'server' in the inventory"))
                }
                if let objection = try await member.client.drainRules().objection(
                    within: member.client.traffic.drainTimeoutSeconds)
                {
                    return .unknown(member.failure(.refused, objection))
                }
                let own = view.registrations(of: member.id).filter(\.isRegistered)
                if own.contains(where: \.hasServerID) {
                    return .unknown(
                        member.failure(
                            .refused, "\(member.id) is a target of QUIC, and could not be put back as it was"))
                }
                var details = [TargetMember.placesKey: places.map(\.text).joined(separator: " ")]
                if own.contains(where: \.isIdle) { details[TargetMember.idleKey] = "yes" }
                return .ready(prior: PriorState(alreadySo: places.isEmpty, details: details))
            }
            guard places.isEmpty, !member.isLeaving(in: view) else { return .ready(prior: prior) }
            return .alreadyDone(out(member, view))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let member = try member(step, context)
        guard let prior = context.prior else {
            throw StepFailure(
                code: .internal, message: "\(step.id): nothing tells what was there before, so nothing is changed")
        }
        let before = try member.places(before: prior, step)
        let end = ContinuousClock.now + .seconds(max(0, member.client.traffic.drainTimeoutSeconds))
        while true {
            let places = member.places(in: try await member.client.look())
            if !places.isEmpty {
                guard places.allSatisfy(before.contains) else {
                    throw member.failure(
                        .drift,
                        "somebody has registered \(member.id) anew since this run first looked: then "
                            + "\(Self.words(before)), now \(Self.words(places))")
                }
                try await member.client.deregister(member.id, places)
            }
            if try await member.waitUntilGone(end) != nil { return }
            guard ContinuousClock.now < end else {
                throw member.failure(.drift, "somebody registers \(member.id) again and again")
            }
        }
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let member = try member(step, context)
        let end = ContinuousClock.now + .seconds(max(0, member.client.traffic.drainTimeoutSeconds))
        guard let view = try await member.waitUntilGone(end) else {
            throw member.failure(.drift, "\(member.id) is registered")
        }
        return out(member, view)
    }

    // MARK: HoldKeeping

    public func hold(of step: Step, in context: StepContext) async -> HoldState {
        do throws(StepFailure) {
            let member = try member(step, context)
            let view = try await member.client.look()
            guard member.places(in: view).isEmpty else {
                return .lost(
                    reason: "\(member.client.place): somebody has registered \(member.id): \(view.words(of: member.id))"
                )
            }
            return .stands(out(member, view))
        } catch {
            return .unknown(error)
        }
    }

    public func reassert(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        try await perform(step, in: context)
        return try await verify(step, in: context)
    }

    // MARK: Parts

    private func member(_ step: Step, _ context: StepContext) throws(StepFailure) -> TargetMember {
        guard case .drain(let traffic) = step.action else {
            throw StepFailure(code: .internal, message: "\(step.id) is no drain")
        }
        return try TargetMember(step, traffic, in: context.plan, channels: channels, program: program)
    }

    private func out(_ member: TargetMember, _ view: TargetGroupView) -> Observation {
        member.observation("\(member.id) is out of the target group", view)
    }

    private static func words(_ places: [TargetPlace]) -> String {
        places.isEmpty ? "not at all" : "port " + places.map(\.text).joined(separator: ", ")
    }
}
