public import FettleModel

/// Something that is asked of a plan and could be asked for less of: what a conflict is made of.
public enum Demand: Codable, Sendable, Hashable {
    /// So many members of the group stay available.
    case minimum(GroupID)
    /// No more of the group's members are out at once than its strategy says.
    case strategy(GroupID)
    /// The group comes after others.
    case groupOrder(GroupID)
    /// One environment after the other.
    case environmentOrder
    /// Everything is done inside the windows.
    case windows
    /// No more steps at the same time.
    case parallelSteps

    /// In words, for "these cannot all be met".
    func words(in input: PlanningInput) -> String {
        switch self {
        case .minimum(let id):
            let group = input.fleet.group(id)
            let minimum = group.map { StrategyPass.minimum(of: $0) } ?? 0
            return "group \(id) keeps \(minimum) of \(group?.members.count ?? 0) members"
        case .strategy(let id): return "group \(id) has no more out at once than its strategy says"
        case .groupOrder(let id):
            let others = input.fleet.group(id)?.after.map(\.rawValue).sorted().joined(separator: ", ") ?? ""
            return "group \(id) comes after \(others)"
        case .environmentOrder:
            return
                "environments follow each other: \(input.fleet.environments.map(\.id.rawValue).joined(separator: ", "))"
        case .windows: return "all is done inside the maintenance windows"
        case .parallelSteps: return "no more than \(input.policy.limits.parallelSteps) steps at the same time"
        }
    }

    /// The same input without the demand.
    func dropped(from input: PlanningInput) -> PlanningInput {
        var input = input
        switch self {
        case .minimum(let id):
            input.changeGroup(id) {
                $0.minimumAvailable = .count(0)
                $0.kind = $0.kind.withoutQuorum
            }
        case .strategy(let id):
            input.changeGroup(id) { $0.strategy = $0.rolling(max(1, $0.members.count)) }
        case .groupOrder(let id): input.changeGroup(id) { $0.after = [] }
        case .environmentOrder:
            guard let first = input.fleet.environments.first else { break }
            // One environment for all: who is in which is of no matter to anything else that is asked here.
            for place in input.fleet.resources.indices { input.fleet.resources[place].environment = first.id }
            if !input.environments.isEmpty { input.environments = [first.id] }
        case .windows: input.windows = .anyTime
        case .parallelSteps: input.policy.limits.parallelSteps = max(1, input.selection.hosts.count * 2)
        }
        return input
    }
}

extension PlanningInput {
    mutating func changeGroup(_ id: GroupID, _ change: (inout ResourceGroup) -> Void) {
        for place in fleet.groups.indices where fleet.groups[place].id == id { change(&fleet.groups[place]) }
    }

    /// Every demand that this input makes and that could be dropped, in an order that does not hang on the order of its lists. Only
    /// of the groups named, if any are.
    func demands(of only: Set<GroupID>? = nil) -> [Demand] {
        let selected = withMachines(on: Set(selection.hosts.map(\.resource)))
        let touched = fleet.groups.filter { group in
            only?.contains(group.id) ?? group.members.contains { selected.contains($0) }
        }.sorted { $0.id < $1.id }
        var result: [Demand] = []
        if windows.isBinding { result.append(.windows) }
        for group in touched {
            if StrategyPass.minimum(of: group) > 0 { result.append(.minimum(group.id)) }
            result.append(.strategy(group.id))
            if !group.after.isEmpty { result.append(.groupOrder(group.id)) }
        }
        if Set(fleet.resources.filter { selected.contains($0.id) }.map(\.environment)).count > 1 {
            result.append(.environmentOrder)
        }
        result.append(.parallelSteps)
        return result
    }
}

extension ResourceGroup.Kind {
    /// The kind without what it asks for by itself.
    var withoutQuorum: Self { self == .cluster ? .pool : self }
}
