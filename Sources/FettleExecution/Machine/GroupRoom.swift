import FettleModel

/// How many members of each group this run has out, or is about to take out. Counted once for all steps that are looked at in one
/// go.
struct GroupRoom {
    private var away: Set<ResourceID> = []
    private var counts: [GroupID: Int] = [:]

    /// What is in quarantine is no choice of the plan's: it counts against the minimum, not against the plan's `maximumOut`.
    init(_ machine: RunMachine) {
        for resource in machine.fold.out.keys where machine.fold.isOut(resource) { add(resource, machine) }
        for resource in machine.held { add(resource, machine) }
        for id in machine.activities.keys {
            guard let step = machine.index.step(id), step.availability == .takesOut else { continue }
            add(step.resource, machine)
        }
    }

    mutating func add(_ resource: ResourceID, _ machine: RunMachine) {
        guard machine.fold.quarantined[resource] == nil, away.insert(resource).inserted else { return }
        for group in machine.index.groups[resource] ?? [] { counts[group.id, default: 0] += 1 }
    }

    func isLeft(for resource: ResourceID, in groups: [PlannedGroup]) -> Bool {
        let itself = away.contains(resource) ? 1 : 0
        return groups.allSatisfy { (counts[$0.id] ?? 0) - itself < $0.maximumOut }
    }
}
