import FettleModel
import FettleTestSupport
import Testing

@testable import FettlePlanning

@Suite struct RuleOrderTests {
    private static func resource(
        _ id: ResourceID, in environment: EnvironmentID = "live", after: [ResourceID] = [], tier: String? = nil,
        kind: Resource.Kind = .host, role: String? = nil
    ) -> Resource {
        Resource(
            id: id, kind: kind, address: .ssh(id.rawValue), environment: environment,
            labels: role.map { ["role": $0] } ?? [:], after: after, tier: tier)
    }

    private static func fleet(
        _ resources: [Resource], groups: [ResourceGroup] = [], tiers: TierOrder = TierOrder()
    ) -> Fleet {
        Fleet(
            environments: ["qa", "live"].map { Environment(id: $0, isProtected: false) },
            resources: resources.sorted { $0.id < $1.id }, groups: groups, tiers: tiers)
    }

    private static func judge(
        _ fleet: Fleet, planned: [ResourceID]? = nil, rules: [OrderRule] = [], besides: [TurnOrder] = []
    ) -> (orders: [TurnOrder], problems: [String]) {
        let hosts = fleet.resources.filter { planned?.contains($0.id) ?? true }
        let result = RuleOrders.turnOrders(for: hosts, fleet: fleet, policy: Policy(order: rules), besides: besides)
        return (result.orders, result.problems.map(\.message))
    }

    // MARK: after

