import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

/// When all are patched nobody is left to compare with: they are compared with what they were before, if the fleet says so.
@Suite struct RestWatchTests {
    private func sample(
        _ judging: CanaryJudging? = CanaryJudging(watchesRest: true), size: Int = 6, atOnce: Int = 2, first: Int = 1
    ) -> FleetSample {
        var builder = FleetBuilder()
        builder.pool(
            "web", size: size, minimum: .count(0),
            strategy: .canary(
                first: .count(first), bakeSeconds: 60, maxUnavailable: .count(atOnce), judging: judging))
        return FleetSample(fleet: builder.fleet, selected: Set((1...size).map { ResourceID("web-\($0)") }))
    }

    private func bake(_ plan: Plan, _ id: StepID = "web/bake-rest") -> (
        seconds: Int, watched: [ResourceID], BakeJudgement
    )? {
        guard case .bake(let seconds, let watched, _, let judgement?)? = plan.step(id)?.action else { return nil }
        return (seconds, watched, judgement)
    }

    @Test func allBehindTheCanaryAreWatchedWithNobodyToCompareWith() throws {
        let (plan, report) = try Planner.plan(sample().input())
        let (seconds, watched, judgement) = try #require(bake(plan))
        #expect(seconds == 60 && judgement.controls == [])
        #expect(watched == ["web-2", "web-3", "web-4", "web-5", "web-6"])
        for member in watched {
            #expect(plan.isBefore(StepID("\(member)/bring-back"), "web/bake-rest"), "\(member)")
            #expect(plan.isBefore("web/bake", StepID("\(member)/patch")), "\(member)")
        }
        #expect(report.groups[0].reason.contains("who is patched behind that is compared with what it was before"))
        #expect(PlanChecker.check(plan).violations == [])
    }

    /// What it is compared with has to be seen before anything is done to it.
    @Test func whoIsWatchedThenIsLookedAtForSomeTimeBefore() throws {
        let plan = try sample().plan()
        let plain = try sample(CanaryJudging()).plan()
        let (_, watched, _) = try #require(bake(plan))
        func seconds(_ plan: Plan, _ member: ResourceID) -> Int {
            plan.step(StepID("\(member)/preflight"))?.estimate.medianSeconds ?? 0
        }
        for member in watched { #expect(seconds(plan, member) >= seconds(plain, member) + 60, "\(member)") }
    }

    /// Of a pool in which everybody is the canary, or of one host alone.
    @Test(arguments: [1, 3]) func whereNobodyComesBehindACanaryTheWholeGroupIsWatched(size: Int) throws {
        let plan = try sample(size: size, first: size).plan()
        let (_, watched, _) = try #require(bake(plan))
        #expect(watched.count == size)
        #expect(PlanChecker.check(plan).violations == [])
    }

    /// A leak that it finds is taken back: the snapshots are still there.
    @Test func whatTheyWouldGoBackToIsKeptUntilItHasSpoken() throws {
        var sample = FleetSample.snapshots
        sample.fleet.groups[0].strategy = .canary(
            first: .count(1), bakeSeconds: 60, maxUnavailable: .count(1), judging: CanaryJudging(watchesRest: true))
        let plan = try sample.plan()
        let discards = plan.steps.filter { $0.action.name == "discard snapshot" }
        #expect(discards.count == 3)
        for discard in discards {
            #expect(plan.isBefore("web/bake-rest", discard.id) && plan.isBefore("web/keep", discard.id))
        }
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func withoutAWordOfItNobodyIs() throws {
        #expect(try bake(sample(CanaryJudging()).plan()) == nil)
        #expect(try bake(sample(nil).plan()) == nil)
    }
}
