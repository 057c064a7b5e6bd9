import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

@Suite struct PlanTimelineTests {
    private static func planned(_ seed: UInt64) throws -> (Plan, PlanReport) {
        let sample = FleetGenerator.sample(seed: seed)
        return try Planner.plan(
            PlanningInput(
                id: "plan-1", selection: sample.selection, selectionReference: FleetSample.reference("selection-1"),
                facts: sample.facts, fleet: sample.fleet, policy: sample.policy, createdAt: FactSample.now))
    }

    @Test(arguments: 1...40)
    func whatIsReadOffThePlanIsWhatTheReportSays(seed: UInt64) throws {
        let (plan, report) = try Self.planned(seed)
        let line = PlanTimeline(plan)
        #expect(line.total == report.duration)
        for host in report.hosts {
            let places = plan.steps.indices.filter { plan.steps[$0].resource == host.resource }
            let out = places.first { plan.steps[$0].availability == .takesOut }
            let back = places.last { plan.steps[$0].availability == .bringsBack }
            #expect(out.map { line.begins[$0] } ?? 0 == host.outAfterSeconds, "\(host.resource)")
            #expect(back.map { line.ends[$0] } ?? 0 == host.backAfterSeconds, "\(host.resource)")
        }
    }

    @Test(arguments: 1...20)
    func nothingBeginsBeforeWhatItWaitsForHasEnded(seed: UInt64) throws {
        let (plan, _) = try Self.planned(seed)
        let line = PlanTimeline(plan)
        let end = Dictionary(
            uniqueKeysWithValues: plan.steps.enumerated().map { ($0.element.id, line.ends[$0.offset]) })
        for (place, step) in plan.steps.enumerated() {
            for name in step.after { #expect(line.begins[place] >= end[name] ?? .max, "\(step.id)") }
        }
        var gone: [ResourceID: Int] = [:]
        var back: [ResourceID: Int] = [:]
        for (place, step) in plan.steps.enumerated() {
            if step.availability == .takesOut, gone[step.resource] == nil { gone[step.resource] = line.begins[place] }
            if step.availability == .bringsBack { back[step.resource] = line.ends[place] }
        }
        for order in plan.order {
            for (earlier, later) in zip(order.turns, order.turns.dropFirst()) {
                let last = earlier.compactMap { back[$0] }.max() ?? 0
                #expect(later.allSatisfy { (gone[$0] ?? .max) >= last }, "\(order.reason)")
            }
        }
    }

    /// A file may hold anything that has the form of a plan.
    @Test func aPlanThatNobodyWouldMakeHasATimelineToo() throws {
        var (plan, _) = try Self.planned(3)
        let count = plan.steps.count
        for place in plan.steps.indices {
            plan.steps[place].estimate = DurationEstimate(medianSeconds: .max, p95Seconds: .min)
            plan.steps[place].after = ["nobody", plan.steps[count - 1 - place].id]
        }
        for place in plan.targets.indices { plan.targets[place].window = place - 1 }
        plan.windows = [
            TimeWindow(
                opensAt: Timestamp(milliseconds: -9_000_000_000_000_000),
                closesAt: Timestamp(milliseconds: 9_000_000_000_000_000))
        ]
        let everybody = plan.targets.map { [$0.resource] }
        plan.order += [TurnOrder(reason: "", turns: everybody), TurnOrder(reason: "", turns: everybody.reversed())]
        plan.order.append(TurnOrder(reason: "", turns: [[], ["stranger"], []]))
        plan.limits.parallelSteps = .min
        let line = PlanTimeline(plan)
        #expect(line.begins.count == count && line.ends.count == count)
    }
}
