import FettleModel

/// I3, I7, I8 of a group whose traffic is turned from one side to the other: nobody is worked on while it serves. The
/// side that takes the traffic is seen to serve nobody, finished and proven before the switch; the other is not touched
/// before the switch has been watched; on the way back it is the other way round.
///
/// Taken for granted: what `TrafficSwitch` says, that nothing is turned unless everyone of the side that takes it
/// passes its probes.
struct SwitchCheck {
    let tables: PlanTables
    let outages: Outages
    let members: MemberIndex
    let turns: [TrafficTurn]

    init(_ tables: PlanTables, _ outages: Outages, _ members: MemberIndex, _ turns: TrafficTurns) {
        self.tables = tables
        self.outages = outages
        self.members = members
        self.turns = turns.turns
    }

    func judge(_ found: inout ViolationList) {
        judgeRetirements(&found)
        guard !turns.isEmpty else { return }
        var forward = StepAncestry(tables.forward)
        var back = StepAncestry(tables.rollback)
        for turn in turns {
            judgeTaking(turn, &forward, &found)
            judgeGiving(turn, &forward, &found)
            judgeWayBack(turn, &back, &found)
            judgeDrains(turn, &found)
        }
        if forward.isExhausted || back.isExhausted {
            found.add(.order, "too many dependencies lie between the steps of groups whose traffic is turned")
        }
    }

    private func places(_ names: [ResourceID]) -> [Int] { names.compactMap(tables.targets.place(of:)) }

    /// The side that takes the traffic: back before the switch, and out only when it was seen to serve nobody.
    private func judgeTaking(_ turn: TrafficTurn, _ ancestry: inout StepAncestry, _ found: inout ViolationList) {
        let before = ancestry.ancestors(of: turn.position)
        let (table, id) = (tables.forward, tables.forward.id(turn.position))
        for target in places(turn.turn.to) {
            guard let outage = outages.forward[target] else { continue }
            if !before.contains(Int(outage.end)) {
                found.add(
                    .order, "\(id) can turn the traffic to \(tables.targets.name(target)) before it is back",
                    steps: [table.id(Int(outage.end)), id])
            }
            guard let seen = turn.seen, ancestry.precedes(seen, Int(outage.begin)) else {
                found.add(
                    .order,
                    "\(tables.targets.name(target)) can be taken out though it may still serve: nothing has seen that "
                        + "all traffic of group \(turn.turn.group) is on the other side",
                    steps: [table.id(Int(outage.begin))])
                continue
            }
        }
    }

    /// The side that gives the traffic away: whole until all traffic on the other one was watched.
    private func judgeGiving(_ turn: TrafficTurn, _ ancestry: inout StepAncestry, _ found: inout ViolationList) {
        let (table, id) = (tables.forward, tables.forward.id(turn.position))
        for target in places(turn.turn.from) {
            for position in table.chain(of: target).map(Int.init) where isTouching(table, position) {
                if let bake = turn.bake, ancestry.precedes(turn.position, bake), ancestry.precedes(bake, position) {
                    continue
                }
                found.add(
                    .order,
                    "\(tables.targets.name(target)) can be touched before all traffic of group \(turn.turn.group) has "
                        + "been watched on the other side: the way back would not find it whole",
                    steps: [id, table.id(position)])
                break
            }
        }
    }

    private func isTouching(_ table: StepTable, _ position: Int) -> Bool {
        !table.traits[position].isDisjoint(with: [.isDisruptive, .changes, .retires])
    }

    private func judgeWayBack(_ turn: TrafficTurn, _ ancestry: inout StepAncestry, _ found: inout ViolationList) {
        guard let back = turn.back else { return }
        let (table, id) = (tables.rollback, tables.rollback.id(back))
        let before = ancestry.ancestors(of: back)
        for target in places(turn.turn.from) {
            guard let outage = outages.back[target], !before.contains(Int(outage.end)) else { continue }
            found.add(
                .rollback, "\(id) can turn the traffic back to \(tables.targets.name(target)) before it is back",
                steps: [table.id(Int(outage.end)), id])
        }
        for target in places(turn.turn.to) {
            guard let outage = outages.back[target], !ancestry.precedes(back, Int(outage.begin)) else { continue }
            found.add(
                .rollback,
                "on the way back \(tables.targets.name(target)) can be taken out before \(id) has turned the traffic "
                    + "away",
                steps: [id, table.id(Int(outage.begin))])
        }
    }

