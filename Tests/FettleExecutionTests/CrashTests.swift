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

    /// Two machines' clocks differ; what the second sees it sees after it has read the first one's journal.
    @Test func aSuccessorWhoseClockIsBehindTakesWhatIsDoneForDone() throws {
        let plan = Scenario.small.plan()
        var machine = try RunMachine(run: "run-1", plan: plan)
        let reference = StageReference(id: plan.id.rawValue, digest: Digest(rawValue: "00"))
        let (early, late) = (Timestamp(milliseconds: 400_000), Timestamp(milliseconds: 1_000_000))
        let seen = Observation(verdict: .pass, summary: "as it should be", observedAt: early)
        func apply(_ events: [RunEvent], epoch: Int, at time: Timestamp) throws {
            for event in events {
                try machine.apply(
                    JournalRecord(sequence: machine.sequence + 1, epoch: epoch, at: time, event: event))
            }
        }
        let step: StepID = "web-1/preflight"
        try apply(
            [
                .started(change: "change-1", plan: reference, by: "alice"), .claimed(executor: "one"),
                .stepIntended(step: step, attempt: 1, prior: nil),
            ], epoch: 1, at: late)
        // Of the same executor such an observation is an old one (I6).
        var same = machine
        let stale = RunEvent.stepDone(step: step, attempt: 1, observation: seen)
        #expect(throws: IllegalTransition.self) {
            try same.apply(JournalRecord(sequence: same.sequence + 1, epoch: 1, at: late, event: stale))
        }
        try apply([.claimed(executor: "two")], epoch: 2, at: early)
        machine.begin(holding: [])
        _ = machine.next(at: early)
        machine.receive(.checked(step, attempt: 1, .alreadyDone(seen)), at: early)
        guard case .append(let events)? = machine.next(at: early).first else {
            Issue.record("nothing follows")
            return
        }
        try apply(events, epoch: 2, at: early)
        guard case .done(let observation)? = RunState(machine).step(step)?.status else {
            Issue.record("\(events)")
            return
        }
        #expect(observation.observedAt == late && observation.details["clockBehindMilliseconds"] == "600000")
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
