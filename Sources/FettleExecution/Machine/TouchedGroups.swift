import FettleModel

/// Which groups a resource takes members from when it goes out: itself, and whatever it carries.
final class TouchedGroups: Sendable {
    /// In the plan's order.
    let taken: Lists<Resource, GroupNumber>
    /// Groups of which a resource is no member and whose members' health the guard needs before it goes out: those of the members
    /// that a controller takes out by its own choice.
    let lent: Lists<Resource, GroupNumber>
    /// What goes out with a resource. Sorted by name.
    let carries: Lists<Resource, ResourceNumber>
    /// The groups of which a resource is a member itself, once for each time that it is named there.
    let memberships: Lists<Resource, GroupNumber>
    /// Neither carries anything nor is carried.
    let isAlone: Table<Resource, Bool>

    init(_ plan: Plan, _ names: PlanNames) {
        let none: [[GroupNumber]] = Array(repeating: [], count: names.resourceNames.count)
        var carries: [[ResourceNumber]] = Array(repeating: [], count: none.count)
        var isAlone = Table<Resource, Bool>(repeating: true, count: none.count)
        for target in plan.targets where !target.carries.isEmpty {
            guard let carrier = names.resources[target.resource], carrier.asInt < names.steppedCount else { continue }
            carries[carrier.asInt] = Set(target.carries).subtracting([target.resource]).sorted()
                .compactMap { names.resources[$0] }
            isAlone[carrier] = false
        }
        var carriers = carries.map { _ in [ResourceNumber]() }
        for (carrier, carried) in carries.enumerated() {
            for resource in carried {
                carriers[resource.asInt].append(ResourceNumber(carrier))
                isAlone[resource] = false
            }
        }
        var movers: [ResourceID: Set<ResourceNumber>] = [:]
        for step in [plan.steps, plan.rollback].joined() {
            guard case .upgradeThroughController(let upgrade) = step.action,
                let controller = names.resources[step.resource]
            else { continue }
            for member in upgrade.members { movers[member, default: []].insert(controller) }
        }
        var (taken, lent, memberships) = (none, none, none)
        for (place, group) in plan.groups.enumerated() {
            let number = GroupNumber(place)
            var taking: Set<ResourceNumber> = []
            var moving: Set<ResourceNumber> = []
            for member in group.members {
                if !movers.isEmpty, let found = movers[member] { moving.formUnion(found) }
                guard let resource = names.resources[member] else { continue }
                memberships[resource.asInt].append(number)
                if resource.asInt < names.steppedCount { taking.insert(resource) }
                taking.formUnion(carriers[resource.asInt])
            }
            for resource in taking { taken[resource.asInt].append(number) }
            for resource in moving.subtracting(taking) { lent[resource.asInt].append(number) }
        }
        self.taken = Lists(taken)
        self.lent = Lists(lent)
        self.carries = Lists(carries)
        self.memberships = Lists(memberships)
        self.isAlone = isAlone
    }
}
