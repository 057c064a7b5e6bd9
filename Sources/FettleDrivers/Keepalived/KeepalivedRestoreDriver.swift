public import FettleDriverKit
public import FettleModel

/// Gives a member of a VRRP group the priority back that it had before this run lowered it, and only if this run did.
///
/// Done is what the members show: the value stands in the track file, keepalived runs, and the address is with exactly one member.
/// With preemption it goes back to a member that had it; without (`nopreempt`) it stays where it is, and both are right.
public struct KeepalivedRestoreDriver: StepDriver {
    /// How long the address may take to come back to where it was; an advertisement comes every second by default.
    private static let returnTime = Duration.seconds(10)

    private let channels: any ChannelProvider
    private let pidFile: @Sendable (ResourceID) -> String

    public init(channels: any ChannelProvider) { self.init(channels: channels) { _ in KeepalivedNode.pidFile } }

    init(channels: any ChannelProvider, pidFile: @escaping @Sendable (ResourceID) -> String) {
        self.channels = channels
        self.pidFile = pidFile
    }

    /// Everyone at one moment.
    private struct Look {
        var own: KeepalivedView
        var peers: [(node: KeepalivedNode, view: KeepalivedView?)]

        /// Two for a moment, while the address moves; none if all have failed.
        var holders: Int { (own.holds ? 1 : 0) + peers.count { $0.view?.holds == true } }
        func isRestored(to value: Int) -> Bool { own.value == value && own.isRunning && holders == 1 }
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let (group, prior, value) = try begin(step, context)
            let look = try await look(group)
            if prior.alreadySo { return .alreadyDone(leftOut(group, look)) }
            guard look.isRestored(to: value) else { return .ready(prior: nil) }
            return .alreadyDone(asItWas(group, look))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let (group, prior, value) = try begin(step, context)
        if prior.alreadySo { return }
        let before = try await look(group)
        guard before.own.isRunning else {
            throw StepFailure(
                code: .unhealthy,
                message: "\(group.own.place): keepalived does not run, so the priority is left as it is")
        }
        if before.own.value != value {
            guard before.own.value == KeepalivedDrainDriver.drained else {
                throw StepFailure(
                    code: .drift,
                    message:
                        "\(group.own.place): somebody has changed \(group.traffic.endpoint) since this run lowered it: it "
                        + "left \(KeepalivedDrainDriver.drained), and there stands \(before.own.value); it is left so")
            }
            try await group.own.set(value, insteadOf: before.own.value)
        }
        let end = ContinuousClock.now + Self.returnTime
        let held = prior.details["held"] == "true"
        while ContinuousClock.now < end {
            let look = try await look(group)
            if look.isRestored(to: value), look.own.holds || !held { return }
            do { try await ContinuousClock().sleep(for: .milliseconds(250)) } catch {
                throw StepFailure(code: .timeout, message: "\(group.own.place): stopped while waiting")
            }
        }
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let (group, prior, value) = try begin(step, context)
        let look = try await look(group)
        if prior.alreadySo { return leftOut(group, look) }
        guard look.isRestored(to: value) else {
            throw StepFailure(
                code: look.own.value == value ? .unhealthy : .drift,
                message: "\(group.own.place): not as it was before the run (\(group.words(look.own, look.peers)))")
        }
        return asItWas(group, look)
    }

    // MARK: Parts

    private func look(_ group: KeepalivedGroup) async throws(StepFailure) -> Look {
        Look(own: try await group.own.look(), peers: await group.peerViews())
    }

    private func begin(
        _ step: Step, _ context: StepContext
    ) throws(StepFailure) -> (group: KeepalivedGroup, prior: PriorState, value: Int) {
        guard case .restore(let traffic) = step.action else {
            throw StepFailure(code: .internal, message: "\(step.id) is no restore")
        }
        guard let prior = context.prior, let value = prior.details["value"].flatMap({ Int($0) }) else {
            throw StepFailure(
                code: .internal, message: "\(step.id): nothing tells what was there before, so nothing is put back")
        }
        let group = try KeepalivedGroup(step, traffic, in: context.plan, channels: channels, pidFile: pidFile)
        return (group, prior, value)
    }

    private func asItWas(_ group: KeepalivedGroup, _ look: Look) -> Observation {
        let holder = look.own.holds ? group.own.member : KeepalivedGroup.holder(look.peers)?.member
        return group.observation(
            "\(group.own.member) has its priority back; \(group.traffic.backend) is with \(holder?.rawValue ?? "nobody")",
            look.own, look.peers, at: look.own.observedAt)
    }

    /// system-upgrade-controller#341 put back what others had taken out.
    private func leftOut(_ group: KeepalivedGroup, _ look: Look) -> Observation {
        group.observation(
            "\(group.own.member) had its priority lowered before this run, by somebody else's doing, and is left so",
            look.own, look.peers, at: look.own.observedAt)
    }
}
