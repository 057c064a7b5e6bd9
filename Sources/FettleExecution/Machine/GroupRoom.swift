import FettleModel

/// How many members of each group this run has out, or is about to take out. Counted once for all steps that are looked at in one
/// go.
struct GroupRoom {
    private var away: Set<ResourceNumber> = []
    private var counts: [GroupNumber: Int] = [:]

    static func now(_ machine: RunMachine) -> GroupRoom {
        var room = GroupRoom()
        room.count(machine)
        return room
    }

    /// What is in quarantine is no choice of the plan's: it counts against the minimum, not against the plan's `maximumOut`.
    private mutating func count(_ machine: RunMachine) {
        for resource in machine.fold.out { add(resource, machine) }
        for resource in machine.held { add(resource, machine) }
        for number in machine.activities.keys {
            let step = machine.index.step(number)
            if step.availability == .takesOut { add(step.resource, machine) }
        }
    }

    mutating func add(_ resource: ResourceNumber, _ machine: RunMachine) {
        guard !machine.fold.isQuarantined(resource) else { return }
        let groups = machine.index.groups
        // What is out by itself and with its carrier is one member.
        if away.insert(resource).inserted { count(groups.memberships[resource]) }
        guard !groups.isAlone[resource] else { return }
        for carried in groups.carries[resource] where away.insert(carried).inserted {
            count(groups.memberships[carried])
        }
    }

    private mutating func count(_ groups: ArraySlice<GroupNumber>) {
        for group in groups { counts[group, default: 0] += 1 }
    }

    func isLeft(for resource: ResourceNumber, _ machine: RunMachine) -> Bool {
        let groups = machine.index.groups
        var more: [GroupNumber: Int] = [:]
        func note(_ one: ResourceNumber) {
            guard !away.contains(one) else { return }
            for group in groups.memberships[one] { more[group, default: 0] += 1 }
        }
        note(resource)
        for carried in groups.carries[resource] { note(carried) }
        return groups.taken[resource].allSatisfy { group in
            (counts[group] ?? 0) + (more[group] ?? 0) <= machine.index.planned(group).maximumOut
        }
    }
}
