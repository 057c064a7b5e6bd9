import FettleModel

/// A switch of all traffic of a group from one side of it to the other, as the plan has it.
struct TrafficTurn {
    /// The group's place in the plan.
    let group: Int
    let turn: TrafficSwitch
    /// Positions on the way forward: the switch, and the step that sees that nothing has to be turned away from the
    /// side that is worked on first.
    let position: Int
    let seen: Int?
    /// Watches the side that has taken the traffic; nil: nothing does.
    let bake: Int?
    /// The position on the way back of what turns the traffic back; nil: nothing does.
    let back: Int?
}

/// All switches of a plan, one for each group at most; what is malformed is told.
struct TrafficTurns {
    private(set) var turns: [TrafficTurn] = []
    /// Groups whose traffic is turned as a whole, so that no member is drained: by their ids.
    private(set) var groups: Set<GroupID> = []

    init(_ tables: PlanTables, _ found: inout ViolationList) {
        let forward = Self.switches(tables.forward, &found)
        let back = Self.switches(tables.rollback, &found)
        guard !forward.isEmpty || !back.isEmpty else { return }
        let places = Dictionary(
            tables.plan.groups.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
        var bakes: [GroupID: [Int]] = [:]
        for position in tables.forward.traits.indices where tables.forward.traits[position].contains(.bakes) {
            if let group = tables.forward.steps[position].group { bakes[group, default: []].append(position) }
        }
        for (position, turn) in forward where !turn.from.isEmpty {
            guard let group = places[turn.group] else {
                found.add(
                    .form,
                    "\(tables.forward.id(position)) turns the traffic of group \(turn.group), which does not exist",
                    steps: [tables.forward.id(position)])
                continue
            }
            guard groups.insert(turn.group).inserted else {
                found.add(
                    .form, "\(tables.forward.id(position)) turns the traffic of group \(turn.group) once more",
                    steps: [tables.forward.id(position)])
                continue
            }
            Self.judge(turn, of: tables.plan.groups[group], at: tables.forward.id(position), &found)
            let seen = forward.first { $0.turn.from.isEmpty && $0.turn.group == turn.group && $0.turn.to == turn.from }
            let watching = bakes[turn.group]?.first { bake in
                guard case .bake(_, let watched, _, _) = tables.forward.steps[bake].action else { return false }
                return Set(watched).isSuperset(of: turn.to)
            }
            let returning = back.filter {
                tables.rollback.steps[$0.position].compensates == tables.forward.id(position)
            }
            let isReturned = returning.count == 1 && returning[0].turn == turn.reversed
            if !isReturned {
                found.add(
                    .rollback,
                    "the traffic of group \(turn.group) is turned back by \(returning.count) steps, or not the way "
                        + "that \(tables.forward.id(position)) turned it",
                    steps: [tables.forward.id(position)] + returning.map { tables.rollback.id($0.position) })
            }
            turns.append(
                TrafficTurn(
                    group: group, turn: turn, position: position, seen: seen?.position, bake: watching,
                    back: isReturned ? returning[0].position : nil))
        }
        for (position, turn) in back where !turns.contains(where: { $0.back == position }) {
            found.add(
                .rollback,
                "\(tables.rollback.id(position)) turns the traffic of group \(turn.group), and takes back no switch",
                steps: [tables.rollback.id(position)])
        }
    }

    private static func switches(
        _ table: StepTable, _ found: inout ViolationList
    ) -> [(position: Int, turn: TrafficSwitch)] {
        var result: [(position: Int, turn: TrafficSwitch)] = []
        for position in table.traits.indices where table.traits[position].contains(.isOfGroup) {
            guard case .switchTraffic(let turn) = table.steps[position].action else { continue }
            if table.steps[position].availability != .none || table.steps[position].group != turn.group {
                found.add(
                    .form, "\(table.id(position)) must be a step of group \(turn.group) that takes nobody out",
                    steps: [table.id(position)])
            }
            result.append((position, turn))
        }
        return result
    }

    private static func judge(
        _ turn: TrafficSwitch, of group: PlannedGroup, at step: StepID, _ found: inout ViolationList
    ) {
        let (from, to) = (Set(turn.from), Set(turn.to))
        if to.isEmpty || !from.isDisjoint(with: to) || from.union(to) != Set(group.members) {
            found.add(
                .form, "\(step) must turn the traffic of group \(group.id) from some of its members to all others",
                steps: [step])
        }
        if turn.traffic != group.traffic {
            found.add(.form, "\(step) turns other traffic than that of group \(group.id)", steps: [step])
        }
        if turn.probes.isEmpty {
            found.add(
                .order,
                "\(step) turns all traffic of group \(group.id) though nothing says that the other side is well",
                steps: [step])
        }
    }
}
