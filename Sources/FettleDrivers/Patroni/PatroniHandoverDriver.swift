public import FettleDriverKit
public import FettleModel

/// Has the leader of a cluster that Patroni keeps hand over to another member before it goes out, by Patroni's own switchover.
///
/// Done is what Patroni tells of the cluster afterwards, and not its answer: another member of the group leads, on a timeline of its own,
/// and all others that run follow it. Until then nobody goes out, whoever it is: the newest writes could be on one member alone.
public struct PatroniHandoverDriver: StepDriver {
    private let clock: DriverClock

    public init(clock: DriverClock = DriverClock()) { self.clock = clock }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let (handover, cluster) = try parts(step, context)
            let view: PatroniView
            do throws(StepFailure) { view = try await cluster.look(first: step.resource) } catch {
                guard isWayBack(step, context) else { throw error }
                // What broke it may be what is taken back: a cluster that nobody answers for is led by nobody who could hand over.
                return .alreadyDone(observation("\(error.message): nothing is handed over on the way back"))
            }
            if isWayBack(step, context), view.leader == nil {
                return .alreadyDone(
                    observation("nobody leads \(cluster.group): nothing is handed over on the way back"))
            }
            if let leader = try standing(step, cluster, view) {
                guard let late = unsettled(step, cluster, view, since: context.prior) else {
                    return .alreadyDone(observation("\(leader) leads \(cluster.group)"))
                }
                return .blocked(reason: "\(leader) leads \(cluster.group), and \(late)")
            }
            if let hindrance = view.hindrance { return .blocked(reason: hindrance) }
            let (able, words) = candidates(handover, cluster, view)
            guard !able.isEmpty else { return .blocked(reason: words) }
            return .ready(prior: context.prior ?? Self.prior(view))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let deadline = clock.now().adding(seconds: step.timeoutSeconds)
        let (handover, cluster) = try parts(step, context)
        let view = try await cluster.look(first: step.resource)
        guard try standing(step, cluster, view) == nil, let leader = view.leader else { return }
        let (able, words) = candidates(handover, cluster, view)
        var refusal = StepFailure(code: .locked, message: words)
        for candidate in able where !Task.isCancelled {
            let answer = await ask(leader, candidate, step, cluster)
            // Whatever it said: what has become of it only another look tells.
            let end = answer.settles.map { min(deadline, clock.now().adding(seconds: $0)) } ?? deadline
            if await hasHandedOver(step, cluster, until: end) { return }
            refusal =
                answer.failure
                ?? StepFailure(
                    code: .timeout, message: "\(leader.words) still leads \(cluster.group), and was to hand over")
            // It may be under way still: nobody else is asked for then.
            guard answer.isRefusedCandidate else { break }
        }
        throw refusal
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let (_, cluster) = try parts(step, context)
        let deadline = clock.now().adding(seconds: min(step.timeoutSeconds, Self.followingSeconds))
        while true {
            let (leader, late) = try await settled(step, cluster, since: context.prior)
            if let leader, late == nil {
                return observation("\(leader) leads \(cluster.group), and the others follow it")
            }
            guard clock.now() < deadline, !Task.isCancelled else {
                throw StepFailure(code: .timeout, message: late ?? "nobody leads \(cluster.group)")
            }
            await clock.sleep(.milliseconds(500))
        }
    }

    // MARK: Asking

    /// How long the others may take to follow.
    private static let followingSeconds = 120

    private struct Answer {
        /// nil: it says that it has done it.
        var failure: StepFailure?
        /// How long it may still come true, in seconds, though it says no; nil: it does not say no.
        var settles: Int?
        /// Patroni does not take that member; another may do.
        var isRefusedCandidate = false
    }

    private func ask(
        _ leader: PatroniView.Member, _ next: PatroniView.Member, _ step: Step, _ cluster: PatroniCluster
    ) async -> Answer {
        do throws(StepFailure) {
            let answer = try await cluster.switchOver(from: leader, to: next, at: step.resource)
            guard !(200..<300).contains(answer.status) else { return Answer() }
            let said = SafeText.lastLines(of: FactText.decode(answer.body)) ?? answer.reason
            let isForbidden = answer.status == 401 || answer.status == 403
            let failure = StepFailure(
                code: isForbidden ? .refused : .unreachable,
                message:
                    "Patroni does not hand over from \(leader.words) to \(next.words): status \(answer.status), \(said)"
                    + (isForbidden ? " (what lets one in belongs into ~/.netrc)" : ""))
            let isRefusedCandidate = answer.status == 412 || answer.status == 400
            // With 503 it says that it does not know.
            let settles = isRefusedCandidate ? 0 : (400..<500).contains(answer.status) ? 15 : nil
            return Answer(failure: failure, settles: settles, isRefusedCandidate: isRefusedCandidate)
        } catch {
            return Answer(failure: error)
        }
    }

    /// That nobody leads for a moment, or nobody answers, is what a switchover looks like.
    private func hasHandedOver(_ step: Step, _ cluster: PatroniCluster, until deadline: Timestamp) async -> Bool {
        while true {
            if let view = try? await cluster.look(first: step.resource),
                (try? standing(step, cluster, view)) ?? nil != nil
            {
                return true
            }
            guard clock.now() < deadline, !Task.isCancelled else { return false }
            await clock.sleep(.milliseconds(500))
        }
    }

    /// - Returns: who leads instead, and what is not as it has to be yet; nobody: nobody leads at this moment.
    private func settled(
        _ step: Step, _ cluster: PatroniCluster, since prior: PriorState?
    ) async throws(StepFailure) -> (leader: ResourceID?, late: String?) {
        do throws(StepFailure) {
            let view = try await cluster.look(first: step.resource)
            guard let leader = try standing(step, cluster, view) else {
                throw StepFailure(code: .drift, message: "\(step.resource) leads \(cluster.group) again")
            }
            return (leader, unsettled(step, cluster, view, since: prior))
        } catch {
            guard error.code == .unreachable else { throw error }
            return (nil, error.message)
        }
    }

    // MARK: Judging

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

    private func isWayBack(_ step: Step, _ context: StepContext) -> Bool {
        context.plan.rollback.contains { $0.id == step.id }
    }

    /// The member that leads instead of the step's; nil: the step's does.
    ///
    /// - Throws: `unreachable` where at this moment nobody does, or several do.
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

    /// Those of the plan's that can lead now, and why the others cannot.
    private func candidates(
        _ handover: Handover, _ cluster: PatroniCluster, _ view: PatroniView
    ) -> (able: [PatroniView.Member], words: String) {
        var able: [PatroniView.Member] = []
        var words: [String] = []
        for id in handover.candidates {
            guard let member = cluster.member(id, in: view) else {
                words.append("\(id) is not listed")
                continue
            }
            if let obstacle = view.obstacle(for: member, maximumLag: cluster.maximumLag) {
                words.append("\(id) \(obstacle)")
            } else {
                able.append(member)
            }
        }
        return (able, "nobody can lead \(cluster.group) instead: \(PackageWords.list(words))")
    }

    /// What of the new order does not stand yet; nil: it does.
    ///
    /// Patroni gives the lead away before the new leader is promoted, and tells of each member what it knew last: a new timeline shows that
    /// what is told is of afterwards.
    private func unsettled(
        _ step: Step, _ cluster: PatroniCluster, _ view: PatroniView, since prior: PriorState?
    ) -> String? {
        guard let leader = view.leader else { return "nobody leads" }
        guard leader.runs else { return "\(leader.words) is \(leader.stateWords)" }
        if let before = prior?.details[Self.timeline].flatMap({ Int($0) }), leader.role != "standby_leader",
            leader.timeline ?? 0 <= before
        {
            return "\(leader.words) is not promoted yet"
        }
        let own = cluster.member(step.resource, in: view)
        for member in view.members where !member.leads && member != own && member.runs {
            guard let lag = member.lag?.bytes, lag <= cluster.maximumLag, member.timeline == leader.timeline else {
                return "\(member.words) does not follow yet"
            }
        }
        return nil
    }

    private static let timeline = "timeline"

    private static func prior(_ view: PatroniView) -> PriorState {
        PriorState(alreadySo: false, details: view.leader?.timeline.map { [timeline: "\($0)"] } ?? [:])
    }

    private func observation(_ words: String) -> Observation {
        Observation(verdict: .pass, summary: words, observedAt: clock.now())
    }
}
