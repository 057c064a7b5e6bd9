import FettleEvidence
import FettleModel
import FettleStore
import FettleTestSupport
import Foundation
import Testing

@testable import FettleControl

/// Votes that nobody has cast by Fettle.
@Suite struct ChangeWitnessTests {
    private let store = InMemoryStore(chain: .sha256)
    private let pool = Pool()

    private var tools: Tools {
        Tools(inspector: NoFacts(), resolver: NoAnswers(), drivers: pool, observer: pool, now: { Timestamp.now() })
    }

    private func submitted() async throws -> Change {
        let plan = RollingPlan.plan(size: 2, lanes: 1)
        try await StageKeeper(store: store).keep(plan, as: .plan, id: plan.id.rawValue, at: .now())
        return try await ChangeService(store: store).submit(
            plan: plan.id, kind: .normal, reason: "patches", by: "alice", policy: Policy())
    }

    private func vote(_ change: Change, by person: Person = "bob") -> Change.Vote {
        Change.Vote(
            person: person, approves: true, digest: change.plan.digest, at: .now(), note: "", isOwnChange: false)
    }

    /// The store as it is after somebody with the database's rights has written another change into it.
    private func altered(_ edit: @escaping @Sendable (inout Change) -> Void) -> AlteredStore {
        AlteredStore(inner: store) { subject, bytes in
            guard case .document(.change, _) = subject, let bytes,
                var change = try? CanonicalJSON.decode(Change.self, from: Data(bytes))
            else { return bytes }
            edit(&change)
            return (try? CanonicalJSON.encode(change)).map { [UInt8]($0) }
        }
    }

    @Test func aVoteThatWasWrittenIntoTheDatabaseStartsNoRun() async throws {
        let change = try await submitted()
        let forged = vote(change)
        let store = altered { $0.votes.append(forged) }
        let error = await #expect(throws: ControlError.self) {
            try await RunService(store: store, tools: tools).create(for: change.id)
        }
        #expect(error?.code == .drift && error?.message.contains("not what the log tells") == true, "\(error as Any)")
        #expect(try await store.runs(limit: 5).isEmpty)
    }

    /// The change is approved; who approved is another than it was. And between the making of a run and its start.
    @Test func aChangeThatWasAlteredAfterItsApprovalStartsNoRun() async throws {
        let change = try await submitted()
        _ = try await ChangeService(store: store).vote(
            on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
        let run = try await RunService(store: store, tools: tools).create(for: change.id)
        let forgery = altered { $0.votes[0].person = "carol" }
        let error = await #expect(throws: ControlError.self) {
            try await RunService(store: forgery, tools: tools)
                .carryOut(run, startedBy: "alice", options: RunService.Options(executor: "one"))
        }
        #expect(error?.code == .drift)
        #expect(try await store.records(of: run, after: 0).isEmpty)
        _ = try await RunService(store: store, tools: tools)
            .carryOut(run, startedBy: "alice", options: RunService.Options(executor: "one"))
    }

    /// A write that goes through Fettle's own store is in the log, as what it is.
    @Test func anAlterationThatTheLogTellsOfStartsNoRun() async throws {
        var change = try await submitted()
        change = try await ChangeService(store: store).vote(
            on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
        let kept = try #require(try await store.document(.change, id: change.id.rawValue))
        change.rule.approvals = 0
        var document = kept
        document.bytes = [UInt8](try CanonicalJSON.encode(change))
        document.digest = LogChain.sha256.digest(document.bytes)
        try await store.replace(document, expecting: kept.digest)
        let error = await #expect(throws: ControlError.self) {
            try await RunService(store: store, tools: tools).create(for: change.id)
        }
        #expect(error?.code == .drift && error?.message.contains("altered") == true)
    }

    @Test func aStartThatDiedHalfwayAndIsMadeGoodLeavesALogThatHolds() async throws {
        let change = try await submitted()
        _ = try await ChangeService(store: store).vote(
            on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
        let run = try await ChangeService(store: store).assignRun(to: change.id) { _ in "run-1" }
        #expect(try await RunService(store: store, tools: tools).create(for: change.id) == run)
        let report = try await LogService(store: store).check()
        #expect(report.holds, "\(report.faults)")
    }

    @Test func whatIsOlderThanTheLogIsTakenAsItIs() async throws {
        let change = try await submitted()
        _ = try await ChangeService(store: store).vote(
            on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
        let young = AlteredStore(inner: store, length: 0, beganAt: Timestamp.now().adding(seconds: 60))
        #expect(try await RunService(store: young, tools: tools).create(for: change.id) == "run-1")
    }
}
