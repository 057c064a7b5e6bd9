import FettleChecking
import FettleModel
import FettleTestSupport
import Testing

/// I12: the machine that Fettle runs on goes last, on both ways.
@Suite struct OwnHostTests {
    /// web-4 is Fettle's own host, behind all others on both ways.
    static var plan: Plan {
        var plan = RollingPlan.plan(size: 4, lanes: 1)
        plan.targets[3].address = .local
        plan.order = [
            TurnOrder(reason: "pool", turns: [["web-1"], ["web-2"], ["web-3"]]),
            TurnOrder(
                reason: "Fettle's own host last", turns: [["web-1", "web-2", "web-3"], ["web-4"]], wayBack: .same),
        ]
        return plan
    }

    @Test func itMayGoLastOnBothWays() {
        #expect(PlanChecker.check(Self.plan).violations == [])
    }

    static let mutations: [Mutation] = [
        Mutation("it goes back first", .ownHost) { $0.order[1].wayBack = .reversed },
        Mutation("one is not before it", .ownHost) { $0.order[1].turns[0].removeAll { $0 == "web-2" } },
        Mutation("it shares its turn", .ownHost) { $0.order[1].turns = [["web-1", "web-2"], ["web-3", "web-4"]] },
        Mutation("it goes before all others", .ownHost) { $0.order[1].turns.reverse() },
        Mutation("its carrier goes with the others", .ownHost) { $0.targets[0].carries = ["web-4"] },
        Mutation("it is no target, and its carrier goes first", .ownHost) { plan in
            plan.targets[3].address = .ssh("web-4")
            plan.targets[0].carries = ["fettle"]
            plan.groups[0].members.insert("fettle", at: 0)
            plan.groups[0].memberAddresses["fettle"] = .local
        },
    ]

    @Test(arguments: mutations)
    func anywhereElseItIsRefused(mutation: Mutation) {
        var plan = Self.plan
        mutation.apply(&plan)
        let violations = PlanChecker.check(plan).violations
        #expect(violations.map(\.invariant).contains(mutation.breaks), "\(violations)")
    }

    @Test func severalOrdersTogetherMayPutItBehindAllOthers() {
        var plan = Self.plan
        plan.order[1].turns = [["web-1", "web-2"], ["web-4"]]
        plan.order.append(TurnOrder(reason: "rest", turns: [["web-3"], ["web-4"]], wayBack: .same))
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func aloneItWaitsForNobody() {
        var plan = RollingPlan.plan(size: 1, lanes: 1)
        plan.targets[0].address = .local
        #expect(PlanChecker.check(plan).violations == [])
    }
}
