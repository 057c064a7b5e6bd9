import FettleChecking
import FettleModel
import FettleTestSupport
import Testing

/// The work of a check grows with the plan, not with its square. Counted, not timed.
@Suite struct ScaleTests {
    private func work(_ plan: Plan) -> CheckWork {
        var work = CheckWork()
        #expect(PlanChecker.check(plan, counting: &work) == CheckReport(violations: [], method: .exact))
        return work
    }

    private func perStep(_ count: Int, _ plan: Plan) -> Double {
        Double(count) / Double(plan.steps.count + plan.rollback.count)
    }

    @Test func aFleetTakesWorkForEachStepAndNoMore() {
        for groups in [10, 40, 160] {
            let plan = FleetPlan(groups: groups).plan()
            #expect(plan.steps.count + plan.rollback.count == groups * (20 * 16 + 1))
            let work = work(plan)
            // One look for each step's own name and one for the name that it waits for; the hash table's own collisions.
            #expect(perStep(work.namesCompared, plan) < 2)
            #expect(perStep(work.edgesFollowed, plan) < 2)
            #expect(perStep(work.placesCovered, plan) < 1.5)
            #expect(work.wordsSearched == 0)
        }
    }

    @Test func onePoolOfThousandsTakesNoMoreForEach() {
        for size in [500, 2_000, 4_000] {
            let plan = FleetPlan(groups: 1, size: size, lanes: size / 20, environments: 1).plan()
            let work = work(plan)
            #expect(perStep(work.namesCompared, plan) < 2)
            #expect(perStep(work.edgesFollowed, plan) < 2)
            #expect(perStep(work.placesCovered, plan) < 3)
            #expect(work.wordsSearched == 0)
        }
    }

    /// A lane of thousands is as deep as it is long.
    @Test func oneLaneMayBeLong() {
        let plan = FleetPlan(groups: 1, size: 3_000, lanes: 1, environments: 1).plan()
        #expect(perStep(work(plan).edgesFollowed, plan) < 2)
    }

    @Test func theLargestFleetIsProven() {
        guard TestScale.isLong else { return }
        let plan = FleetPlan(groups: 1_000).plan()
        #expect(perStep(work(plan).namesCompared, plan) < 2)
    }
}
