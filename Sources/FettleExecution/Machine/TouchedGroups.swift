import FettleModel

/// Which groups a resource takes members from when it goes out: itself, and whatever it carries.
struct TouchedGroups {
    private(set) var taken: [ResourceID: [PlannedGroup]] = [:]
    private(set) var lent: [ResourceID: [PlannedGroup]] = [:]
    private(set) var carries: [ResourceID: [ResourceID]] = [:]

    /// - Parameter resources: every one that has a step.
    init(_ plan: Plan, _ resources: [ResourceID]) {
        var takers: [ResourceID: [ResourceID]] = [:]
        for resource in resources { takers[resource] = [resource] }
        for target in plan.targets where takers[target.resource] != nil && !target.carries.isEmpty {
            let carried = Set(target.carries).subtracting([target.resource]).sorted()
            carries[target.resource] = carried
        }
        for (carrier, carried) in carries { for resource in carried { takers[resource, default: []].append(carrier) } }
        var movers: [ResourceID: Set<ResourceID>] = [:]
        for step in [plan.steps, plan.rollback].joined() {
            guard case .upgradeThroughController(let upgrade) = step.action else { continue }
            for member in upgrade.members { movers[member, default: []].insert(step.resource) }
        }
        for group in plan.groups {
            var taking: Set<ResourceID> = []
            var moving: Set<ResourceID> = []
            for member in group.members {
                if let found = takers[member] { taking.formUnion(found) }
                if !movers.isEmpty, let found = movers[member] { moving.formUnion(found) }
            }
            for resource in taking { taken[resource, default: []].append(group) }
            for resource in moving.subtracting(taking) { lent[resource, default: []].append(group) }
        }
    }
}
