import FettleChecking
import FettleModel
import FettleSimulation
import FettleTestSupport
import Testing

/// A control that is restarted before the bake and patched after it: two outages of one host, among disasters.
@Suite struct ControlDisasterTests {
    private static func plan(_ seed: UInt64) -> Plan {
        FleetPlan(groups: 1, size: 3 + Int(seed % 3), lanes: 1 + Int(seed % 2), environments: 1).plan()
            .restartingControl("pool-1-host-2", before: "pool-1/bake")
    }

    @Test func withoutFaultsEveryRunSucceeds() async throws {
        for seed in TestScale.seeds(20, long: 200) {
            #expect(PlanChecker.check(Self.plan(seed)).violations == [])
            var play = try DisasterPlay(Self.plan(seed), seed: seed, profile: .none)
            let result = try play.play()
            // Others wait for the same two threads.
            await Task.yield()
            #expect(result.outcome == .succeeded && result.violations == [], "seed \(seed): \(result.account)")
        }
    }

    @Test func noDisasterBreaksAnInvariant() async throws {
        var met: Set<Encounter> = []
        for seed in TestScale.seeds(240, long: 20_000) {
            var play = try DisasterPlay(Self.plan(seed), seed: seed)
            let result = try play.play()
            await Task.yield()
            met.formUnion(result.met)
            #expect(result.violations == [], "seed \(seed): \(result.account)")
        }
        // Also those that do not come back, and a bake that is left without any.
        let sought: Set<Encounter> = [
            .controlRestarted, .controlFailed, .controlFailedAlone, .nobodyToCompareWith, .takenOverInRestart,
        ]
        #expect(sought.subtracting(met) == [])
    }

    /// The planner's own plans restart controls often enough for it to be played.
    @Test func plannedFleetsRestartControls() throws {
        var plans = 0
        for seed in TestScale.seeds(200, long: 2_000) {
            guard let plan = DisasterFleet(seed: seed).plan else { continue }
            #expect(PlanChecker.check(plan).violations == [], "seed \(seed)")
            if plan.steps.contains(where: { $0.leg == .control }) { plans += 1 }
        }
        #expect(plans >= 5)
    }
}
