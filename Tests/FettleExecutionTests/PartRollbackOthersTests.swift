import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// Who stays while a part goes back: nobody waits for ever for it, falls with it or is blamed for it.
@Suite struct PartRollbackOthersTests {
    /// Two are watched together, and one after the other is taken out.
    private static let pairs = Scenario.pool([2, 2], minimum: 2)

    private func takesBack(_ resources: [ResourceID], after event: Int) -> Rehearsal.Person {
        .init(afterEvent: event, request: .rollbackPart(resources: resources, by: "bob", reason: "slow"))
    }

    /// Where a step is intended in the journal of a run without anything else; nil: never.
    private func intents(of resource: ResourceID, in plan: Plan, seed: UInt64) async throws -> [(StepID, Int)] {
        var whole = try Rehearsal(plan, seed: seed)
        try await whole.play()
        let own = Set(plan.steps.filter { $0.resource == resource && !$0.isBake }.map(\.id))
        return try await whole.journal.compactMap { record in
            guard case .stepIntended(let step, _, _) = record.event, own.contains(step) else { return nil }
            return (step, record.sequence)
        }
    }

    private func expectTheOthersToBeThrough(
        _ rehearsal: Rehearsal, _ outcome: RunOutcome?, without part: Set<ResourceID>, _ comment: Comment
    ) {
        #expect(Scenario.End(outcome) == .failed, comment)
        #expect(rehearsal.world.now.isNew == Set(Self.pairs.hosts).subtracting(part), comment)
        #expect(rehearsal.world.now.drained == [], comment)
        #expect(rehearsal.state.quarantined == [], comment)
        #expect(rehearsal.state.failed == [], comment)
    }

    /// The watch waits for web-2's own return, and what brings it back is its way back (I11).
    @Test(arguments: [true, false])
    func whoWaitsForOneThatGoesBackIsLookedAtWhenThatIsAtRest(hasOrder: Bool) async throws {
        var plan = Self.pairs.plan()
        if !hasOrder { plan.order = [] }
        // Whoever of the two goes last.
        for seed in UInt64(1)...6 {
            for (step, event) in try await intents(of: "web-2", in: plan, seed: seed) {
                var rehearsal = try Rehearsal(plan, seed: seed)
                rehearsal.people = [takesBack(["web-2"], after: event)]
                let outcome = try await rehearsal.play()
                expectTheOthersToBeThrough(rehearsal, outcome, without: ["web-2"], "\(step), seed \(seed)")
            }
        }
    }

    /// What is cut off by a crash and not tried again is nobody's failure, of a resource that goes back by a person's word.
    @Test func aStepThatACrashCutsOffInOneThatGoesBackDoesNotTakeTheOthersBack() async throws {
        let plan = Self.pairs.plan()
        for seed in UInt64(1)...6 {
            for (step, event) in try await intents(of: "web-3", in: plan, seed: seed) {
                var rehearsal = try Rehearsal(plan, seed: seed)
                rehearsal.people = [takesBack(["web-3"], after: event)]
                // Right after the line that says so.
                rehearsal.crashesAfter = [event + 1]
                let outcome = try await rehearsal.play()
                expectTheOthersToBeThrough(rehearsal, outcome, without: ["web-3"], "\(step), seed \(seed)")
            }
        }
    }

    /// The watch that is under way saw the bad host too: those that stay are watched anew.
    @Test func aWatchUnderWayDoesNotBlameTheOthersForOneThatGoesBack() async throws {
        var plan = Self.pairs.plan()
        // web-3 does not wait for the watch: what happens to it goes on meanwhile.
        plan.order = []
        let first = try #require(plan.steps.firstIndex { $0.id == "web-3/preflight" })
        plan.steps[first].after = []
        var cases = 0
        for seed in UInt64(1)...40 {
            var whole = try Rehearsal(plan, seed: seed)
            try await whole.play()
            let watch = try await whole.journal.filter { $0.event.step == "wave-0/bake" }.map(\.sequence)
            guard watch.count == 2, watch[1] > watch[0] + 1 else { continue }
            cases += 1
            var rehearsal = try Rehearsal(plan, seed: seed)
            rehearsal.incidents[watch[0]] = { $0.badOn = ["web-2"] }
            rehearsal.people = [takesBack(["web-2"], after: watch[0] + 1)]
            let outcome = try await rehearsal.play()
            expectTheOthersToBeThrough(rehearsal, outcome, without: ["web-2"], "seed \(seed)")
            let attempts = try await rehearsal.journal.compactMap { record -> Int? in
                if case .stepIntended("wave-0/bake", let attempt, _) = record.event { attempt } else { nil }
            }
            #expect(attempts == [1, 2], "and a late result is told from the new one")
        }
        #expect(cases > 2)
    }
}
