import FettleModel
import FettleTestSupport
import Testing

@testable import FettlePlanning

/// Over fleets with `after`, tiers and rules of every kind, held against the pairs that these say by themselves.
@Suite struct RuleOrderPropertyTests {
    private struct Case {
        var fleet: Fleet
        var planned: [Resource]
        var policy: Policy
    }

    private static func make(_ random: inout SplitMix, isAcyclic: Bool) -> Case {
        let roles = ["a", "b", "c"]
        let count = Int.random(in: 2...12, using: &random)
        var resources: [Resource] = []
        for number in 0..<count {
            // With ids in the order of their numbers, an `after` that only looks back closes no circle.
            let id = ResourceID("r\(String(number + 10))")
            let others = (0..<(isAcyclic ? number : count)).filter {
                $0 != number && Int.random(in: 0..<5, using: &random) == 0
            }
            resources.append(
                Resource(
                    id: id, address: .local, environment: "live",
                    labels: isAcyclic ? [:] : ["role": roles.randomElement(using: &random) ?? "a"],
                    after: others.map { ResourceID("r\(String($0 + 10))") },
                    tier: isAcyclic || Bool.random(using: &random) ? nil : String(Int.random(in: 0...2, using: &random))
                ))
        }
        let rules = ["a", "b", "c"].flatMap { first in roles.map { (first, $0) } }
            .filter { $0 != $1 && Int.random(in: 0..<8, using: &random) == 0 }
            .map { first, then in
                OrderRule(
                    name: "\(first) before \(then)", first: ResourceSelector(labels: ["role": [first]]),
                    then: ResourceSelector(labels: ["role": [then]]),
                    within: OrderRule.Scope.allCases.randomElement(using: &random) ?? .fleet)
            }
        let groups = [
            ResourceGroup(
                id: "g", members: resources.map(\.id).filter { _ in Bool.random(using: &random) },
                minimumAvailable: .count(0))
        ]
        let fleet = Fleet(
            environments: [Environment(id: "live", isProtected: false)], resources: resources, groups: groups)
        return Case(
            fleet: fleet, planned: resources.filter { _ in Int.random(in: 0..<4, using: &random) > 0 },
            policy: Policy(order: isAcyclic ? [] : rules))
    }

    /// Every "later after earlier" among the planned, found by looking at each pair.
    private static func pairs(_ given: Case) -> Set<[ResourceID]> {
        let planned = Set(given.planned.map(\.id))
        var pairs: Set<[ResourceID]> = []
        for later in given.planned {
            var open = later.after
            var seen: Set<ResourceID> = []
            while let id = open.popLast() {
                guard seen.insert(id).inserted else { continue }
                if planned.contains(id) {
                    pairs.insert([id, later.id])
                } else {
                    open += given.fleet.resource(id)?.after ?? []
                }
            }
            for earlier in given.planned where earlier.id != later.id {
                if let one = earlier.tier.flatMap({ Int($0) }), let other = later.tier.flatMap({ Int($0) }), one < other
                {
                    pairs.insert([earlier.id, later.id])
                }
                for rule in given.policy.order {
                    let isTogether =
                        rule.within != .group
                        || given.fleet.groups[0].members.contains(earlier.id)
                            && given.fleet.groups[0].members.contains(later.id)
                    guard isTogether, rule.first.matcher.matches(earlier), rule.then.matcher.matches(later) else {
                        continue
                    }
                    pairs.insert([earlier.id, later.id])
                }
            }
        }
        return pairs
    }

    /// Warshall's algorithm (1962).
    private static func closure(_ pairs: Set<[ResourceID]>) -> Set<[ResourceID]> {
        var closed = pairs
        let ids = Set(pairs.joined()).sorted()
        for middle in ids {
            for first in ids where closed.contains([first, middle]) {
                for last in ids where closed.contains([middle, last]) { closed.insert([first, last]) }
            }
        }
        return closed
    }

    private static func pairs(_ orders: [TurnOrder]) -> Set<[ResourceID]> {
        var pairs: Set<[ResourceID]> = []
        for order in orders {
            for (place, later) in order.turns.enumerated() {
                for earlier in order.turns[..<place].joined() { for id in later { pairs.insert([earlier, id]) } }
            }
        }
        return pairs
    }

