import FettleChecking
import FettleModel
import FettleTestSupport
import Testing

/// The checker against brute force: for small plans with orders made at random, every reachable state is walked through and the
/// largest number of members out is counted, those in progress among them (machine-config-operator#701). The checker has to refuse exactly
/// the plans in which that number is too high.
@Suite struct CapacityOracleTests {
    @Test(arguments: TestScale.seeds(100, long: 1_500))
    func theCheckerAgreesWithEveryReachableState(seed: UInt64) {
        judge(RandomPlan.plan(seed: seed), seed: seed)
    }

    @Test(arguments: TestScale.seeds(100, long: 1_500))
    func theCheckerAgreesWhereResourcesGoDownWithOthers(seed: UInt64) {
        judge(RandomPlan.plan(seed: seed, isCarrying: true), seed: seed)
    }

    @Test func theSeedsMakeSafeAndUnsafePlans() {
        var safe = 0
        var unsafe = 0
        var knots = 0
        var carried = 0
        for seed in TestScale.seeds(150, long: 150) {
            for isCarrying in [false, true] {
                let plan = RandomPlan.plan(seed: seed, isCarrying: isCarrying)
                let violations = PlanChecker.check(plan).violations
                if violations.isEmpty { safe += 1 }
                if violations.contains(where: { $0.invariant == .capacity }) { unsafe += 1 }
                if violations.contains(where: { $0.message.hasSuffix("nobody can be first") }) { knots += 1 }
                // Somebody in a group goes down with one that is in no group.
                let isCarried = plan.targets.contains { target in
                    !plan.groups[0].members.contains(target.resource)
                        && target.carries.contains(where: plan.groups[0].members.contains)
                }
                if isCarried { carried += 1 }
            }
        }
        #expect([safe, unsafe, knots, carried].allSatisfy { $0 >= 15 }, "\(safe) \(unsafe) \(knots) \(carried)")
    }

    private func judge(_ plan: Plan, seed: UInt64) {
        let report = PlanChecker.check(plan)
        let oracle = ReachableOutages(plan)
        let group = plan.groups[0]
        let worst = oracle.mostOut()[group.id] ?? 0
        let allowed = min(group.maximumOut, group.members.count - group.minimumAvailable)
        let told = report.violations.filter { $0.invariant == .capacity }
        #expect(told.isEmpty == (worst <= allowed), "seed \(seed): \(worst) out, \(allowed) allowed, \(report)")
        #expect(report.method == .exact)
        for violation in told {
            let left = "group web has \(group.members.count - worst) of \(group.members.count) members"
            #expect(violation.message.contains(left), "seed \(seed): \(worst) out, \(violation)")
        }
        let knots = report.violations.filter { $0.message.hasSuffix("nobody can be first") }.map(\.message)
        let (forward, back) = oracle.everybodyHasATurn()
        #expect(knots.contains { !$0.hasPrefix("on the way back") } == !forward, "seed \(seed): \(report)")
        #expect(knots.contains { $0.hasPrefix("on the way back") } == !back, "seed \(seed): \(report)")
        let others = report.violations.filter {
            $0.invariant != .capacity && !$0.message.hasSuffix("nobody can be first")
        }
        #expect(others == [])
    }
}
