import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// A watch takes as long as it is set to, hours perhaps: once everything goes back nobody waits for its end.
@Suite struct CutShortTests {
    private func isAboutBake(_ record: JournalRecord) -> Bool { record.event.step == "web/bake" }

    /// Whoever wants everything to go back: a person, or the run because too much has failed.
    @Test(arguments: ["bob", nil] as [Person?])
    func aRunThatGoesBackDoesNotWaitForItsWatch(person: Person?) throws {
        var hand = try Hand(StrategyPlans.blueGreen())
        hand.endless = ["web/bake"]
        try hand.play { $0.machine.isPerforming("web/bake", attempt: 1) }
        try hand.write(.rollbackRequested(by: person, reason: "slow"))
        let asked = hand.journal.count
        try hand.play()
        #expect(hand.machine.outcome == .rolledBack(reason: "slow"))
        guard case .stepFailed(_, 1, let failure)? = hand.journal[asked...].first(where: isAboutBake)?.event else {
            Issue.record("\(hand.journal[asked...].filter(isAboutBake))")
            return
        }
        #expect(failure.message.contains("cut short"))
        #expect(hand.journal[asked...].count(where: isAboutBake) == 1, "it is not begun again")
        #expect(hand.machine.fold.everFailed.isEmpty, "and nobody has failed by it")
        try expectReplay(hand)
    }

    /// A result that was on its way changes nothing any more.
    @Test func aResultThatComesAfterwardsIsNotHeard() throws {
        var hand = try Hand(StrategyPlans.blueGreen())
        hand.endless = ["web/bake"]
        try hand.play { $0.machine.isPerforming("web/bake", attempt: 1) }
        try hand.write(.rollbackRequested(by: "bob", reason: "slow"))
        try hand.play { !$0.machine.isPerforming("web/bake", attempt: 1) }
        let seen = Observation(verdict: .pass, summary: "fine", observedAt: Timestamp(milliseconds: hand.time))
        hand.machine.receive(
            .performed("web/bake", attempt: 1, .success(seen)), at: Timestamp(milliseconds: hand.time))
        try hand.play()
        #expect(hand.machine.outcome == .rolledBack(reason: "slow"))
        #expect(!hand.done.contains("web/bake"))
    }

    /// Nor does one that takes the run over: it need not even ask how the watch stands.
    @Test func whoeverTakesOverDoesNotWatchAnyMore() throws {
        var hand = try Hand(StrategyPlans.blueGreen())
        try hand.play { $0.done.contains("web/switch") }
        try hand.crash(beginning: "web/bake")
        hand.failures["web/bake"] = StepFailure(code: .unreachable, message: "it should not be asked")
        try hand.write(.rollbackRequested(by: "bob", reason: "slow"))
        try hand.play()
        #expect(hand.machine.outcome == .rolledBack(reason: "slow"))
    }

    /// A stop lets who came through be watched to the end: what is found then still takes them back.
    @Test func aRunThatIsStoppedWatchesWhoHasComeThrough() throws {
        var hand = try Hand(StrategyPlans.blueGreen())
        hand.endless = ["web/bake"]
        try hand.play { $0.machine.isPerforming("web/bake", attempt: 1) }
        try hand.write(.abortRequested(by: "bob", reason: "enough"))
        for _ in 0..<20 { try hand.play { _ in true } }
        #expect(hand.machine.isPerforming("web/bake", attempt: 1) && hand.machine.outcome == nil)
    }

    /// As an earlier Fettle has written it: the watch ends by itself in the middle of the way back.
    @Test func aJournalWhoseWatchWasWaitedForIsStillRead() throws {
        var hand = try Hand(StrategyPlans.blueGreen())
        hand.endless = ["web/bake"]
        try hand.play { $0.machine.isPerforming("web/bake", attempt: 1) }
        try hand.write(.rollbackRequested(by: "bob", reason: "slow"))
        let seen = Observation(verdict: .pass, summary: "fine", observedAt: Timestamp(milliseconds: hand.time))
        try hand.write(.stepDone(step: "web/bake", attempt: 1, observation: seen))
        try expectReplay(hand)
    }

    /// Killed at any point from the request on: the same end, in the time of the way back alone.
    @Test func aCrashAtAnyPointConverges() async throws {
        let plan = Scenario.pool([2, 2], minimum: 2).plan()
        var whole = try Rehearsal(plan, seed: 3)
        try await whole.play()
        let begun = try #require(
            try await whole.journal.first { record in
                if case .stepIntended("wave-0/bake", _, _) = record.event { true } else { false }
            })
        for crash in begun.sequence..<(begun.sequence + 40) {
            var rehearsal = try Rehearsal(plan, seed: 3)
            rehearsal.people = [
                .init(afterEvent: begun.sequence, request: .rollback(by: "bob", reason: "slow"))
            ]
            rehearsal.crashesAfter = [crash]
            #expect(try await rehearsal.play() == .rolledBack(reason: "slow"), "after event \(crash)")
            #expect(rehearsal.world.now.isNew == [], "after event \(crash)")
            #expect(rehearsal.world.now.drained == [], "after event \(crash)")
            #expect(rehearsal.state.failed == [], "after event \(crash)")
        }
    }

    private func expectReplay(_ hand: Hand) throws {
        var replayed = try RunMachine(run: "run-1", plan: hand.plan)
        for record in hand.journal { try replayed.apply(record) }
        #expect(replayed.fold == hand.machine.fold)
    }
}