    @Test func thoseThatComeAfterTheSameOthersShareAList() {
        let fleet = Self.fleet(
            [Self.resource("db-1"), Self.resource("db-2")]
                + (1...3).map { Self.resource(ResourceID("web-\($0)"), after: ["db-1", "db-2"]) })
        #expect(
            Self.judge(fleet).orders == [
                TurnOrder(
                    reason: "web-1, web-2, web-3 after db-1, db-2",
                    turns: [["db-1", "db-2"], ["web-1", "web-2", "web-3"]])
            ])
        #expect(Self.judge(fleet, planned: ["web-1", "web-2"]).orders == [])
    }

    /// A chain is one list, so that the first and the last are kept apart even if the one between drops out.
    @Test func aChainIsOneList() {
        let fleet = Self.fleet([
            Self.resource("a"), Self.resource("b", after: ["a"]), Self.resource("c", after: ["b"]),
            Self.resource("d", after: ["b"]),
        ])
        #expect(Self.judge(fleet).orders.map(\.turns) == [[["a"], ["b"], ["c", "d"]]])
        #expect(Self.judge(fleet).orders.map(\.reason) == ["c, d after b after a"])
        // b is not planned: who comes after it comes after what it comes after.
        #expect(Self.judge(fleet, planned: ["a", "c"]).orders.map(\.turns) == [[["a"], ["c"]]])
    }

    // MARK: Tiers

    @Test func tiersFollowEachOtherInEachEnvironment() {
        let resources = [
            Self.resource("d1", in: "qa", tier: "db"), Self.resource("w1", in: "qa", tier: "web"),
            Self.resource("d2", tier: "db"), Self.resource("w2", tier: "web"), Self.resource("w3", tier: "web"),
            Self.resource("x"),
        ]
        let forward = Self.fleet(resources, tiers: TierOrder(names: ["db", "web"]))
        #expect(
            Self.judge(forward).orders == [
                TurnOrder(reason: "tiers of live: db, then web", turns: [["d2"], ["w2", "w3"]]),
                TurnOrder(reason: "tiers of qa: db, then web", turns: [["d1"], ["w1"]]),
            ])
        let backward = Self.fleet(resources, tiers: TierOrder(names: ["db", "web"], direction: .lastToFirst))
        #expect(Self.judge(backward, planned: ["d2", "w2"]).orders.map(\.turns) == [[["w2"], ["d2"]]])
        #expect(Self.judge(forward, planned: ["d1", "w2"]).orders == [])
    }

    @Test func tiersWithoutNamesAreNumbers() {
        let fleet = Self.fleet([
            Self.resource("a", tier: "10"), Self.resource("b", tier: "9"), Self.resource("c", tier: "9"),
        ])
        #expect(Self.judge(fleet).orders.map(\.turns) == [[["b", "c"], ["a"]]])
    }

    // MARK: Rules

    private static let databases = [
        resource("db-1", kind: .database, role: "standby"), resource("db-2", kind: .database, role: "primary"),
        resource("db-3", kind: .database, role: "standby"), resource("db-4", kind: .database, role: "primary"),
    ]
    private static let standbyFirst = OrderRule(
        name: "standby before primary", first: ResourceSelector(labels: ["role": ["standby"]]),
        then: ResourceSelector(labels: ["role": ["primary"]]), within: .group, because: "the primary moves there")

    @Test func aRuleWithinGroupsSpeaksOfMembersOfOneGroup() {
        let groups = [
            ResourceGroup(id: "one", members: ["db-1", "db-2"], minimumAvailable: .count(1)),
            ResourceGroup(id: "two", members: ["db-3", "db-4"], minimumAvailable: .count(1)),
            ResourceGroup(id: "two-again", members: ["db-3", "db-4"], minimumAvailable: .count(1)),
        ]
        let fleet = Self.fleet(Self.databases, groups: groups)
        #expect(
            Self.judge(fleet, rules: [Self.standbyFirst]).orders == [
                TurnOrder(
                    reason: "rule 'standby before primary' in group one: the primary moves there",
                    turns: [["db-1"], ["db-2"]]),
                TurnOrder(
                    reason: "rule 'standby before primary' in group two: the primary moves there",
                    turns: [["db-3"], ["db-4"]]),
            ])
        var environment = Self.standbyFirst
        environment.within = .environment
        #expect(
            Self.judge(fleet, rules: [environment]).orders.map(\.turns) == [[["db-1", "db-3"], ["db-2", "db-4"]]])
    }

    @Test func eachWayAProductMayDemandIsARule() {
        let fleet = Self.fleet([
            Self.resource("app", kind: .application), Self.resource("array", kind: .storage),
            Self.resource("db", kind: .database), Self.resource("head", role: "controller"),
            Self.resource("hypervisor", kind: .hypervisor), Self.resource("node", role: "member"),
        ])
        let head = ResourceSelector(labels: ["role": ["controller"]])
        let node = ResourceSelector(labels: ["role": ["member"]])
        let cases: [(OrderRule, [[ResourceID]])] = [
            (
                OrderRule(
                    name: "schema before code", first: ResourceSelector(kinds: ["database"]),
                    then: ResourceSelector(kinds: ["app*"])), [["db"], ["app"]]
            ),
            (
                OrderRule(
                    name: "firmware before driver", first: ResourceSelector(kinds: ["storage"]),
                    then: ResourceSelector(kinds: ["hypervisor"]), within: .fleet), [["array"], ["hypervisor"]]
            ),
            (OrderRule(name: "controller before member", first: head, then: node), [["head"], ["node"]]),
            (OrderRule(name: "member before controller", first: node, then: head), [["node"], ["head"]]),
        ]
        for (rule, turns) in cases { #expect(Self.judge(fleet, rules: [rule]).orders.map(\.turns) == [turns]) }
        let contrary = Self.judge(fleet, rules: [cases[2].0, cases[3].0])
        #expect(
            contrary.problems == [
                "resources wait for each other: head after node (rule 'member before controller'), "
                    + "node after head (rule 'controller before member'); take one of these back"
            ])
    }

    // MARK: Contradictions

    @Test func aContradictionIsToldWithItsPath() {
        let fleet = Self.fleet([
            Self.resource("db-1", tier: "1"), Self.resource("web-1", after: ["db-1"], tier: "0"),
            Self.resource("web-2", tier: "2"),
        ])
        let rule = OrderRule(
            name: "schema before code", first: ResourceSelector(resources: ["web-2"]),
            then: ResourceSelector(resources: ["db-*"]))
        let result = Self.judge(fleet, rules: [rule])
        #expect(result.orders == [])
        #expect(
            result.problems == [
                "resources wait for each other: db-1 after web-1 (the tiers of live), web-1 after db-1 (fleet.yaml); "
                    + "take one of these back"
            ])
        var flat = fleet
        for place in flat.resources.indices { flat.resources[place].tier = nil }
        flat.resources[2].after = ["web-1"]
        #expect(
            Self.judge(flat, rules: [rule]).problems == [
                "resources wait for each other: db-1 after web-2 (rule 'schema before code'), web-2 after web-1 (fleet.yaml), "
                    + "web-1 after db-1 (fleet.yaml); take one of these back"
            ])
    }

    @Test func aRuleAgainstTheEnvironmentsIsToldByItsName() {
        let fleet = Self.fleet([Self.resource("a", in: "live"), Self.resource("b", in: "qa")])
        let rule = OrderRule(
            name: "live first", first: ResourceSelector(environments: ["live"]),
            then: ResourceSelector(environments: ["qa"]), within: .fleet)
        #expect(
            Self.judge(fleet, rules: [rule]).problems == [
                "resources wait for each other: a after b (the order of environments), b after a (rule 'live first'); "
                    + "take one of these back"
            ])
    }

    @Test func aRuleThatSelectsOneOnBothSidesIsRefused() {
        let rule = OrderRule(
            name: "x", first: ResourceSelector(labels: ["role": ["standby"]]),
            then: ResourceSelector(kinds: ["database"]))
        #expect(
            Self.judge(Self.fleet(Self.databases), rules: [rule]).problems == [
                "the rule 'x' puts db-1 before itself: both sides select it; narrow one of them"
            ])
    }

    @Test func whatComesAfterItselfByWayOfOthersIsTold() {
        let fleet = Self.fleet([
            Self.resource("a", after: ["b"]), Self.resource("b", after: ["c"]), Self.resource("c", after: ["a"]),
        ])
        #expect(
            Self.judge(fleet, planned: ["a"]).problems == [
                "resources wait for each other: a after b after c after a (fleet.yaml); take one of these back"
            ])
    }

    @Test func ordersFromElsewhereCountForContradictions() {
        let fleet = Self.fleet([Self.resource("a", after: ["b"]), Self.resource("b")])
        let other = TurnOrder(reason: "rule 'r': x at least 2 first", turns: [["a"], ["b"]])
        #expect(
            Self.judge(fleet, besides: [other]).problems == [
                "resources wait for each other: a after b (fleet.yaml), b after a (rule 'r': x at least 2 first); "
                    + "take one of these back"
            ])
    }
}
