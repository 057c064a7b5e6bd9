import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// Machines that are kept when others take their place: owed until they are taken back or removed, and no way back is taken to one
/// that is not there any more.
@Suite struct KeptMachineTests {
    private let plan = StrategyPlans.remade()

    private func replacements(_ records: ArraySlice<JournalRecord>) throws -> Set<ResourceID> {
        var machine = try RunMachine(run: "run-1", plan: plan)
        for record in records { try machine.apply(record) }
        return Set(RunState(machine).owed.filter { $0.kind == .replacement }.map(\.resource))
    }

    /// After every line of the journal: from the intent on, until what is kept is put back or gone.
    private func expectOwed(_ journal: [JournalRecord]) throws {
        var expected: Set<ResourceID> = []
        for (place, record) in journal.enumerated() {
            switch record.event {
            case .stepIntended(let step, _, _) where step == "web-1/replace" || step == "web-2/replace":
                expected.insert(ResourceID(String("\(step)".prefix(5))))
            case .stepDone("web-1/rollback/replace", _, _), .stepDone("web/discard-web-1", _, _):
                expected.remove("web-1")
            case .stepDone("web-2/rollback/replace", _, _), .stepDone("web/discard-web-2", _, _):
                expected.remove("web-2")
            default: break
            }
            #expect(try replacements(journal[...place]) == expected, "line \(record.sequence)")
        }
    }

    @Test func whatIsMadeAndKeptIsOwedByNameUntilItIsRemoved() async throws {
        for seed in UInt64(1)...10 {
            var rehearsal = try Rehearsal(plan, seed: seed)
            #expect(try await rehearsal.play() == .succeeded)
            let journal = try await rehearsal.journal
            try expectOwed(journal)
            let replaced = try #require(
                journal.firstIndex { if case .stepDone("web-1/replace", _, _) = $0.event { true } else { false } })
            var machine = try RunMachine(run: "run-1", plan: plan)
            for record in journal[...replaced] { try machine.apply(record) }
            let owed = try #require(RunState(machine).owed.first { $0.kind == .replacement })
            #expect(owed.what.contains("web-1.before-run-1") && owed.what.contains("web-1.run-1-00000000.qcow2"))
            #expect(owed.compensation == "web/discard-web-1")
        }
    }

    @Test func aRunThatGoesBackWhileTheyAreKeptPutsAllBack() async throws {
        for seed in UInt64(1)...10 {
            var rehearsal = try Rehearsal(plan, seed: seed) { $0.faults["web/keep"] = .fails(.unhealthy, times: 9) }
            let outcome = try await rehearsal.play()
            guard case .rolledBack? = outcome else {
                Issue.record("\(String(describing: outcome))")
                continue
            }
            for host in ["web-1", "web-2"] {
                #expect(rehearsal.world.now.performed[StepID("\(host)/rollback/replace")] == 1)
                #expect(rehearsal.world.now.performed[StepID("web/discard-\(host)")] == nil)
            }
            try expectOwed(try await rehearsal.journal)
        }
    }

    /// One cannot be removed: the other's is gone already, so that this one stays, in traffic, as it is.
    @Test func nobodyGoesBackToAMachineThatMayBeGone() async throws {
        for seed in UInt64(1)...20 {
            for failing in ["web-1", "web-2"] {
                var rehearsal = try Rehearsal(plan, seed: seed) {
                    $0.faults[StepID("web/discard-\(failing)")] = .worksButFails(.internal, times: 9)
                }
                let outcome = try await rehearsal.play()
                guard case .failed(let reason)? = outcome else {
                    Issue.record("\(String(describing: outcome))")
                    continue
                }
                #expect(reason.contains("no way back for: ") && reason.contains(failing), "\(reason)")
                let performed = rehearsal.world.now.performed
                for host in ["web-1", "web-2"] where performed[StepID("web/discard-\(host)")] != nil {
                    #expect(performed[StepID("\(host)/rollback/take-out")] == nil, "seed \(seed)")
                    #expect(performed[StepID("\(host)/rollback/replace")] == nil, "seed \(seed)")
                }
            }
        }
    }

    /// It was removed by hand, or by who was cut off before the intent was written: gone is gone.
    @Test func aKeptMachineThatIsFoundGoneIsTheEndOfTheWayBackToo() async throws {
        var rehearsal = try Rehearsal(plan)
        #expect(try await rehearsal.play() == .succeeded)
        let journal = try await rehearsal.journal
        let kept = try #require(
            journal.lastIndex { if case .stepDone("web/keep", _, _) = $0.event { true } else { false } })
        var machine = try RunMachine(run: "run-1", plan: plan)
        for record in journal[...kept] { try machine.apply(record) }
        let events: [RunEvent] = [
            .stepIntended(
                step: "web/discard-web-1", attempt: 1, prior: PriorState(alreadySo: true, details: [:])),
            .stepDone(
                step: "web/discard-web-1", attempt: 1,
                observation: Observation(verdict: .pass, summary: "is gone", observedAt: journal[kept].at)),
        ]
        var record = journal[kept]
        for event in events {
            record.sequence += 1
            record.event = event
            try machine.apply(record)
        }
        let resource = try #require(machine.index.resources.first { machine.index.name(of: $0) == "web-1" })
        #expect(machine.isChangedForGood(resource))
    }

    /// Wherever the executor dies, its successor comes to the same end, and nothing is owed then.
    @Test func whoeverTakesOverFinishesIt() async throws {
        var whole = try Rehearsal(plan)
        try await whole.play()
        let count = try await whole.journal.count
        for event in 1...count {
            var rehearsal = try Rehearsal(plan)
            rehearsal.crashesAfter = [event]
            #expect(try await rehearsal.play() == .succeeded, "after \(event)")
            try expectOwed(try await rehearsal.journal)
        }
    }
}
