import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// Snapshots are owed until they are gone back to or removed, and no run ends with one that could be.
@Suite struct SnapshotCourseTests {
    private let plan = StrategyPlans.snapshotted()

    private func owed(_ records: some Sequence<JournalRecord>) throws -> [OwedChange] {
        var machine = try RunMachine(run: "run-1", plan: plan)
        for record in records { try machine.apply(record) }
        return RunState(machine).owed.filter { $0.kind == .snapshot }
    }

    /// After every line of the journal: from the intent on.
    private func expectOwed(_ journal: [JournalRecord]) throws {
        var expected: Set<ResourceID> = []
        for (place, record) in journal.enumerated() {
            switch record.event {
            case .stepIntended(let step, _, _) where step == "web-1/snapshot" || step == "web-2/snapshot":
                expected.insert(ResourceID(String("\(step)".prefix(5))))
            case .stepDone("web-1/rollback/revert", _, _), .stepDone("web/discard-web-1", _, _):
                expected.remove("web-1")
            case .stepDone("web-2/rollback/revert", _, _), .stepDone("web/discard-web-2", _, _):
                expected.remove("web-2")
            default: break
            }
            #expect(Set(try owed(journal[...place]).map(\.resource)) == expected, "line \(record.sequence)")
        }
    }

    @Test func aSnapshotIsOwedByNameWithTheTimeUntilWhichItMayBeKept() async throws {
        for seed in UInt64(1)...10 {
            var rehearsal = try Rehearsal(plan, seed: seed)
            #expect(try await rehearsal.play() == .succeeded)
            let journal = try await rehearsal.journal
            try expectOwed(journal)
            let taken = try #require(
                journal.firstIndex { if case .stepIntended("web-1/snapshot", _, _) = $0.event { true } else { false } })
            let owed = try #require(try owed(journal[...taken]).first)
            let until = journal[taken].at.adding(seconds: 86_400)
            #expect(owed.what.contains("fettle-run-1-00000000") && owed.what.contains("\(until)"), "\(owed.what)")
            #expect(owed.compensation == "web/discard-web-1")
        }
    }

    @Test func aBadPatchIsTakenBackByTheSnapshotAndTheRunIsRolledBack() async throws {
        for seed in UInt64(1)...10 {
            var rehearsal = try Rehearsal(plan, seed: seed) { $0.faults["web/keep"] = .fails(.unhealthy, times: 9) }
            guard case .rolledBack? = try await rehearsal.play() else {
                Issue.record("seed \(seed): \(rehearsal.state.phase)")
                continue
            }
            for host in ["web-1", "web-2"] {
                #expect(rehearsal.world.now.performed[StepID("\(host)/rollback/revert")] == 1)
                #expect(rehearsal.world.now.performed[StepID("web/discard-\(host)")] == nil)
            }
            try expectOwed(try await rehearsal.journal)
            try await rehearsal.expectNothingOwed()
        }
    }

    /// A snapshot that may have been taken is gone back to, though nothing was changed behind it.
    @Test func aSnapshotThatFailsIsTakenBackToo() async throws {
        var rehearsal = try Rehearsal(plan) { $0.faults["web-1/snapshot"] = .worksButFails(.internal, times: 9) }
        guard case .rolledBack? = try await rehearsal.play() else {
            Issue.record("\(rehearsal.state.phase)")
            return
        }
        #expect(rehearsal.world.now.performed["web-1/rollback/revert"] == 1)
        #expect(rehearsal.world.now.performed["web-1/patch"] == nil)
        try expectOwed(try await rehearsal.journal)
    }

    /// What cannot be merged is told and stays in the ledger; the patched members serve on, and the other's goes.
    @Test func aSnapshotThatCannotBeRemovedSendsNobodyBack() async throws {
        for seed in UInt64(1)...20 {
            for failing in ["web-1", "web-2"] {
                var rehearsal = try Rehearsal(plan, seed: seed) {
                    $0.faults[StepID("web/discard-\(failing)")] = .fails(.internal, times: 9)
                }
                #expect(try await rehearsal.play() == .succeeded)
                #expect(!rehearsal.world.now.performed.keys.contains { "\($0)".contains("rollback") })
                let left = try owed(try await rehearsal.journal)
                #expect(left.map(\.resource.rawValue) == [failing])
                let other = failing == "web-1" ? "web-2" : "web-1"
                #expect(rehearsal.world.now.performed[StepID("web/discard-\(other)")] == 1)
            }
        }
    }

    /// Aborted while they are kept: the members stay patched, and nothing could be gone back to any more.
    @Test func aRunThatIsAbortedRemovesTheSnapshotsOfThoseThatStay() async throws {
        var whole = try Rehearsal(plan)
        try await whole.play()
        let count = try await whole.journal.count
        for event in 1..<count {
            for seed in UInt64(1)...3 {
                var rehearsal = try Rehearsal(plan, seed: seed)
                rehearsal.people = [.init(afterEvent: event, request: .abort(by: "alice", reason: "a test"))]
                _ = try await rehearsal.play()
                #expect(rehearsal.machine.outcome != nil, "aborted behind line \(event)")
                let journal = try await rehearsal.journal
                #expect(try owed(journal).isEmpty, "aborted behind line \(event)")
                try expectOwed(journal)
            }
        }
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
