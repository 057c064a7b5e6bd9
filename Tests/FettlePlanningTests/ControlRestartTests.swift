import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

/// Controls that are restarted as they are before anybody is compared with them.
@Suite struct ControlRestartTests {
    private static let unit = Probe(name: "unit", check: .systemdUnit(name: "web"))

    private func canary(controls: Int? = 1, atOnce: Int = 1, growth: Int = 1, isRestarted: Bool? = true) -> Strategy {
        .canary(
            first: .count(1), bakeSeconds: 60, maxUnavailable: .count(atOnce), growth: growth,
            judging: CanaryJudging(controls: controls, restartsControls: isRestarted))
    }

    private func sample(
        _ strategy: Strategy, size: Int = 5, minimum: Int = 2, probes: [Probe] = [FleetBuilder.probe, unit]
    ) -> FleetSample {
        var builder = FleetBuilder()
        builder.pool(
            "web", size: size, minimum: .count(minimum), strategy: strategy, traffic: FleetBuilder.traffic("web"),
            probes: probes)
        builder.host("lb-1")
        return FleetSample(fleet: builder.fleet, selected: Set((1...size).map { ResourceID("web-\($0)") }))
    }

    private func restarted(_ plan: Plan) -> [ResourceID] {
        plan.steps.filter { $0.leg == .control && $0.action.name == "restart services" }.map(\.resource)
    }

    @Test func itIsRestartedBetweenTheCanaryAndTheBakeAndPatchedAfterwards() throws {
        let plan = try sample(canary()).plan()
        #expect(PlanChecker.check(plan).violations == [])
        #expect(restarted(plan) == ["web-2"])
        let steps = plan.steps.filter { $0.resource == "web-2" && $0.leg == .control }
        #expect(
            steps.map(\.id.rawValue)
                == ["drain", "restart", "gate", "restore"].map { "web-2/control/\($0)" })
        #expect(steps[1].action == .restartServices(except: ["*"], units: ["web.service"]))
        #expect(plan.isBefore("web-1/restore", "web-2/control/drain"))
        #expect(plan.isBefore("web-2/control/restore", "web/bake"))
        #expect(plan.isBefore("web/bake", "web-2/drain"))
        #expect(!plan.rollback.contains { $0.leg != nil })
        guard case .bake(_, _, _, let judgement?)? = plan.step("web/bake")?.action else {
            Issue.record("nobody is compared")
            return
        }
        #expect(judgement.controls == ["web-2"])
    }

    /// A comparison with one that has run for weeks is none.
    @Test func whereNobodySaysOtherwiseItIsRestarted() throws {
        let declared = try sample(canary()).plan()
        let (plan, report) = try Planner.plan(sample(canary(isRestarted: nil)).input())
        #expect(plan == declared)
        #expect(report.warnings.isEmpty)
    }

    /// Who has not asked for it is not told either why it is left out.
    @Test func withoutAUnitNothingIsToldOfWhatNobodyAskedFor() throws {
        let sample = sample(canary(isRestarted: nil), probes: [FleetBuilder.probe])
        let (plan, report) = try Planner.plan(sample.input())
        #expect(restarted(plan) == [])
        #expect(report.warnings.isEmpty)
    }

    @Test func nobodyIsRestartedWhereTheFleetSaysSo() throws {
        let plan = try sample(canary(isRestarted: false)).plan()
        #expect(!plan.steps.contains { $0.leg != nil })
    }

    /// The third of a lane could only go when the second is patched, which waits for the bake that compares with the third.
    @Test func onlyThoseAreForWhomNobodyHasToBePatchedFirst() throws {
        let (plan, report) = try Planner.plan(sample(canary(controls: 3, atOnce: 2), size: 6).input())
        #expect(PlanChecker.check(plan).violations == [])
        #expect(restarted(plan) == ["web-2", "web-3"])
        #expect(report.warnings.contains { $0.contains("web-4") && $0.contains("not restarted") })
    }

    @Test func withoutAUnitThatAProbeNamesNobodyIs() throws {
        let (plan, report) = try Planner.plan(sample(canary(), probes: [FleetBuilder.probe]).input())
        #expect(restarted(plan) == [])
        #expect(report.warnings.contains { $0.contains("no probe of the group names a unit") })
        var spared = sample(canary())
        spared.policy.neverRestart = ["web.*"]
        let plain = try spared.plan()
        #expect(restarted(plain) == [])
    }

    private func offer(_ sample: FleetSample, control seconds: Int) -> WindowOffer {
        let opens = FactSample.now.adding(seconds: 3_600)
        let window = TimeWindow(opensAt: opens, closesAt: opens.adding(seconds: 86_400))
        let later = TimeWindow(
            opensAt: opens.adding(seconds: seconds), closesAt: opens.adding(seconds: seconds + 86_400))
        var windows: [ResourceID: [TimeWindow]] = [:]
        for resource in sample.fleet.resources { windows[resource.id] = [window, later] }
        windows["web-2"] = [later]
        return WindowOffer(windows)
    }

    @Test func inItsWindowItIsRestartedWithTheCanaryOrNotAtAll() throws {
        let sample = sample(canary())
        let same = try Planner.plan(sample.input(windows: offer(sample, control: 0))).0
        #expect(PlanChecker.check(same).violations == [])
        #expect(restarted(same) == ["web-2"])
        let (plan, report) = try Planner.plan(sample.input(windows: offer(sample, control: 100_000)))
        #expect(PlanChecker.check(plan).violations == [])
        #expect(restarted(plan) == [])
        #expect(report.warnings.contains { $0.contains("windows") })
    }

    /// Fleets of all kinds: whoever is restarted, the checker proves the plan.
    @Test func everyPlanWithThemIsProven() throws {
        var plans = 0
        for seed in TestScale.seeds(60, long: 600) {
            var random = SplitMix(seed: seed)
            var sample = FleetGenerator.sample(seed: seed)
            for place in sample.fleet.groups.indices where sample.fleet.groups[place].kind == .pool {
                guard sample.fleet.groups[place].spares == nil else { continue }
                sample.fleet.groups[place].probes.append(Self.unit)
                sample.fleet.groups[place].strategy = canary(
                    controls: Int.random(in: 1...3, using: &random), atOnce: Int.random(in: 1...3, using: &random),
                    growth: Int.random(in: 1...3, using: &random))
            }
            guard let plan = try? sample.plan() else { continue }
            #expect(PlanChecker.check(plan).violations == [], "seed \(seed)")
            if !restarted(plan).isEmpty { plans += 1 }
        }
        #expect(plans > 5)
    }
}
