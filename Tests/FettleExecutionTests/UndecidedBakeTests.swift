import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// A bake that has seen too little to tell: inconclusive never advances, and is nobody's failure.
@Suite struct UndecidedBakeTests {
    private func rehearsal(times: Int = 1) throws -> Rehearsal {
        try Rehearsal(PoolPlan(waves: [1, 2], minimumAvailable: 2).plan()) {
            $0.faults["wave-0/bake"] = .fails(.inconclusive, times: times)
        }
    }

    @Test func aPersonIsWaitedForAndNobodyGoesOnOrBack() async throws {
        var rehearsal = try rehearsal()
        #expect(try await rehearsal.play() == nil)
        let reason = try #require(rehearsal.state.awaitingHuman)
        #expect(reason.contains("wave-0/bake"), "\(reason)")
        #expect(rehearsal.world.now.isNew == ["web-1"])
        #expect(rehearsal.world.now.drained == [])
        #expect(rehearsal.state.quarantined == [])
    }

    @Test func aRetryWatchesAgainAndGoesOnOnlyWhenItPasses() async throws {
        var once = try rehearsal()
        once.people = [.init(afterEvent: .max, request: .retry(by: "bob"))]
        #expect(try await once.play() == .succeeded)
        var twice = try rehearsal(times: 2)
        twice.people = [.init(afterEvent: .max, request: .retry(by: "bob"))]
        #expect(try await twice.play() == nil)
        #expect(twice.world.now.isNew == ["web-1"])
    }

    /// By a person's word, as the question offers it.
    @Test func aSkipGoesOnWithoutTheWatch() async throws {
        var rehearsal = try rehearsal()
        rehearsal.people = [
            .init(afterEvent: .max, request: .skip(step: "wave-0/bake", by: "bob", reason: "I watched it"))
        ]
        #expect(try await rehearsal.play() == .succeeded)
        #expect(rehearsal.world.now.isNew == ["web-1", "web-2", "web-3"])
        #expect(rehearsal.state.awaitingHuman == nil && rehearsal.refusals == [])
    }

    @Test func aRollbackTakesTheCanaryBack() async throws {
        var rehearsal = try rehearsal()
        rehearsal.people = [.init(afterEvent: .max, request: .rollback(by: "bob", reason: "not sure"))]
        #expect(try await rehearsal.play() == .rolledBack(reason: "not sure"))
        #expect(rehearsal.world.now.isNew == [])
    }

    @Test func aBakeThatFailsForSureStillTakesTheCanaryBackByItself() async throws {
        var rehearsal = try Rehearsal(PoolPlan(waves: [1, 2], minimumAvailable: 2).plan()) {
            $0.faults["wave-0/bake"] = .fails(.unhealthy, times: 1)
        }
        let outcome = try await rehearsal.play()
        #expect(Scenario.End(outcome) == .rolledBack)
        #expect(rehearsal.world.now.isNew == [])
    }

    @Test func aCrashWhileAPersonIsWaitedForChangesNothing() async throws {
        var whole = try rehearsal()
        try await whole.play()
        let length = try await whole.journal.count
        for event in 2..<length {
            var crashed = try rehearsal()
            crashed.crashesAfter = [event]
            #expect(try await crashed.play() == nil, "after event \(event)")
            #expect(crashed.state.awaitingHuman != nil, "after event \(event)")
            #expect(crashed.world.now.isNew == ["web-1"], "after event \(event)")
        }
    }
}
