import FettleModel

/// What resources (`after`), tiers and rules of order say of who goes before whom, as turns among the hosts that are planned.
///
/// Nothing is said of hosts that are not planned. A resource that comes after another one by way of some that are not planned comes
/// after it all the same; a rule of order speaks of its own pairs alone.
enum RuleOrders {
    /// - Parameters:
    ///   - planned: the resources that the plan takes out.
    ///   - others: orders from elsewhere that hold as well, such as those of release rules. They are not among the result: it is only
    ///     looked whether all of them together contradict themselves.
    ///   - isBack: the other way round, for a plan that takes back what was done in that order.
    /// - Returns: the orders in a stable order; none where there are problems. Each contradiction is told with the path that makes it.
    static func turnOrders(
        for planned: [Resource], fleet: Fleet, policy: Policy, besides others: [TurnOrder] = [],
        isBack: Bool = false
    ) -> (orders: [TurnOrder], problems: [PlanningRefusal.Problem]) {
        let hosts = planned.sorted { $0.id < $1.id }
        let after = DeclaredAfter(hosts, fleet: fleet)
        let rules = OrderRuleTurns(hosts, fleet: fleet, rules: policy.order)
        let tiers = TierTurns.orders(hosts, fleet: fleet)
        let own = isBack ? (tiers + rules.orders).map(\.turnedRound) : tiers + rules.orders
        let pairs = isBack ? after.pairs.map(\.turnedRound) : after.pairs
        var problems = after.problems + rules.problems
        let rest = others.map { StatedOrder(order: $0, source: $0.reason) }
        let environments = pairs.isEmpty && own.isEmpty ? [] : environments(hosts, fleet)
        let cycles = OrderCycles(pairs + own + rest + environments)
        problems += cycles.paths().map(refusal)
        guard problems.isEmpty else { return ([], problems) }
        let declared = isBack ? after.orders().map(\.turnedRound) : after.orders()
        return (declared + own.map(\.order), [])
    }

    /// Only so that a rule which goes against it is told by its name: environments have their order anyway.
    private static func environments(_ hosts: [Resource], _ fleet: Fleet) -> [StatedOrder] {
        let byEnvironment = Dictionary(grouping: hosts, by: \.environment)
        let turns = fleet.environments.compactMap { byEnvironment[$0.id]?.map(\.id) }
        guard turns.count > 1 else { return [] }
        let words = "the order of environments"
        return [StatedOrder(order: TurnOrder(reason: words, turns: turns), source: words)]
    }

    private static func refusal(_ path: [OrderCycles.Link]) -> PlanningRefusal.Problem {
        let words = path.map { "\($0.later) after \($0.earlier) (\($0.source))" }
        let shown = words.count > 12 ? words.prefix(6) + ["… \(words.count - 11) more …"] + words.suffix(5) : words[...]
        return PlanningRefusal.Problem(
            .orderCycle, at: .plan,
            "resources wait for each other: \(shown.joined(separator: ", ")); take one of these back")
    }

    /// `a, b and 7 more`.
    static func words(_ ids: [ResourceID]) -> String {
        let names = ids.prefix(ids.count > 3 ? 2 : 3).map(\.rawValue).joined(separator: ", ")
        return ids.count > 3 ? "\(names) and \(ids.count - 2) more" : names
    }
}

/// An order, and who says so, for the paths of contradictions.
struct StatedOrder: Equatable {
    var order: TurnOrder
    var source: String

    var turnedRound: StatedOrder { StatedOrder(order: order.turnedRound, source: source) }
}

extension TurnOrder {
    /// Whoever was last is first.
    fileprivate var turnedRound: TurnOrder {
        var order = self
        order.turns.reverse()
        order.reason += ", the other way round"
        return order
    }
}
