import FettleModel

/// Who can be taken out as soon as it is prepared, and whom all others wait for.
///
/// The run's first outage begins when the first resource is prepared. All that is prepared beside it takes room from it (the
/// mirror, the network, the machine that carries them both), and nobody gains by that: who waits for it to be back has the
/// whole of its outage left for a preparation.
struct Leaders: Sendable {
    /// One for each resource that waits for anybody: the first in a chain that ends at its being taken out.
    private var leaders: [ResourceID: ResourceID] = [:]

    /// - Parameter steps: those of the way forward, each behind what it depends on.
    init(_ steps: [Step]) {
        var found: [StepID: ResourceID] = [:]
        var ends: [StepID: ResourceID] = [:]
        for step in steps {
            let leader = step.after.lazy.compactMap { found[$0] ?? ends[$0] }.first
            if let leader {
                found[step.id] = leader
                if step.availability == .takesOut, leaders[step.resource] == nil { leaders[step.resource] = leader }
            }
            if step.availability == .bringsBack { ends[step.id] = step.resource }
        }
    }

    /// nil: it waits for nobody.
    func leader(of resource: ResourceID) -> ResourceID? { leaders[resource] }
}

extension RunMachine {
    /// Whether the step prepares a resource whose leader is being prepared at this moment.
    func yieldsToLeader(_ step: Step, at now: Timestamp) -> Bool {
        guard isPreparation(step), let leader = index.leaders.leader(of: step.resource) else { return false }
        let startable = agenda.shares[.resource(leader)]?.startable ?? []
        return (index.forward[leader] ?? []).contains { other in
            guard isPreparation(other) else { return false }
            if activities[other.id] != nil { return true }
            return startable.contains { $0.id == other.id } && mayCheck(other, at: now)
        }
    }

    private func isPreparation(_ step: Step) -> Bool {
        switch step.action {
        case .preflight, .stage: step.availability == .none && !index.isRollback(step.id)
        default: false
        }
    }
}
