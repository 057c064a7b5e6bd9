import FettleModel

/// The policy's rules of order, each between the hosts that it selects.
struct OrderRuleTurns {
    private(set) var orders: [StatedOrder] = []
    private(set) var problems: [PlanningRefusal.Problem] = []

    private let memberships: [ResourceID: [GroupID]]

    /// - Parameter hosts: sorted by id.
    init(_ hosts: [Resource], fleet: Fleet, rules: [OrderRule]) {
        memberships = rules.isEmpty ? [:] : Self.memberships(hosts, fleet)
        for rule in rules { add(rule, hosts, fleet) }
    }

    private static func memberships(_ hosts: [Resource], _ fleet: Fleet) -> [ResourceID: [GroupID]] {
        let planned = Set(hosts.map(\.id))
        var result: [ResourceID: [GroupID]] = [:]
        for group in fleet.groups.sorted(by: { $0.id < $1.id }) {
            for member in group.members where planned.contains(member) { result[member, default: []].append(group.id) }
        }
        return result
    }

    private mutating func add(_ rule: OrderRule, _ hosts: [Resource], _ fleet: Fleet) {
        let (first, then) = (rule.first.matcher, rule.then.matcher)
        let firsts = hosts.filter { first.matches($0, memberOf: memberships[$0.id] ?? []) }
        guard !firsts.isEmpty else { return }
        let thens = hosts.filter { then.matches($0, memberOf: memberships[$0.id] ?? []) }
        if let both = Set(firsts.map(\.id)).intersection(thens.map(\.id)).min() {
            problems.append(
                PlanningRefusal.Problem(
                    .orderCycle, at: .resource(both),
                    "the rule '\(rule.name)' puts \(both) before itself: both sides select it; narrow one of them"))
            return
        }
        let because = rule.because.map { ": \($0)" } ?? ""
        var seen: Set<[[ResourceID]]> = []
        for (place, firsts, thens) in pairs(rule.within, firsts, thens, fleet) {
            let turns = [firsts, thens]
            // Groups that overlap in what the rule selects say it once.
            guard !firsts.isEmpty, !thens.isEmpty, seen.insert(turns).inserted else { continue }
            orders.append(
                StatedOrder(
                    order: TurnOrder(reason: "rule '\(rule.name)'\(place)\(because)", turns: turns),
                    source: "rule '\(rule.name)'"))
        }
    }

    private func pairs(
        _ scope: OrderRule.Scope, _ firsts: [Resource], _ thens: [Resource], _ fleet: Fleet
    ) -> [(place: String, firsts: [ResourceID], thens: [ResourceID])] {
        switch scope {
        case .fleet: return [("", firsts.map(\.id), thens.map(\.id))]
        case .environment:
            let byEnvironment = Dictionary(grouping: thens, by: \.environment)
            return Dictionary(grouping: firsts, by: \.environment).sorted { $0.key < $1.key }.map {
                (" in \($0.key)", $0.value.map(\.id), byEnvironment[$0.key]?.map(\.id) ?? [])
            }
        case .group:
            let thensOf = byGroup(thens)
            return byGroup(firsts).sorted { $0.key < $1.key }.map {
                (" in group \($0.key)", $0.value, thensOf[$0.key] ?? [])
            }
        }
    }

    private func byGroup(_ resources: [Resource]) -> [GroupID: [ResourceID]] {
        var result: [GroupID: [ResourceID]] = [:]
        for resource in resources {
            for group in memberships[resource.id] ?? [] { result[group, default: []].append(resource.id) }
        }
        return result
    }
}
