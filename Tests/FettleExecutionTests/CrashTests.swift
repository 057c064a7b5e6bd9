import FettleModel
import FettleTestSupport
import Testing

@testable import FettleExecution

/// The least that must hold: a crash after any event converges to the uncrashed end (dbos-transact-java#491, kured#63).
@Suite struct CrashTests {
    @Test(arguments: Scenario.all)
    func anyOrderOfResultsComesToTheSameEnd(scenario: Scenario) async throws {
        for seed in UInt64(1)...5 {
            var rehearsal = try Rehearsal(scenario.pool.plan(), seed: seed, world: scenario.prepare)
            let outcome = try await rehearsal.play()
            try expect(rehearsal, outcome, to: scenario, "seed \(seed)")
        }
    }

    @Test(arguments: Scenario.all)
    func aCrashAfterAnyEventConverges(scenario: Scenario) async throws {
        var whole = try Rehearsal(scenario.pool.plan(), world: scenario.prepare)
        try await whole.play()
        let length = try await whole.journal.count
        for seed in TestScale.isLong ? [UInt64(7), 8, 9] : [7] {
            for event in 2...length {
                var rehearsal = try Rehearsal(scenario.pool.plan(), seed: seed, world: scenario.prepare)
                rehearsal.crashesAfter = [event]
                let outcome = try await rehearsal.play()
                try expect(rehearsal, outcome, to: scenario, "seed \(seed), crash after event \(event)")
            }
        }
    }

    @Test(arguments: Scenario.all)
    func manyCrashesConvergeToo(scenario: Scenario) async throws {
        for seed in UInt64(1)...5 {
            var generator = SplitMix(seed: seed)
            var rehearsal = try Rehearsal(scenario.pool.plan(), seed: seed, world: scenario.prepare)
            rehearsal.crashesAfter = Set((0..<12).map { _ in Int(generator.next() % 120) + 2 })
            let outcome = try await rehearsal.play()
            try expect(rehearsal, outcome, to: scenario, "seed \(seed)")
        }
    }

    private func expect(
        _ rehearsal: Rehearsal, _ outcome: RunOutcome?, to scenario: Scenario, _ comment: String
    ) throws {
        let world = rehearsal.world.now
        let note = Comment(rawValue: "\(comment): \(outcome.map { "\($0)" } ?? "no end, \(rehearsal.state)")")
        #expect(Scenario.End(outcome) == scenario.end, note)
        #expect(world.isNew == scenario.isNew, note)
        #expect(Set(rehearsal.state.quarantined.map(\.resource)) == scenario.quarantined, note)
        #expect(Set(world.drained.map(\.host)) == scenario.quarantined, note)
    }
}
