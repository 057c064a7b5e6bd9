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
        guard machine.fold.quarantined[resource] == nil else { return }
        let index = machine.index
        guard index.carries[resource] != nil || index.carried.contains(resource) else {
            guard away.insert(resource).inserted else { return }
            for group in index.groups[resource] ?? [] { counts[group.id, default: 0] += 1 }
            return
        }
        // What is out by itself and with its carrier is one member.
        let new = Set(index.taken(with: resource)).subtracting(away)
        guard !new.isEmpty else { return }
        away.formUnion(new)
        for group in index.groups[resource] ?? [] {
            counts[group.id, default: 0] += group.members.count(where: new.contains)
        }
    }

    func isLeft(for resource: ResourceID, _ machine: RunMachine) -> Bool {
        let groups = machine.index.groups[resource] ?? []
        guard machine.index.carries[resource] != nil || machine.index.carried.contains(resource) else {
            let itself = away.contains(resource) ? 1 : 0
            return groups.allSatisfy { (counts[$0.id] ?? 0) - itself < $0.maximumOut }
        }
        let more = Set(machine.index.taken(with: resource)).subtracting(away)
        return groups.allSatisfy { group in
            (counts[group.id] ?? 0) + group.members.count(where: more.contains) <= group.maximumOut
        }
    }
}
