import FettleChecking
import FettleModel
import FettleTestSupport
import Testing

/// The orders of turns broken in every way: whatever they no longer promise is found, with the invariant that rested on it.
@Suite struct TurnOrderTests {
    static let mutations: [Mutation] = [
        Mutation("a member has no turn", .capacity) { $0.order[0].turns.remove(at: 1) },
        Mutation("two turns are one", .capacity) { plan in
            plan.order[0].turns[0] += plan.order[0].turns.remove(at: 1)
        },
        Mutation("there is no order", .capacity) { $0.order = [] },
        Mutation("an order is cut in two", .capacity) { plan in
            let turns = plan.order[0].turns
            plan.order = [turns[..<2], turns[2...]].map { TurnOrder(reason: "half", turns: Array($0)) }
        },
        Mutation("one is ordered against each neighbour, and not against all", .capacity) { plan in
            let turns = plan.order[0].turns
            plan.order = zip(turns, turns.dropFirst()).map { TurnOrder(reason: "pair", turns: [$0, $1]) }
        },
        Mutation("the minimum is raised to all members", .capacity) { $0.groups[0].minimumAvailable = 4 },
        Mutation("the plan's own limit is lowered", .capacity) { $0.groups[0].maximumOut = 0 },
        Mutation("one more may be out by the plan, and not by the group", .capacity) { plan in
            plan.groups[0].maximumOut = 2
            plan.order[0].turns[0] += plan.order[0].turns.remove(at: 1)
        },
        Mutation("a group that nobody thought of has two of them", .capacity) { plan in
            var group = plan.groups[0]
            group.id = "other"
            group.members = ["db-1", "web-1", "web-2"]
            group.minimumAvailable = 3
            plan.groups.append(group)
        },
        Mutation("an order with an empty turn", .form) { $0.order[0].turns.append([]) },
        Mutation("an order that names one twice", .form) { $0.order[0].turns.append(["web-1"]) },
        Mutation("a turn that names one twice", .form) { $0.order[0].turns[0].append("web-1") },
        Mutation("an order that names nobody known", .form) { $0.order[0].turns.append(["web-9"]) },
        Mutation("an order that names one which is not taken out", .form) { plan in
            plan.steps.removeAll { $0.resource == "web-4" && $0.availability != .none }
            plan.rollback.removeAll { $0.resource == "web-4" }
        },
        Mutation("a reason that is a book", .form) { $0.order[0].reason = String(repeating: "x", count: 1_001) },
        Mutation("an order that goes the other way", .form) { plan in
            plan.order.append(TurnOrder(reason: "backwards", turns: plan.order[0].turns.reversed()))
        },
        Mutation("an order that goes the other way on the way back alone", .form) { plan in
            plan.order.append(TurnOrder(reason: "again", turns: plan.order[0].turns, wayBack: .same))
        },
        Mutation("orders that make a ring", .form) { plan in
            plan.order = [["web-1", "web-2"], ["web-2", "web-3"], ["web-3", "web-4"], ["web-4", "web-1"]].map { pair in
                TurnOrder(reason: "ring", turns: pair.map { [$0] })
            }
        },
        Mutation("Fettle's own host is not last", .ownHost) { $0.targets[0].address = .local },
        Mutation("on the way back Fettle's own host goes first", .ownHost) { $0.targets[3].address = .local },
    ]

    @Test(arguments: mutations)
    func abrokenOrderIsRefused(mutation: Mutation) {
        var plan = RollingPlan.plan(size: 4, lanes: 1)
        mutation.apply(&plan)
        let report = PlanChecker.check(plan)
        #expect(report.violations.map(\.invariant).contains(mutation.breaks), "\(report.violations)")
    }

    /// Who is first is a matter of taste; that they are never out together is not.
    @Test func turnsMaySwap() {
        var plan = RollingPlan.plan(size: 4, lanes: 1)
        plan.order[0].turns.swapAt(1, 2)
        #expect(PlanChecker.check(plan).violations == [])
        plan.order[0].wayBack = .same
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func theCounterexampleNamesWhoIsOutTogether() throws {
        var plan = RollingPlan.plan(size: 3, lanes: 1)
        plan.order[0].turns = [["web-1"], ["web-2", "web-3"]]
        let violations = PlanChecker.check(plan).violations
        #expect(
            violations == [
                Violation(
                    .capacity, "if web-2, web-3 are out at once, group web has 1 of 3 members, needs 2",
                    steps: ["web-2/drain", "web-3/drain"])
            ])
    }

    @Test func aRingIsToldWithItsPath() throws {
        var plan = RollingPlan.plan(size: 3, lanes: 1)
        plan.order.append(TurnOrder(reason: "databases first", turns: [["web-3"], ["web-1"]]))
        let violations = PlanChecker.check(plan).violations
        #expect(violations.map(\.invariant) == [.form, .form])
        let told = try #require(violations.first { !$0.message.hasPrefix("on the way back") })
        #expect(told.message.hasSuffix("nobody can be first"))
        #expect(told.message.contains("web-1 waits for web-3 (databases first)"))
        #expect(told.message.contains("web-3 waits for web-"))
        #expect(told.message.contains("(group web: at most 1 of 3 out)"))
    }

    /// web-2 waits for the bake, the bake for web-1, and web-1 by its turn for web-2.
    @Test func aRingThroughABakeIsFound() throws {
        var plan = RollingPlan.plan(size: 2, lanes: 1)
        plan.order[0].turns.reverse()
        let place = try #require(plan.steps.firstIndex { $0.id == "web-1/restore" })
        var bake = plan.steps[place]
        bake.id = "bake"
        bake.action = .bake(seconds: 1, resources: ["web-1"], probes: [])
        bake.availability = .none
        bake.after = ["web-1/restore"]
        plan.steps.insert(bake, at: place + 1)
        plan = plan.changing("web-2/drain") { $0.after.append("bake") }
        let told = try #require(PlanChecker.check(plan).violations.first)
        #expect(told.message.contains("web-2/drain waits for bake"))
        #expect(told.message.contains("web-1 waits for web-2 (group web: at most 1 of 2 out)"))
    }

    /// Not even a ring of a hundred thousand overflows a stack or a message.
    @Test func aLongRingIsToldShortly() throws {
        var plan = RollingPlan.plan(size: 2_000, lanes: 1)
        plan.order.append(TurnOrder(reason: "ring", turns: [["web-2000"], ["web-1"]]))
        let told = try #require(PlanChecker.check(plan).violations.first { !$0.message.hasPrefix("on the way back") })
        #expect(told.message.utf8.count < 2_000)
        #expect(told.message.contains("and so on over 1988 more"))
    }
}
