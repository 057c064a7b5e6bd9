import FettleModel
import FettleSimulation
import FettleTestSupport
import Testing

/// Small plans, and an executor that dies at every place at which it can: another one comes to the same end.
@Suite struct CrashPointTests {
    @Test(arguments: [1, 2, 3, 4])
    func whereverAnExecutorDiesTheRunComesToTheSameEnd(size: Int) async throws {
        for (lanes, reboot) in [(1, false), (min(2, size), true)] {
            let plan = RollingPlan.plan(size: size, lanes: lanes, reboot: reboot)
            let report = try CrashPointReport.of(plan, seed: 1)
            #expect(report.differences == [])
            #expect(report.plays == report.lines * 9)
            // Started, claimed, ended; and two lines for each of a host's six steps or seven.
            #expect(report.lines == 3 + size * (reboot ? 14 : 12))
            await Task.yield()
        }
    }

    /// As the planner plans them: of each kind of step the smallest plan among some hundred fleets.
    @Test(arguments: SmallPlans.actions) func whereverAnExecutorDiesAnyStrategyComesToTheSameEnd(action: String) throws
    {
        let (seed, fleet, plan) = try #require(SmallPlans.withAction[action], "no fleet has one")
        let report = try CrashPointReport.of(plan, seed: seed, surroundings: fleet.surroundings)
        #expect(report.differences == [], "seed \(seed), \(plan.steps.count) steps")
        #expect(report.plays == report.lines * 9)
    }

    /// A package's script fails, or a service is unwell after its patch: everything goes back, or one host does.
    @Test(arguments: ["halfConfigured", "unwellAfterPatch"])
    func onTheWayBackNoInvariantBreaksEither(fault: String) async throws {
        let plan = RollingPlan.plan(size: 3, lanes: 1)
        for seed in UInt64(1)...2_000 {
            var play = try DisasterPlay(plan, seed: seed)
            guard let drawn = try play.play().drawn.first(where: { $0.words.hasPrefix(fault) }) else { continue }
            let report = try CrashPointReport.of(plan, seed: seed, faults: [drawn])
            #expect(report.differences == [])
            #expect(report.plays > 100)
            return
        }
        Issue.record("no seed draws it")
    }
}

/// Plans of few steps, with something beyond a pool that is patched host by host.
private enum SmallPlans {
    static let actions = [
        "bake", "discard snapshot", "evacuate", "hand over", "replace image", "retire", "snapshot", "switch traffic",
        "upgrade through controller",
    ]

    static let withAction: [String: (seed: UInt64, fleet: DisasterFleet, plan: Plan)] = {
        var found: [String: (seed: UInt64, fleet: DisasterFleet, plan: Plan)] = [:]
        for seed in UInt64(0)..<600 {
            let fleet = DisasterFleet(seed: seed)
            guard fleet.nights == nil, let plan = fleet.plan else { continue }
            for action in Set(plan.steps.map(\.action.name)).intersection(actions) {
                if let other = found[action], other.plan.steps.count <= plan.steps.count { continue }
                found[action] = (seed, fleet, plan)
            }
        }
        return found
    }()
}
