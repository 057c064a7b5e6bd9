import FettleModel

/// All that can be judged of one resource by its own steps; resource after resource.
struct ResourceChecks {
    let tables: PlanTables
    let members: MemberIndex
    /// Whose traffic is turned as a whole: none of their members is drained (`SwitchCheck`).
    let turnedGroups: Set<GroupID>

    func judge(_ found: inout ViolationList) -> Outages {
        let count = tables.targets.count
        var outages = Outages(
            forward: [Outage?](repeating: nil, count: count), back: [Outage?](repeating: nil, count: count))
        for target in 0..<count {
            let resource = tables.targets.name(target)
            let forward = Chain(tables.forward, of: target)
            let back = Chain(tables.rollback, of: target)
            let groups = members.groups(of: target).map { tables.plan.groups[Int($0)] }
            outages.forward[target] = judge(forward, of: resource, groups, &found)
            outages.back[target] = judge(back, of: resource, groups, &found)
            RollbackCheck(forward: forward, back: back, resource: resource).judge(&found)
            WayBackCheck(forward: forward, back: back, resource: resource)
                .judge(outages.forward[target], outages.back[target], &found)
        }
        return outages
    }

    private func judge(
        _ chain: Chain, of resource: ResourceID, _ groups: [PlannedGroup], _ found: inout ViolationList
    ) -> Outage? {
        RebootCheck(chain: chain).judge(&found)
        guard let outage = OutageCheck(chain: chain, resource: resource).outage(&found) else { return nil }
        let drained = turnedGroups.isEmpty ? groups : groups.filter { !turnedGroups.contains($0.id) }
        TrafficCheck(chain: chain, resource: resource, groups: drained).judge(&found)
        return outage
    }
}
