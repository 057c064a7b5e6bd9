import FettleModel

/// For whom a host waits, by the plan's order, in as few words as say all of it.
struct TurnWaits {
    /// A turn of one of the plan's lists, which waits for all turns before it.
    private struct Turn: Hashable {
        var list: Int
        var number: Int
    }

    private let plan: Plan
    /// By resource, the turns right before its own.
    private var before: [ResourceID: [Turn]] = [:]
    private var names: [Turn: String] = [:]

    init(_ plan: Plan) {
        self.plan = plan
        let naming = Naming(plan)
        for (list, order) in plan.order.enumerated() {
            for number in order.turns.indices.dropFirst() {
                let turn = Turn(list: list, number: number - 1)
                for resource in order.turns[number] { before[resource, default: []].append(turn) }
                names[turn] = naming.name(order.turns[number - 1])
            }
        }
    }

    /// For whom somebody waits that is named is not said again: a lane's first says it for all behind it.
    func words(of resource: ResourceID, bakes: [StepID]) -> String {
        let turns = (before[resource] ?? []).sorted { size($0) < size($1) }
        var told: Set<Turn> = []
        // Many lists may name the same few: each is looked at once.
        var named: Set<ResourceID> = []
        var words: [String] = []
        for turn in turns where !told.contains(turn) && words.count <= 3 {
            if let name = names[turn], !words.contains(name) { words.append(name) }
            for member in plan.order[turn.list].turns[turn.number].prefix(4) where named.insert(member).inserted {
                told.formUnion(before[member] ?? [])
            }
        }
        let all = bakes.map(\.rawValue) + words.prefix(3) + (words.count > 3 ? ["…"] : [])
        return all.isEmpty ? "-" : all.joined(separator: ", ")
    }

    private func size(_ turn: Turn) -> Int { plan.order[turn.list].turns[turn.number].count }

    /// Names for turns: of a few their own, of many what they have in common.
    private struct Naming {
        private var group: [ResourceID: GroupID] = [:]
        private var environment: [ResourceID: EnvironmentID] = [:]

        init(_ plan: Plan) {
            for group in plan.groups.sorted(by: { ($0.members.count, $0.id) < ($1.members.count, $1.id) }) {
                for member in group.members where self.group[member] == nil { self.group[member] = group.id }
            }
            for target in plan.targets { environment[target.resource] = target.environment }
        }

        func name(_ turn: [ResourceID]) -> String {
            guard turn.count > 2, let first = turn.first else { return turn.map(\.rawValue).joined(separator: ", ") }
            if let group = group[first], turn.allSatisfy({ self.group[$0] == group }) {
                return "\(turn.count) of group \(group)"
            }
            if let environment = environment[first], turn.allSatisfy({ self.environment[$0] == environment }) {
                return "\(turn.count) of \(environment)"
            }
            return PlanView.list(turn.map(\.rawValue), limit: 2)
        }
    }
}
