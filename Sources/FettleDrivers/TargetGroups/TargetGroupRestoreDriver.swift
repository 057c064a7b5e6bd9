public import FettleDriverKit
public import FettleModel

/// Registers a target again exactly as it was before this run took it out, and only if this run did.
///
/// The load balancer checks only what is registered. So the target comes back first and is looked at then: if the load balancer's own check
/// does not pass in the step's time, it is taken out again.
public struct TargetGroupRestoreDriver: StepDriver {
    private let channels: any ChannelProvider
    private let program: String

    public init(channels: any ChannelProvider) { self.init(channels: channels, program: TargetGroupClient.program) }

    init(channels: any ChannelProvider, program: String) {
        self.channels = channels
        self.program = program
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let (member, prior, before) = try begin(step, context)
            let view = try await member.client.look()
            if prior.alreadySo { return .alreadyDone(leftOut(member, view)) }
            guard isRestored(member, before, prior, view) else { return .ready(prior: nil) }
            return .alreadyDone(asItWas(member, view))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let (member, prior, before) = try begin(step, context)
        if prior.alreadySo { return }
        // Some of the step's time is for what follows.
        let end = ContinuousClock.now + .milliseconds(min(max(step.timeoutSeconds, 2), 3_600) * 800)
        var pause = Duration.milliseconds(500)
        while true {
            do throws(StepFailure) {
                if try await isBack(member, before, prior) { return }
            } catch {
                // AWS, or the way to it, is away for a moment: what was registered is not left without a look.
                guard error.code == .unreachable, ContinuousClock.now < end else { throw error }
            }
            if ContinuousClock.now >= end { try await giveUp(member) }
            try await member.client.pause(pause)
            pause = min(pause * 3 / 2, .seconds(5))
        }
    }

    /// Looks, and registers what is missing.
    private func isBack(
        _ member: TargetMember, _ before: [TargetPlace], _ prior: PriorState
    ) async throws(StepFailure) -> Bool {
        let view = try await member.client.look()
        let places = member.places(in: view)
        guard places.allSatisfy(before.contains) else {
            throw member.failure(
                .drift,
                "somebody has registered \(member.id) otherwise than it was (\(view.words(of: member.id))); it is left so"
            )
        }
        let missing = before.filter { !places.contains($0) }
        guard missing.isEmpty else {
            try await member.client.register(member.id, missing)
            return false
        }
        return isRestored(member, before, prior, view)
    }

    /// One whose check does not pass goes out again. One that was not checked yet stays: nothing is sent to it before it is, and another
    /// attempt goes on waiting.
    private func giveUp(_ member: TargetMember) async throws(StepFailure) {
        let view = try await member.client.look()
        let own = view.registrations(of: member.id).filter(\.isRegistered)
        if own.contains(where: { !$0.isHealthy && !$0.isUnchecked && !$0.isIdle }) {
            try await member.client.deregister(member.id, own.map(\.place))
            throw member.failure(
                .unhealthy,
                "\(member.id) was registered, and taken out again, because the load balancer's own check does not pass "
                    + "(\(view.words(of: member.id)))")
        }
        throw member.failure(
            .timeout,
            "\(member.id) is registered, and the load balancer has not found it well yet (\(view.words(of: member.id)))"
        )
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let (member, prior, before) = try begin(step, context)
        let view = try await member.client.look()
        if prior.alreadySo { return leftOut(member, view) }
        guard isRestored(member, before, prior, view) else {
            throw member.failure(
                .unhealthy, "\(member.id) is not as it was before the run: \(view.words(of: member.id))")
        }
        return asItWas(member, view)
    }

    // MARK: Parts

    private func begin(
        _ step: Step, _ context: StepContext
    ) throws(StepFailure) -> (member: TargetMember, prior: PriorState, before: [TargetPlace]) {
        guard case .restore(let traffic) = step.action else {
            throw StepFailure(code: .internal, message: "\(step.id) is no restore")
        }
        guard let prior = context.prior else {
            throw StepFailure(
                code: .internal, message: "\(step.id): nothing tells what was there before, so nothing is put back")
        }
        let member = try TargetMember(step, traffic, in: context.plan, channels: channels, program: program)
        return (member, prior, try member.places(before: prior, step))
    }

    private func isRestored(
        _ member: TargetMember, _ before: [TargetPlace], _ prior: PriorState, _ view: TargetGroupView
    ) -> Bool {
        let own = view.registrations(of: member.id).filter(\.isRegistered)
        let wasIdle = prior.details[TargetMember.idleKey] != nil
        return own.map(\.place) == before && own.allSatisfy { $0.isHealthy || wasIdle && $0.isIdle }
    }

    private func asItWas(_ member: TargetMember, _ view: TargetGroupView) -> Observation {
        member.observation("\(member.id) is as it was: \(view.words(of: member.id))", view)
    }

    /// system-upgrade-controller#341 put back what others had taken out.
    private func leftOut(_ member: TargetMember, _ view: TargetGroupView) -> Observation {
        member.observation(
            "\(member.id) was being taken out before this run, by somebody else's doing, and is left as it is: "
                + view.words(of: member.id), view)
    }
}
