import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

@Suite("Plans expect what this fleet's runs took, in the windows of its policy")
struct LearnedPlanTests {
    /// A history of one run of the plan, in which each step took so many times its median.
    private func history(_ plan: Plan, times: Int) -> DurationHistory {
        var journal: [JournalRecord] = []
        for step in plan.steps {
            let end = FactSample.now.adding(seconds: step.estimate.medianSeconds * times)
            let done = Observation(verdict: .pass, summary: "", observedAt: end)
            for (event, at) in [
                (RunEvent.stepIntended(step: step.id, attempt: 1, prior: nil), FactSample.now),
                (.stepDone(step: step.id, attempt: 1, observation: done), end),
            ] {
                journal.append(JournalRecord(sequence: journal.count + 1, epoch: 1, at: at, event: event))
            }
        }
        return DurationHistory(DurationSample.samples(plan: plan, journal: journal))
    }

    @Test func aFleetThatIsSlowerIsGivenMoreTimeOnBothWays() throws {
        var sample = FleetSample.threeWebServers
        sample.policy.reboot = .always
        let first = try sample.plan()
        var input = sample.input()
        input.priors.history = history(first, times: 3)
        let second = try Planner.plan(input).0
        for (before, after) in zip(first.steps + first.rollback, second.steps + second.rollback) {
            #expect(before.id == after.id)
            #expect(after.estimate.medianSeconds >= before.estimate.medianSeconds)
            #expect(after.estimate.p95Seconds <= after.timeoutSeconds && after.timeoutSeconds >= before.timeoutSeconds)
        }
        let reboot = try #require(second.step("web-1/reboot"))
        #expect(reboot.estimate.medianSeconds == 270)
        #expect(second.step("web-1/rollback/reboot")?.estimate == reboot.estimate)
        // The same history, the same plan.
        #expect(try Planner.plan(input).0 == second)
    }

    @Test func theCalendarsWindowsAreThoseOfThePlan() throws {
        var sample = FleetSample.threeWebServers
        let start = LocalDateTime(date: try #require(LocalDate("2026-01-01")), secondOfDay: 79_200)
        sample.policy.windows = [
            MaintenanceWindow(
                id: "nights",
                events: [
                    CalendarEvent(
                        start: start, timeZone: .utc, duration: CalendarDuration(seconds: 14_400),
                        rule: try RecurrenceRule("FREQ=DAILY"))
                ], scope: CalendarScope(groups: ["web"]))
        ]
        let calendar = MaintenanceCalendar(policy: sample.policy, fleet: sample.fleet, from: FactSample.now)
        let plan = try Planner.plan(sample.input(windows: WindowOffer(calendar.offered))).0
        let first = try #require(calendar.windows(for: "web-1")?.first)
        #expect(plan.targets.allSatisfy { plan.window(of: $0.resource) == first })
        #expect(calendar.windows(for: "lb-1") == nil)
    }
}
