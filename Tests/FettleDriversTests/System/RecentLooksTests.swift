import FettleDriverKit
import FettleModel
import FettleTestSupport
import Testing

@testable import FettleDrivers

/// What a check has seen is good for the performance that follows at once, and for nothing else.
@Suite struct RecentLooksTests {
    private let looks = RecentLooks<Int>()
    private let plan = RollingPlan.plan(size: 2, lanes: 1)
    private let seen = ContinuousClock.now

    private func context(_ run: RunID) -> StepContext {
        StepContext(run: run, plan: plan, attempt: 1, intendedAt: Timestamp(milliseconds: 0), prior: nil)
    }

    @Test func aLookIsTakenOnce() {
        looks.note(1, of: plan.steps[0], in: context("run-1"), since: seen)
        #expect(looks.take(of: plan.steps[0], in: context("run-1"), now: seen + .milliseconds(1_999)) == 1)
        #expect(looks.take(of: plan.steps[0], in: context("run-1"), now: seen) == nil)
    }

    @Test func whoWasHeldUpLooksAgain() {
        looks.note(1, of: plan.steps[0], in: context("run-1"), since: seen)
        #expect(looks.take(of: plan.steps[0], in: context("run-1"), now: seen + .seconds(2)) == nil)
        #expect(looks.take(of: plan.steps[0], in: context("run-1"), now: seen) == nil)
    }

    /// Machines were moved, on a busy machine the look at both hypervisors took longer than two seconds, and what had been moved was
    /// not told.
    @Test func whatAPerformanceTellsOfItselfIsTakenHoweverLate() {
        let told = RecentLooks<Int>(freshFor: nil)
        told.note(1, of: plan.steps[0], in: context("run-1"), since: seen)
        #expect(told.take(of: plan.steps[0], in: context("run-1"), now: seen + .seconds(3_600)) == 1)
        #expect(told.take(of: plan.steps[0], in: context("run-1"), now: seen) == nil)
    }

    @Test func aLookIsForItsStepOfItsRun() {
        looks.note(1, of: plan.steps[0], in: context("run-1"), since: seen)
        #expect(looks.take(of: plan.steps[1], in: context("run-1"), now: seen) == nil)
        #expect(looks.take(of: plan.steps[0], in: context("run-2"), now: seen) == nil)
        looks.note(2, of: plan.steps[0], in: context("run-1"), since: seen)
        #expect(looks.take(of: plan.steps[0], in: context("run-1"), now: seen) == 2)
    }
}
