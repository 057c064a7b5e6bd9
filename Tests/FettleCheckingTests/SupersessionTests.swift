import FettleChecking
import FettleModel
import FettleTestSupport
import Testing

/// I1, I7: members that are out from the first moment on, by another run, count as out until they are back.
@Suite struct SupersessionTests {
    /// web-2 is out by run-0, and goes first.
    static var plan: Plan {
        var plan = RollingPlan.plan(size: 3, lanes: 1)
        plan.order = [
            TurnOrder(reason: "taken over", turns: [["web-2"], ["web-1", "web-3"]]),
            TurnOrder(reason: "group web", turns: [["web-2"], ["web-1"], ["web-3"]]),
        ]
        plan.supersedes = Supersession(
            run: "run-0", sequence: 7,
            taken: [
                TakenHost(resource: "web-2", obligations: [obligation(plan, "web-2")], isQuarantined: false)
            ])
        return plan
    }

    private static func obligation(_ plan: Plan, _ resource: ResourceID) -> Obligation {
        Obligation(
            run: "run-0", step: StepID("\(resource)/drain"), resource: resource,
            traffic: plan.groups[0].traffic ?? TrafficBinding(driver: "", via: "", endpoint: "", backend: ""),
            prior: PriorState(alreadySo: false, details: [:]), since: Timestamp(milliseconds: 0))
    }

    @Test func hostsThatAreTakenOverFirstAreProven() {
        #expect(PlanChecker.check(Self.plan).violations == [])
    }

    /// A paused run whose hosts are all back is replaced, and nobody is taken over.
    @Test func aPlanMayTakeNobodyOver() {
        var plan = Self.plan
        plan.supersedes?.taken = []
        plan.order = RollingPlan.plan(size: 3, lanes: 1).order
        #expect(PlanChecker.check(plan).violations == [])
    }

    static let mutations: [Mutation] = [
        Mutation("another goes before it", .capacity) { plan in
            plan.order = [TurnOrder(reason: "group web", turns: [["web-1"], ["web-2"], ["web-3"]])]
        },
        Mutation("one is not behind it", .capacity) { plan in
            plan.order = [
                TurnOrder(reason: "taken over", turns: [["web-2"], ["web-1"]]),
                TurnOrder(reason: "rest", turns: [["web-1"], ["web-3"]]),
            ]
        },
        Mutation("another goes with it", .capacity) { plan in
            plan.order = [
                TurnOrder(reason: "taken over", turns: [["web-1", "web-2"], ["web-3"]]),
                TurnOrder(reason: "group web", turns: [["web-1"], ["web-2"], ["web-3"]]),
            ]
        },
        Mutation("two are out, and one of them goes first", .capacity) { plan in
            let owed = [obligation(plan, "web-3")]
            plan.supersedes?.taken.append(
                TakenHost(resource: "web-3", obligations: owed, isQuarantined: true))
        },
        Mutation("it is not in the plan", .ownership) { $0.supersedes?.taken[0].resource = "web-9" },
        Mutation("it has no way back", .ownership) { plan in
            plan.rollback.removeAll { $0.resource == "web-2" }
        },
        Mutation("it is drained where nothing restores it", .ownership) {
            $0.supersedes?.taken[0].obligations[0].traffic.backend = "api"
        },
        Mutation("what is owed is another's", .ownership) {
            $0.supersedes?.taken[0].obligations[0].resource = "web-1"
        },
        Mutation("it is taken over twice", .form) { plan in
            let taken = plan.supersedes?.taken ?? []
            plan.supersedes?.taken += taken
        },
    ]

    @Test(arguments: mutations)
    func whatWouldLoseOrCrowdThemIsRefused(mutation: Mutation) {
        var plan = Self.plan
        mutation.apply(&plan)
        let violations = PlanChecker.check(plan).violations
        #expect(violations.map(\.invariant).contains(mutation.breaks), "\(violations)")
    }
}
