import FettleChecking
import FettleModel
import FettleTestSupport
import Testing

/// I3: nobody goes before those that go first have been watched.
@Suite struct BakeTests {
    /// A pool of four with one canary, which the others wait for.
    static var plan: Plan { FleetPlan(groups: 1, size: 4, lanes: 1, environments: 1).plan() }

    @Test func aCanaryIsWatchedBeforeTheOthersGo() {
        #expect(PlanChecker.check(Self.plan) == CheckReport(violations: [], method: .exact))
    }

    static let bake: StepID = "pool-1/bake"
    static let canary: ResourceID = "pool-1-host-1"
    static let second: ResourceID = "pool-1-host-2"
    static let drain: StepID = "pool-1-host-2/drain"

    static let mutations: [Mutation] = [
        Mutation("one does not wait for the bake", .order) { plan in
            plan = plan.changing(drain) { $0.after.removeAll { $0 == bake } }
        },
        Mutation("the bake begins before the canary is back", .order) { plan in
            plan = plan.changing(bake) { $0.after = ["pool-1-host-1/verify"] }
        },
        Mutation("the bake begins at once", .order) { plan in plan = plan.changing(bake) { $0.after = [] } },
        Mutation("the bake watches one that it does not wait for", .order) { plan in
            plan = plan.changing(bake) { $0.action = .bake(seconds: 60, resources: [canary, second], probes: []) }
        },
        Mutation("the bake watches another", .order) { plan in
            plan = plan.changing(bake) { $0.action = .bake(seconds: 60, resources: [second], probes: []) }
        },
        Mutation("one waits for the bake only when it is out", .order) { plan in
            plan = plan.changing(drain) { $0.after.removeAll { $0 == bake } }
            plan = plan.changing("pool-1-host-2/patch") { $0.after.append(bake) }
        },
        Mutation("the canary's turn comes last", .form) { plan in
            plan.order = plan.order.map { order in
                var order = order
                if order.reason.hasSuffix("canary first") { order.turns.reverse() }
                return order
            }
        },
        Mutation("a group is held back by bake after bake", .form) { plan in
            guard let place = plan.steps.firstIndex(where: { $0.id == bake }) else { return }
            for number in 0..<64 {
                var step = plan.steps[place]
                step.id = StepID("\(bake)-\(number)")
                plan.steps.insert(step, at: place + 1)
            }
        },
        Mutation("a bake on the way back that names the way forward", .form) { plan in
            guard var step = plan.steps.first(where: { $0.id == bake }) else { return }
            step.id = "pool-1/rollback/bake"
            plan.rollback.append(step)
        },
    ]

    static func judged(_ controls: ResourceID..., until seconds: Int = 70) -> StepAction {
        .bake(
            seconds: 60, resources: [canary], probes: [],
            judgement: BakeJudgement(controls: controls, extendUntilSeconds: seconds))
    }

    @Test func aCanaryMayBeComparedWithOneThatIsPatchedLater() {
        let plan = Self.plan.changing(Self.bake) { $0.action = Self.judged(Self.second) }
        #expect(PlanChecker.check(plan).violations == [])
    }

    static let badControls: [Mutation] = [
        Mutation("the canary is compared with itself", .form) { plan in
            plan = plan.changing(bake) { $0.action = judged(canary) }
        },
        Mutation("it is compared with a stranger", .form) { plan in
            plan = plan.changing(bake) { $0.action = judged("somebody") }
        },
        Mutation("it may be extended beyond its own end", .form) { plan in
            plan = plan.changing(bake) { $0.action = judged(second, until: 100_000) }
        },
        Mutation("its control is patched before", .order) { plan in
            plan = plan.changing(bake) {
                $0.action = .bake(
                    seconds: 60, resources: [second], probes: [],
                    judgement: BakeJudgement(controls: [canary], extendUntilSeconds: 60))
            }
        },
    ]

    @Test(arguments: mutations + badControls)
    func brokenItIsRefused(mutation: Mutation) {
        var plan = Self.plan
        mutation.apply(&plan)
        let violations = PlanChecker.check(plan).violations
        #expect(violations.map(\.invariant).contains(mutation.breaks), "\(violations)")
    }

    /// Its preparation may wait for the bake as well as its outage.
    @Test func whoPreparesAfterTheBakeWaitsForIt() {
        var plan = Self.plan.changing(Self.drain) { $0.after.removeAll { $0 == Self.bake } }
        plan = plan.changing("pool-1-host-2/preflight") { $0.after = [Self.bake] }
        #expect(PlanChecker.check(plan).violations == [])
    }

    /// Two canaries after each other: the first had its turn before the one that is watched.
    @Test func whoHadItsTurnBeforeTheWatchedNeedNotWait() {
        var plan = Self.plan
        plan = plan.changing(Self.bake) {
            $0.action = .bake(seconds: 60, resources: [Self.second], probes: [])
            $0.after = ["pool-1-host-2/restore"]
        }
        plan = plan.changing(Self.drain) { $0.after.removeAll { $0 == Self.bake } }
        // The bake stands behind what it waits for.
        if let place = plan.steps.firstIndex(where: { $0.id == Self.bake }),
            let restore = plan.steps.firstIndex(where: { $0.id == "pool-1-host-2/restore" })
        {
            let bake = plan.steps.remove(at: place)
            plan.steps.insert(bake, at: restore)
        }
        #expect(PlanChecker.check(plan).violations == [])
    }
}
