import FettleModel

/// I1, I3, I8 of an upgrade that a cluster's own controller carries out: so many members of every group of theirs as it may have out
/// at once can be out while it works, whichever they are; nobody else of those groups is. All are proven before it counts as back.
struct ControllerCheck {
    let tables: PlanTables
    let outages: Outages
    let turns: TurnIndex

    func judge(_ found: inout ViolationList) {
        let forward = positions(tables.forward)
        let back = positions(tables.rollback)
        guard !forward.isEmpty || !back.isEmpty else { return }
        var ancestry = StepAncestry(tables.forward)
        let groups = GroupsOfMembers(tables, outages)
        for (table, positions) in [(tables.forward, forward), (tables.rollback, back)] {
            for (position, upgrade) in positions {
                judgeForm(upgrade, position, table, groups, &found)
                judgeCapacity(upgrade, position, table, groups, &found)
            }
        }
        for (position, upgrade) in forward {
            judgeProofs(upgrade, position, &ancestry, &found)
            judgeWayBack(upgrade, position, back, &found)
        }
        for (position, upgrade) in back where tables.rollback.steps[position].compensates == nil {
            found.add(
                .rollback,
                "\(tables.rollback.id(position)) upgrades \(upgrade.cluster) on the way back and takes no step back",
                steps: [tables.rollback.id(position)])
        }
        if ancestry.isExhausted { found.add(.order, "too many dependencies lie between upgrades and their proofs") }
    }

    private func positions(_ table: StepTable) -> [(position: Int, upgrade: ControllerUpgrade)] {
        table.traits.indices.filter { table.traits[$0].contains(.movesOthers) }.compactMap { position in
            guard case .upgradeThroughController(let upgrade) = table.steps[position].action else { return nil }
            return (position, upgrade)
        }
    }

    private func judgeForm(
        _ upgrade: ControllerUpgrade, _ position: Int, _ table: StepTable, _ groups: GroupsOfMembers,
        _ found: inout ViolationList
    ) {
        let (id, controller) = (table.id(position), table.steps[position].resource)
        func form(_ message: String) { found.add(.form, "\(id) \(message)", steps: [id]) }
        if table.steps[position].availability != .requiresOut {
            form("takes members out, and so needs \(controller) to be out, which it does not say")
        }
        guard let cluster = groups.named[upgrade.cluster].map({ tables.plan.groups[$0] }) else {
            return form("upgrades group \(upgrade.cluster), which does not exist")
        }
        let members = Set(upgrade.members)
        if members.isEmpty || members.count != upgrade.members.count || !members.isSubset(of: cluster.members) {
            form("must name members of group \(upgrade.cluster), each once")
        }
        if cluster.members.contains(controller) { form("takes its own controller \(controller) through as a member") }
        if upgrade.atOnce < 1 || upgrade.stallSeconds < 1 {
            form("must allow at least one member at once, and some time without progress")
        }
    }

    private func judgeCapacity(
        _ upgrade: ControllerUpgrade, _ position: Int, _ table: StepTable, _ groups: GroupsOfMembers,
        _ found: inout ViolationList
    ) {
        let controller = table.target(position)
        let (id, name, moved) = (table.id(position), tables.targets.name(controller), Set(upgrade.members))
        for member in upgrade.members {
            guard let target = tables.targets.place(of: member), outages.has(target) else { continue }
            found.add(
                .capacity, "\(member) is taken out by the plan and by its controller \(name) as well", steps: [id])
        }
        for (place, count) in groups.counts(of: moved) {
            let group = tables.plan.groups[place]
            let most = min(count, max(1, upgrade.atOnce)) + (group.members.contains(name) ? 1 : 0)
            if most > CapacityCheck.allowed(group) {
                found.add(
                    .capacity,
                    "\(id) may have \(most) of the \(group.members.count) members of group \(group.id) out at once, "
                        + "\(max(0, CapacityCheck.allowed(group))) may be", steps: [id])
            }
            let load = GroupLoad(group, tables.targets, outages, groups.carriers)
            for taker in load.takers.map(Int.init) where taker != controller && !turns.keepsApart(taker, controller) {
                found.add(
                    .capacity,
                    "\(tables.targets.name(taker)) can be out while \(id) has other members of group \(group.id) out",
                    steps: [id])
                break
            }
        }
    }

    /// Each member is proven after the upgrade, by its own facts, and before the controller is back.
    private func judgeProofs(
        _ upgrade: ControllerUpgrade, _ position: Int, _ ancestry: inout StepAncestry, _ found: inout ViolationList
    ) {
        let table = tables.forward
        let id = table.id(position)
        guard let end = outages.forward[table.target(position)].map({ Int($0.end) }) else { return }
        let before = ancestry.ancestors(of: end)
        for member in upgrade.members {
            let proof = tables.targets.place(of: member).flatMap { target in
                table.chain(of: target).map { Int($0) }.last {
                    table.traits[$0].contains(.proves) && before.contains($0)
                }
            }
            if let proof, ancestry.precedes(position, proof) { continue }
            found.add(
                .order, "\(table.id(end)) can end the upgrade though nothing has proven \(member) since \(id)",
                steps: [id, table.id(end)])
        }
        let chain = Chain(table, of: table.target(position))
        let isStaged = (0..<chain.count).contains { link in
            guard chain.precedes(link, Int(table.links[position])), case .stage(let staged) = chain.action(link)
            else { return false }
            return staged.manager == upgrade.transaction.manager && staged.changes == upgrade.transaction.changes
        }
        if !isStaged {
            found.add(.rollback, "\(id) upgrades to versions whose earlier ones no step has kept before", steps: [id])
        }
    }

    private func judgeWayBack(
        _ upgrade: ControllerUpgrade, _ position: Int, _ back: [(position: Int, upgrade: ControllerUpgrade)],
        _ found: inout ViolationList
    ) {
        let step = tables.forward.steps[position]
        guard step.rollbackClass != .irreversible else { return }
        let ways = back.filter { tables.rollback.steps[$0.position].compensates == step.id }
        let isReturned = ways.count == 1 && ways.allSatisfy { leads($0.upgrade, backFrom: upgrade) }
        if isReturned { return }
        found.add(
            .rollback,
            "\(step.id) is taken back by \(ways.count) steps, or not for the same members to the versions before it",
            steps: [step.id] + ways.map { tables.rollback.id($0.position) })
    }

    private func leads(_ back: ControllerUpgrade, backFrom upgrade: ControllerUpgrade) -> Bool {
        let (there, here) = (upgrade.transaction, back.transaction)
        return back.cluster == upgrade.cluster && back.members == upgrade.members && back.atOnce <= upgrade.atOnce
            && here.purpose == .rollback && here.manager == there.manager
            && here.changes.elementsEqual(there.changes) { $0 == $1.reversed }
    }
}

/// Groups by their names and by their members, those that are no targets included.
private struct GroupsOfMembers {
    let carriers: CarrierIndex
    private(set) var named: [GroupID: Int] = [:]
    private var places: [ResourceID: [Int]] = [:]

    init(_ tables: PlanTables, _ outages: Outages) {
        carriers = CarrierIndex(tables.targets, outages)
        for (place, group) in tables.plan.groups.enumerated() {
            named[group.id] = place
            for member in group.members { places[member, default: []].append(place) }
        }
    }

    /// How many of the members are in each group, by its place.
    func counts(of members: Set<ResourceID>) -> [(place: Int, count: Int)] {
        var counts: [Int: Int] = [:]
        for member in members { for place in places[member] ?? [] { counts[place, default: 0] += 1 } }
        return counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
