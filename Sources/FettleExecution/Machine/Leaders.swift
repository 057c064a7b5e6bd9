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
    init(_ steps: [Step], _ turns: Turns) {
        var before: [ResourceID: ResourceID] = [:]
        var goers: [ResourceID] = []
        var known: Set<ResourceID> = []
        var awaited: [StepID: ResourceID] = [:]
        var returns: [StepID: ResourceID] = [:]
        for step in steps {
            let other = step.after.lazy.compactMap { awaited[$0] ?? returns[$0] }.first
            if let other { awaited[step.id] = other }
            if step.availability == .takesOut, known.insert(step.resource).inserted {
                goers.append(step.resource)
                before[step.resource] = other
            }
            if step.availability == .bringsBack { returns[step.id] = step.resource }
        }
        let first = turns.orders.map { order in Self.first(of: order, among: known) }
        for resource in goers where before[resource] == nil {
            before[resource] = turns.places(of: resource).lazy
                .compactMap { place in first[place.order].flatMap { $0.turn < place.turn ? $0.resource : nil } }.first
        }
        var settled: Set<ResourceID> = []
        for resource in goers { lead(resource, before, &settled) }
    }

    /// Somebody of the first turn in which anybody is taken out at all.
    private static func first(
        of order: Turns.Order, among goers: Set<ResourceID>
    ) -> (turn: Int, resource: ResourceID)? {
        for (turn, members) in order.turns.enumerated() {
            if let resource = members.first(where: goers.contains) { return (turn, resource) }
        }
        return nil
    }

    /// Follows the chain to its first, and notes that for all on the way. In a circle nobody leads.
    private mutating func lead(
        _ resource: ResourceID, _ before: [ResourceID: ResourceID], _ settled: inout Set<ResourceID>
    ) {
        var chain: [ResourceID] = []
        var current = resource
        while let next = before[current], settled.insert(current).inserted {
            chain.append(current)
            current = next
        }
        let leader = before[current] == nil ? current : leaders[current]
        for follower in chain { leaders[follower] = leader }
    }

    /// nil: it waits for nobody.
    func leader(of resource: ResourceID) -> ResourceID? { leaders[resource] }
}

extension RunMachine {
    /// Whose leaders are being prepared at one moment. Many wait for the same one: it is asked once.
    struct LeadersAtWork {
        private var answers: [ResourceID: Bool] = [:]

        /// Whether the step prepares a resource whose leader is being prepared.
        mutating func holdUp(_ step: Step, in machine: RunMachine, at now: Timestamp) -> Bool {
            guard machine.isPreparation(step), let leader = machine.index.leaders.leader(of: step.resource) else {
                return false
            }
            if let answer = answers[leader] { return answer }
            let answer = machine.isBeingPrepared(leader, at: now)
            answers[leader] = answer
            return answer
        }
    }

    private func isBeingPrepared(_ resource: ResourceID, at now: Timestamp) -> Bool {
        let startable = agenda.shares[.resource(resource)]?.startable ?? []
        return (index.forward[resource] ?? []).contains { step in
            guard isPreparation(step) else { return false }
            if activities[step.id] != nil { return true }
            return startable.contains(index.priority(of: step.id)) && mayCheck(step, at: now)
        }
    }

    private func isPreparation(_ step: Step) -> Bool {
        switch step.action {
        case .preflight, .stage: step.availability == .none && !index.isRollback(step.id)
        default: false
        }
    }
}
