import FettleModel
import FettleSimulation
import FettleTestSupport
import Testing

@Suite struct RehearsalTests {
    @Test func withoutFaultsEveryPlaySucceedsWithinTheMinimum() throws {
        let plan = RollingPlan.plan(size: 5, lanes: 2)
        for seed in TestScale.seeds(20, long: 200) {
            var rehearsal = try Rehearsal(plan, seed: seed)
            let result = try rehearsal.play()
            #expect(result.outcome == .succeeded)
            #expect(result.violations == [])
            #expect((result.lowestAvailable["web"] ?? 0) >= 3)
        }
    }

    @Test func aSeedGivesTheSamePlay() throws {
        let plan = RollingPlan.plan(size: 4, lanes: 1)
        let faults = FaultProfile(packageFailure: 100, badPatch: 100, lostHost: 20)
        var first = try Rehearsal(plan, seed: 7, faults: faults)
        var second = try Rehearsal(plan, seed: 7, faults: faults)
        #expect(try first.play() == second.play())
    }

    /// Whatever fails, no group goes below its minimum by a step of ours, and nobody is left out of traffic but in quarantine.
    @Test(arguments: TestScale.seeds(100, long: 1_000))
    func faultsBreakNoInvariant(seed: UInt64) throws {
        let plan = RollingPlan.plan(size: 2 + Int(seed % 5), lanes: 1 + Int(seed % 2), reboot: seed % 3 == 0)
        let faults = FaultProfile(packageFailure: 60, badPatch: 100, lostHost: 30)
        var rehearsal = try Rehearsal(plan, seed: seed, faults: faults)
        let result = try rehearsal.play()
        #expect(result.violations == [], "seed \(seed)")
        #expect(result.outcome != nil || result.awaitingHuman != nil)
    }

    /// A million-seed run proves little if the rare endings never come: each has to be reached.
    @Test func everyEndingIsReached() throws {
        let plan = RollingPlan.plan(size: 4, lanes: 1)
        var seen: Set<String> = []
        for seed in TestScale.seeds(150, long: 1_500) {
            var rehearsal = try Rehearsal(
                plan, seed: seed, faults: FaultProfile(packageFailure: 40, badPatch: 60, lostHost: 25))
            let result = try rehearsal.play()
            switch result.outcome {
            case .succeeded: seen.insert("succeeded")
            case .rolledBack: seen.insert("rolled back")
            case .failed: seen.insert("failed")
            case nil: seen.insert("waits")
            }
            if !result.quarantined.isEmpty { seen.insert("quarantined") }
        }
        #expect(seen.isSuperset(of: ["succeeded", "rolled back", "failed", "quarantined"]))
    }
}