    @Test(arguments: TestScale.seeds(40, long: 1_000)) func ordersSayAllThatIsSaidAndNoMore(seed: UInt64) {
        var random = SplitMix(seed: seed)
        for _ in 0..<20 {
            let given = Self.make(&random, isAcyclic: false)
            let said = Self.pairs(given)
            let result = RuleOrders.turnOrders(for: given.planned, fleet: given.fleet, policy: given.policy)
            let contradicts = Self.closure(said).contains { $0[0] == $0[1] }
            #expect(contradicts == !result.problems.isEmpty)
            guard !contradicts else { continue }
            let found = Self.pairs(result.orders)
            #expect(found.isSuperset(of: said))
            // A list also says what follows from it, and nothing that does not.
            #expect(found.isSubset(of: Self.closure(said)))
            for order in result.orders {
                #expect(order.turns.count > 1 && order.turns.allSatisfy { !$0.isEmpty })
                #expect(Set(order.turns.joined()).count == order.turns.joined().count)
            }
            #expect(
                RuleOrders.turnOrders(for: given.planned.reversed(), fleet: given.fleet, policy: given.policy).orders
                    == result.orders)
        }
    }

    /// Two that are ordered by way of others are in one list: no one between them can drop out and let them meet.
    @Test(arguments: TestScale.seeds(40, long: 1_000)) func whatFollowsFromAfterIsKeptWhoeverDropsOut(seed: UInt64) {
        var random = SplitMix(seed: seed)
        for _ in 0..<20 {
            let given = Self.make(&random, isAcyclic: true)
            let result = RuleOrders.turnOrders(for: given.planned, fleet: given.fleet, policy: given.policy)
            #expect(result.problems == [])
            #expect(Self.pairs(result.orders) == Self.closure(Self.pairs(given)))
        }
    }

    @Test(arguments: TestScale.seeds(40, long: 1_000)) func aPathIsARealWayRound(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var contradictions = 0
        for _ in 0..<40 {
            let ids = (0..<8).map { ResourceID("r\($0)") }
            let orders = (0..<5).map { number in
                let members = ids.shuffled(using: &random)
                let turns = [Array(members[..<2]), Array(members[2..<3]), Array(members[3..<5])]
                return StatedOrder(order: TurnOrder(reason: "o\(number)", turns: turns), source: "o\(number)")
            }
            let paths = OrderCycles(orders).paths()
            let contradicts = Self.closure(Self.pairs(orders.map(\.order))).contains { $0[0] == $0[1] }
            #expect(paths.isEmpty == !contradicts)
            contradictions += paths.count
            for path in paths {
                #expect(path.first?.later == path.last?.earlier)
                #expect(Set(path.map(\.later)).count == path.count)
                for (link, next) in zip(path, path.dropFirst()) { #expect(link.earlier == next.later) }
                for link in path {
                    let order = orders.first { $0.source == link.source }?.order
                    let turns = order?.turns ?? []
                    #expect(
                        zip(turns, turns.dropFirst()).contains { $0.contains(link.earlier) && $1.contains(link.later) })
                }
            }
        }
        #expect(contradictions > 0)
    }

    /// In size like the fleet, not like its pairs: half of them after the other half, and a chain.
    @Test func theListsAreAsLongAsTheFleet() {
        let half = 2_000
        let rule = OrderRule(
            name: "r", first: ResourceSelector(resources: ["a*"]), then: ResourceSelector(resources: ["b*"]))
        let resources = (0..<half).flatMap { number in
            ["a", "b"].map { Resource(id: ResourceID("\($0)\(number)"), address: .local, environment: "live") }
        }
        var chain = (0..<half).map { number in
            Resource(
                id: ResourceID("c\(number)"), address: .local, environment: "live",
                after: number > 0 ? [ResourceID("c\(number - 1)")] : [])
        }
        chain.sort { $0.id < $1.id }
        let fleet = Fleet(
            environments: [Environment(id: "live", isProtected: false)], resources: resources + chain, groups: [])
        let result = RuleOrders.turnOrders(for: fleet.resources, fleet: fleet, policy: Policy(order: [rule]))
        #expect(result.problems == [])
        #expect(result.orders.reduce(0) { $0 + $1.turns.joined().count } == 3 * half)
    }
}
