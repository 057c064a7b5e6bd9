import FettleChecking
import FettleModel
import FettleTestSupport
import Testing

/// The guard of the moment, on what is observed: with its index and without.
@Suite struct StartGuardTests {
    private func refusal(
        _ id: StepID, _ plan: Plan, out: Set<ResourceID> = [], sick: Set<ResourceID> = []
    ) throws -> String? {
        let step = try #require((plan.steps + plan.rollback).first { $0.id == id })
        var health: [GroupID: [ResourceID: MemberHealth]] = [:]
        for group in plan.groups {
            for member in group.members {
                health[group.id, default: [:]][member] = sick.contains(member) ? .unhealthy(reason: "down") : .healthy
            }
        }
        let answer = StartGuard(plan).refusal(toStart: step, out: out, health: health)
        #expect(answer == PlanChecker.refusal(toStart: step, in: plan, out: out, health: health))
        return answer
    }

    @Test func aMemberGoesOutOnlyIfEnoughAreLeft() throws {
        let plan = RollingPlan.plan(size: 3, lanes: 1)
        #expect(try refusal("web-1/drain", plan) == nil)
        let told = "group web would have 1 of 3 members available, needs 2"
        #expect(try refusal("web-1/drain", plan, out: ["web-2"]) == told)
        #expect(try refusal("web-1/drain", plan, sick: ["web-3"]) == told)
        #expect(try refusal("web-1/rollback/drain", plan, sick: ["web-3"]) == told)
        #expect(try refusal("web-1/drain", plan, out: ["web-1", "db-1"]) == nil)
        #expect(try refusal("web-1/patch", plan, out: ["web-2"]) == nil)
    }

    @Test func unknownIsNotHealthy() throws {
        let plan = RollingPlan.plan(size: 3, lanes: 1)
        let step = try #require(plan.steps.first { $0.id == "web-1/drain" })
        let told = "group web would have 0 of 3 members available, needs 2"
        #expect(StartGuard(plan).refusal(toStart: step, out: [], health: [:]) == told)
        #expect(PlanChecker.refusal(toStart: step, in: plan, out: [], health: [:]) == told)
    }

    /// web-5 is in no group, and carries two members: it goes out only if the group can do without both.
    @Test func whatTheResourceCarriesIsCounted() throws {
        let plan = CarryTests.plan()
        #expect(try refusal("web-5/drain", plan) == nil)
        let told = "group web would have 1 of 4 members available, needs 2"
        #expect(try refusal("web-5/drain", plan, out: ["web-3"]) == told)
        #expect(try refusal("web-5/drain", plan, sick: ["web-4"]) == told)
        #expect(try refusal("web-5/drain", plan, out: ["web-1"]) == nil)
    }

    /// What another run has out takes down what it carries, by this plan too.
    @Test func whatIsOutTakesDownWhatItCarries() throws {
        let plan = CarryTests.plan()
        let told = "group web would have 1 of 4 members available, needs 2"
        #expect(try refusal("web-1/drain", plan, out: ["web-6"]) == told)
        #expect(
            try refusal("web-6/drain", plan, out: ["web-5"]) == "group web would have 0 of 4 members available, needs 2"
        )
    }
}
