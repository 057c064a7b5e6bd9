public import FettleDriverKit
public import FettleModel

/// Has the leader of a cluster that Patroni keeps hand over to another member before it goes out, by Patroni's own switchover: it stops
/// taking writes, waits until the other one has them all, and follows it.
///
/// Done is what Patroni tells of the cluster afterwards, and not its answer: another member of the group leads, and all that run follow it.
public struct PatroniHandoverDriver: StepDriver {
    private let clock: DriverClock

    public init(clock: DriverClock = DriverClock()) { self.clock = clock }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let (handover, cluster) = try parts(step, context)
            let view = try await cluster.look()
            if let leader = try standing(step, cluster, view) {
                return .alreadyDone(observation("\(leader) leads \(cluster.group)"))
            }
            if case .failure(let obstacle) = candidate(handover, cluster, view) {
                return .blocked(reason: obstacle.words)
            }
            return .ready(prior: context.prior)
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let (handover, cluster) = try parts(step, context)
        let view = try await cluster.look()
        guard try standing(step, cluster, view) == nil, let leader = view.leader else { return }
        let next: PatroniView.Member
        switch candidate(handover, cluster, view) {
        case .success(let found): next = found
        case .failure(let obstacle): throw StepFailure(code: .locked, message: obstacle.words)
        }
        let refusal = await refusal(from: leader, to: next, step, cluster)
        // Whatever it said: what has become of it only another look tells.
        let deadline = clock.now().adding(seconds: refusal == nil ? step.timeoutSeconds : Self.settlingSeconds)
        while true {
            let seen = try? await cluster.look()
            if let seen, try standing(step, cluster, seen) != nil { return }
            guard clock.now() < deadline, !Task.isCancelled else { break }
            await clock.sleep(.milliseconds(500))
        }
        throw refusal
            ?? StepFailure(
                code: .timeout, message: "\(leader.words) still leads \(cluster.group), and was to hand over")
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let (_, cluster) = try parts(step, context)
        let deadline = clock.now().adding(seconds: min(step.timeoutSeconds, Self.followingSeconds))
        while true {
            let view = try await cluster.look()
            guard let leader = try standing(step, cluster, view) else {
                throw StepFailure(code: .drift, message: "\(step.resource) leads \(cluster.group) again")
            }
            // Whoever is about to go out must not take the last one with it that has everything.
            guard let late = lagging(step, cluster, view) else {
                return observation("\(leader) leads \(cluster.group), and the others follow it")
            }
            guard clock.now() < deadline, !Task.isCancelled else {
                throw StepFailure(code: .timeout, message: "\(leader) leads \(cluster.group), and \(late)")
            }
            await clock.sleep(.milliseconds(500))
        }
    }

    // MARK: Parts

    /// Behind an answer that was none: how long it may still be under way.
    private static let settlingSeconds = 15
    /// How long the others may take to follow.
    private static let followingSeconds = 120

    private func parts(
        _ step: Step, _ context: StepContext
    ) throws(StepFailure) -> (Handover, PatroniCluster) {
        guard case .handOver(let handover) = step.action else {
            throw StepFailure(code: .internal, message: "\(step.id) hands nothing over")
        }
        let group = context.plan.groups.first { $0.id == handover.cluster }
        let targets = (group?.members ?? []).compactMap(context.plan.probeTarget)
        // Some ask the cluster of each member, others once for the group.
        let gates = context.plan.steps.flatMap { other -> [Probe] in
            guard case .groupGate(let gate) = other.action, gate.group == handover.cluster else { return [] }
            return gate.probes
        }
        guard let cluster = PatroniCluster(handover.cluster, probes: (group?.probes ?? []) + gates, members: targets)
        else {
            throw StepFailure(
                code: .refused,
                message:
                    "group \(handover.cluster) has no probe 'cluster: {patroni: …}', by which it would be handed over")
        }
        return (handover, cluster)
    }

    /// The member that leads instead of the step's; nil: the step's does.
    ///
    /// - Throws: where nobody can tell.
    private func standing(
        _ step: Step, _ cluster: PatroniCluster, _ view: PatroniView
    ) throws(StepFailure) -> ResourceID? {
        guard let leader = view.leader else {
            let count = view.members.count(where: \.leads)
            throw StepFailure(
                code: .unreachable,
                message: count == 0 ? "nobody leads \(cluster.group)" : "\(count) members lead \(cluster.group)")
        }
        guard let resource = cluster.leader(in: view) else {
            throw StepFailure(
                code: .inconclusive,
                message:
                    "\(leader.words) leads \(cluster.group), and which resource that is cannot be told: neither its "
                    + "name is an id of the fleet nor its host the address of one alone")
        }
        return resource == step.resource ? nil : resource
    }

    private struct Obstacle: Error { var words: String }

    /// The first of the plan's that can lead now.
    private func candidate(
        _ handover: Handover, _ cluster: PatroniCluster, _ view: PatroniView
    ) -> Result<PatroniView.Member, Obstacle> {
        var words: [String] = []
        for id in handover.candidates {
            guard let member = cluster.member(id, in: view) else {
                words.append("\(id) is not listed")
                continue
            }
            guard let obstacle = view.obstacle(for: member, maximumLag: cluster.maximumLag) else {
                return .success(member)
            }
            words.append("\(id) \(obstacle)")
        }
        return .failure(Obstacle(words: "nobody can lead \(cluster.group) instead: \(PackageWords.list(words))"))
    }

    private func refusal(
        from leader: PatroniView.Member, to next: PatroniView.Member, _ step: Step, _ cluster: PatroniCluster
    ) async -> StepFailure? {
        do throws(StepFailure) {
            let answer = try await cluster.switchOver(from: leader, to: next, at: step.resource)
            guard !(200..<300).contains(answer.status) else { return nil }
            let said = SafeText.lastLines(of: FactText.decode(answer.body)) ?? answer.reason
            let isForbidden = answer.status == 401 || answer.status == 403
            return StepFailure(
                code: isForbidden ? .refused : .unreachable,
                message:
                    "Patroni does not hand over from \(leader.words) to \(next.words): status \(answer.status), \(said)"
                    + (isForbidden ? " (what lets one in belongs into ~/.netrc)" : ""))
        } catch {
            return error
        }
    }

    /// A member besides the step's that does not follow; nil: all that are listed do.
    private func lagging(_ step: Step, _ cluster: PatroniCluster, _ view: PatroniView) -> String? {
        let own = cluster.member(step.resource, in: view)
        for member in view.members where !member.leads && member != own && member.runs {
            guard let lag = member.lag?.bytes, lag <= cluster.maximumLag, member.timeline == view.leader?.timeline
            else {
                return "\(member.words) does not follow yet"
            }
        }
        return nil
    }

    private func observation(_ words: String) -> Observation {
        Observation(verdict: .pass, summary: words, observedAt: clock.now())
    }
}