    /// A restore would give traffic to a member whose side has none.
    private func judgeDrains(_ turn: TrafficTurn, _ found: inout ViolationList) {
        let traffic = turn.turn.traffic
        for target in places(turn.turn.from + turn.turn.to) {
            for table in [tables.forward, tables.rollback] {
                let name = tables.targets.name(target)
                for position in table.chain(of: target).map(Int.init) {
                    guard let other = table.steps[position].action.memberTraffic,
                        TrafficPlace(other, of: name) == TrafficPlace(traffic, of: name)
                    else { continue }
                    found.add(
                        .ownership,
                        "\(table.id(position)) changes the traffic of \(name) alone, which is turned with its whole "
                            + "side",
                        steps: [table.id(position)])
                }
            }
        }
    }

    // MARK: Retiring

    /// I1, I8: who is shut down for good served nobody, is missed by no group, and can't be brought back.
    private func judgeRetirements(_ found: inout ViolationList) {
        var retired: [Int: Int] = [:]
        for position in tables.forward.traits.indices where tables.forward.traits[position].contains(.retires) {
            let (step, target) = (tables.forward.steps[position], tables.forward.target(position))
            let name = tables.targets.name(target)
            if step.availability != .none || step.rollbackClass != .irreversible {
                found.add(
                    .form, "\(step.id) must be irreversible, and neither take \(name) out nor bring it back",
                    steps: [step.id])
            }
            if outages.has(target) || !tables.plan.targets[target].carries.isEmpty {
                found.add(
                    .order, "\(name) is to be retired, and is worked on or carries others in the same plan",
                    steps: [step.id])
            }
            let turn = turns.first { $0.turn.from.contains(name) }
            let others: [Int] = members.groups(of: target).map { Int($0) }.filter { $0 != turn?.group }
            if turn == nil || !others.isEmpty {
                let group =
                    others.first.map { tables.plan.groups[$0].id.rawValue } ?? "none whose traffic is turned away"
                found.add(
                    .capacity, "\(name) is to be retired, and is a member of group \(group)", steps: [step.id])
            }
            if let turn { retired[turn.group, default: 0] += 1 }
        }
        for position in tables.rollback.traits.indices where tables.rollback.traits[position].contains(.retires) {
            let id = tables.rollback.id(position)
            found.add(.rollback, "\(id) shuts a resource down for good on the way back", steps: [id])
        }
        for turn in turns {
            guard let count = retired[turn.group] else { continue }
            let group = tables.plan.groups[turn.group]
            let worked = places(turn.turn.from).count { outages.has($0) }
            let left = group.members.count - count - worked
            guard left < group.minimumAvailable else { continue }
            found.add(
                .capacity,
                "when \(count) members are retired group \(group.id) has \(left) of \(group.members.count), "
                    + "needs \(group.minimumAvailable)")
        }
    }
}

extension StepAction {
    /// The traffic of one member that is drained or restored.
    fileprivate var memberTraffic: TrafficBinding? {
        switch self {
        case .drain(let traffic), .restore(let traffic): traffic
        default: nil
        }
    }
}

/// One server of one backend.
private struct TrafficPlace: Equatable {
    var driver: String
    var via: ResourceID
    var endpoint: String
    var backend: String
    var server: String

    init(_ traffic: TrafficBinding, of member: ResourceID) {
        driver = traffic.driver
        via = traffic.via
        endpoint = traffic.endpoint
        backend = traffic.backend(of: member)
        server = traffic.serverName(of: member)
    }
}
