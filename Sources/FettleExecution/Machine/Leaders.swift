import FettleModel

/// Who can be taken out as soon as it is prepared, and whom all others wait for.
///
/// The run's first outage begins when the first resource is prepared. All that is prepared beside it takes room from it (the
/// mirror, the network, the machine that carries them both), and nobody gains by that: who waits for it to be back has the
/// whole of its outage left for a preparation.
struct Leaders: Sendable {
    /// One for each resource that waits for anybody: the first in a chain that ends at its being taken out.
    private var leaders: Table<Resource, ResourceNumber?>

    init(_ lists: IndexedLists, _ turns: Turns) {
        let nobody = Table<Resource, ResourceNumber?>(repeating: nil, count: lists.steps.count)
        leaders = nobody
        var before = nobody
        var goers: [ResourceNumber] = []
        var isGoer = Table<Resource, Bool>(repeating: false, count: lists.steps.count)
        // For whom each step waits, and whom it brings back.
        var awaited = Table<Step, ResourceNumber?>(repeating: nil, count: lists.cards.count)
        var returns = awaited
        for step in lists.cards where !step.isRollback {
            let other = lists.dependencies[step.number].lazy.compactMap { awaited[$0] ?? returns[$0] }.first
            awaited[step.number] = other
            if step.availability == .takesOut, !isGoer[step.resource] {
                isGoer[step.resource] = true
                goers.append(step.resource)
                before[step.resource] = other
            }
            if step.availability == .bringsBack { returns[step.number] = step.resource }
        }
        let first = turns.orders.map { order in Self.first(of: order) { isGoer[$0] } }
        for resource in goers where before[resource] == nil {
            before[resource] =
                turns.places(of: resource).lazy
                .compactMap { place in first[place.order].flatMap { $0.turn < place.turn ? $0.resource : nil } }.first
        }
        var isSettled = Table<Resource, Bool>(repeating: false, count: lists.steps.count)
        for resource in goers { lead(resource, before, &isSettled) }
    }

    /// Somebody of the first turn in which anybody is taken out at all.
    private static func first(
        of order: Turns.Order, isGoer: (ResourceNumber) -> Bool
    ) -> (turn: Int, resource: ResourceNumber)? {
        for (turn, members) in order.turns.enumerated() {
            if let resource = members.first(where: isGoer) { return (turn, resource) }
        }
        return nil
    }

    /// Follows the chain to its first, and notes that for all on the way. In a circle nobody leads.
    private mutating func lead(
        _ resource: ResourceNumber, _ before: Table<Resource, ResourceNumber?>, _ isSettled: inout Table<Resource, Bool>
    ) {
        var chain: [ResourceNumber] = []
        var current = resource
        while let next = before[current], !isSettled[current] {
            isSettled[current] = true
            chain.append(current)
            current = next
        }
        let leader = before[current] == nil ? current : leaders[current]
        for follower in chain { leaders[follower] = leader }
    }

    /// nil: it waits for nobody.
    func leader(of resource: ResourceNumber) -> ResourceNumber? { leaders[resource] }
}

extension RunMachine {
    /// Whether the step prepares a resource whose leader is being prepared at this moment.
    /// - Parameter answers: what is known of each leader; many wait for the same one, and it is asked once.
    func yieldsToLeader(
        _ step: IndexedStep, at now: Timestamp, _ answers: inout [ResourceNumber: Bool]
    ) -> Bool {
        guard step.isPreparation, let leader = index.leaders.leader(of: step.resource) else { return false }
        if let answer = answers[leader] { return answer }
        let answer = isBeingPrepared(leader, at: now)
        answers[leader] = answer
        return answer
    }

    private func isBeingPrepared(_ resource: ResourceNumber, at now: Timestamp) -> Bool {
        var room: GroupRoom?
        return index.forward(resource).contains { step in
            guard step.isPreparation else { return false }
            if activities[step.number] != nil { return true }
            return agenda.startable.contains(step.number) && mayCheck(step, at: now, &room)
        }
    }
}
