import FettleExecution
import FettleModel

/// Who leads a cluster, and since when.
struct ClusterWorld: Sendable {
    var members: [ResourceID]
    /// nil: too few are there to choose one.
    var leader: ResourceID?
    var leaderSince = Int64.min
    /// When each member was last seen not to lead, after it had been asked to hand over.
    var handedOverAt: [ResourceID: Int64] = [:]

    /// Members that no plan knows: somebody has put them in since. They are always there.
    var joined: [ResourceID] = []

    /// Of those that are members by now.
    var quorum: Int { (members.count + joined.count) / 2 + 1 }
}

extension DisasterWorld {
    /// The members choose somebody when their leader is gone and more than half of them are there.
    mutating func elect(at now: Int64) {
        for (id, cluster) in clusters {
            let leader = cluster.leader
            if let leader, isReachable(leader, at: now) { continue }
            let up = cluster.members.filter { isReachable($0, at: now) } + cluster.joined
            let next = up.count >= cluster.quorum ? up[Int((now / 1_000) % Int64(up.count))] : nil
            guard next != leader else { continue }
            lead(id, next, at: now)
        }
    }

    /// - Returns: who is new in the cluster.
    mutating func join(_ cluster: GroupID) -> ResourceID {
        let member = ResourceID("\(cluster)-joined-\((clusters[cluster]?.joined.count ?? 0) + 1)")
        clusters[cluster]?.joined.append(member)
        return member
    }

    mutating func lead(_ cluster: GroupID, _ member: ResourceID?, at now: Int64) {
        clusters[cluster]?.leader = member
        clusters[cluster]?.leaderSince = now
    }

    func checkHandover(_ member: ResourceID, _ handover: Handover, at now: Int64, clock: Timestamp) -> StepAnswer {
        guard let cluster = clusters[handover.cluster] else { return .done("leads nothing", at: clock) }
        // Whom nobody hears leads nobody.
        guard cluster.leader == member else { return .done("does not lead", at: clock) }
        return nextLeader(of: handover, at: now) == nil
            ? .blocked(reason: "nobody of \(handover.cluster) can lead now") : .ready(prior: nil)
    }

    func verifyHandover(
        _ member: ResourceID, _ handover: Handover, at now: Int64, clock: Timestamp
    ) -> Result<Observation, StepFailure> {
        clusters[handover.cluster]?.leader == member
            ? .failure(StepFailure(code: .timeout, message: "\(member) still leads \(handover.cluster)"))
            : .seen("does not lead", at: clock)
    }

    mutating func applyHandover(_ member: ResourceID, _ handover: Handover, at now: Int64) {
        guard clusters[handover.cluster]?.leader == member, let next = nextLeader(of: handover, at: now) else { return }
        lead(handover.cluster, next, at: now)
    }

    private func nextLeader(of handover: Handover, at now: Int64) -> ResourceID? {
        handover.candidates.first { isWell($0, at: now) && !self[$0].isReserved }
    }

    /// Clusters that the resource leads.
    func led(by resource: ResourceID) -> [GroupID] {
        guard !clusters.isEmpty else { return [] }
        return (groupsOf[resource] ?? []).filter { clusters[$0]?.leader == resource }
    }

    /// Seen not to lead: from now on whoever makes it the leader is somebody else.
    mutating func noteHandover(_ member: ResourceID, _ cluster: GroupID, at now: Int64) {
        clusters[cluster]?.handedOverAt[member] = now
    }
}
