import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// The plays of `ChaosTests` with people who also take parts back, try failed hosts again and hand the run over: an ended run holds
/// nothing but the quarantine ledger, whatever came.
@Suite struct AskingChaosTests {
    @Test func anEndedRunHoldsNothingButTheQuarantineLedger() async throws {
        var parts = 0
        var retries = 0
        var handOvers = 0
        var ends: Set<Scenario.End> = []
        for seed in TestScale.seeds(80, long: 1000) {
            let rehearsal = try await play(seed)
            for record in try await rehearsal.journal {
                switch record.event {
                case .partRollbackRequested: parts += 1
                case .failedRetried: retries += 1
                case .handOverRequested: handOvers += 1
                case .ended(let outcome): Scenario.End(outcome).map { _ = ends.insert($0) }
                default: break
                }
            }
        }
        #expect(parts > 20 && retries > 2 && handOvers > 20 && ends == [.succeeded, .rolledBack, .failed])
    }

    private func play(_ seed: UInt64) async throws -> Rehearsal {
        var generator = SplitMix(seed: seed &+ 0x5eed)
        let pool = ChaosTests.pool(&generator)
        let plan = pool.plan()
        let faults = ChaosTests.faults(of: plan, &generator)
        var rehearsal = try Rehearsal(plan, seed: seed) { world in
            world.faults = faults
            for host in pool.hosts where Int.random(in: 0..<8, using: &generator) == 0 { world.badOn.insert(host) }
        }
        rehearsal.crashesAfter = Set((0..<4).map { _ in Int.random(in: 2...90, using: &generator) })
        var people = (0..<6).map { _ in
            let chosen = pool.hosts.filter { _ in Int.random(in: 0..<4, using: &generator) == 0 }
            let part = PartRollback(of: chosen, in: plan).resources
            let request: RunRequest =
                switch Int.random(in: 0..<5, using: &generator) {
                case 0, 1: .rollbackPart(resources: part, by: "bob", reason: "part")
                case 2: .retryFailed(resources: [], by: "bob")
                default: .handOver(by: "bob", reason: "upgrade", epoch: 0)
                }
            return Rehearsal.Person(afterEvent: Int.random(in: 3...90, using: &generator), request: request)
        }
        people.append(.init(afterEvent: .max, request: .retryFailed(resources: [], by: "bob")))
        rehearsal.people = people + ChaosTests.people(&generator)
        // `expectNothingOwed` at its end.
        let outcome = try await rehearsal.play()
        #expect(
            outcome != nil || rehearsal.state.awaitingHuman?.contains("available, needs") == true,
            "seed \(seed): \(rehearsal.state.awaitingHuman ?? "stands still")")
        let world = rehearsal.world.now
        #expect(world.violations == [], "seed \(seed)")
        let kept = Set(rehearsal.state.quarantined.map(\.resource))
        #expect(kept.isSuperset(of: world.drained.map(\.host)), "seed \(seed)")
        if case .rolledBack? = outcome { #expect(world.isNew == [], "seed \(seed)") }
        #expect(TurnOracle.breaches(of: try await rehearsal.journal, plan) == [], "seed \(seed)")
        return rehearsal
    }
}
