import FettleEvidence
import FettleModel
import FettleTestSupport
import Foundation
import Testing

@testable import FettleControl
@testable import FettleStore

/// What somebody has written into the database is not covered by what is lawfully written on top of it.
@Suite struct LaunderedTests {
    private let store = InMemoryStore(chain: .sha256)
    private let pool = Pool()

    private var runs: RunService {
        RunService(
            store: store,
            tools: Tools(
                inspector: NoFacts(), resolver: NoAnswers(), drivers: pool, observer: pool, now: { Timestamp.now() }))
    }

    private func submitted(_ policy: Policy = Policy()) async throws -> Change {
        let plan = RollingPlan.plan(size: 2, lanes: 1)
        try await StageKeeper(store: store).keep(plan, as: .plan, id: plan.id.rawValue, at: .now())
        return try await ChangeService(store: store).submit(
            plan: plan.id, kind: .normal, reason: "patches", by: "alice", policy: policy)
    }

    @Test func aRuleThatWasAlteredBeforeALawfulVoteIsSeenAndStartsNothing() async throws {
        var policy = Policy()
        policy.defaultApproval.approvals = 2
        var change = try await submitted(policy)
        change.rule.approvals = 1
        try await store.alterPastTheLog(change, .change, change.id.rawValue)
        _ = try await ChangeService(store: store).vote(
            on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
        let faults = try await LogService(store: store).check().faults
        #expect(faults.contains { $0.what.contains("altered in between") }, "\(faults)")
        let error = await #expect(throws: ControlError.self) { try await runs.create(for: change.id) }
        #expect(error?.code == .drift && error?.message.contains("was altered between entry") == true)
        #expect(try await store.runs(limit: 5).isEmpty)
    }

    /// An approval that was used up is not used again because one cell says that its run is another's, or that there was none.
    @Test(arguments: [true, false]) func anApprovalIsNotUsedAgainByGivingItsRunAway(isGivenAway: Bool) async throws {
        let change = try await submitted()
        _ = try await ChangeService(store: store).vote(
            on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
        let run = try await runs.create(for: change.id)
        await store.give(run, to: isGivenAway ? "change-9" : nil)
        let error = await #expect(throws: ControlError.self) { try await runs.create(for: change.id) }
        #expect(error?.code == .drift && error?.message.contains("the log tells that \(run) was made for it") == true)
    }

    @Test func aChangeThatNobodyHasSubmittedStartsNothing() async throws {
        let first = try await submitted()
        var forged = first
        forged.id = "change-2"
        forged.rule.approvals = 0
        try await store.alterPastTheLog(forged, .change, "change-2")
        // Lawful by itself, and in the log.
        _ = try await ChangeService(store: store).schedule(
            "change-2",
            for: TimeWindow(opensAt: .now().adding(seconds: -60), closesAt: .now().adding(seconds: 600)), by: "alice")
        let faults = try await LogService(store: store).check().faults
        #expect(faults.contains { $0.what.contains("no entry tells of") }, "\(faults)")
        let error = await #expect(throws: ControlError.self) { try await runs.create(for: "change-2") }
        #expect(error?.code == .drift && error?.message.contains("submission") == true, "\(error as Any)")
    }

    @Test func aUserWhoseRolesWereAlteredPastFettleIsSeenWhateverIsWrittenLater() async throws {
        let world = IdentityWorld()
        let admin = try await world.admin()
        _ = try await world.add("bob", Grant(.viewer), by: admin)
        var (bob, _) = try await StageKeeper(store: world.store).load(User.self, .user, id: "bob")
        bob.grants = [Grant(.viewer), Grant(.approver)]
        try await world.store.alterPastTheLog(bob, .user, "bob")
        #expect(try await !LogService(store: world.store).check().holds)
        _ = try await world.users(admin).setDisabled(true, "bob", by: "root-admin")
        let faults = try await LogService(store: world.store).check().faults
        #expect(faults.contains { $0.what.contains("altered in between") }, "\(faults)")
    }

    /// Deleted past Fettle, and made anew by it: the later entry is lawful by itself and tells of nothing that it covers.
    @Test func aChangeThatWasDeletedAndMadeAnewIsSeenAndStartsNothing() async throws {
        let change = try await submitted()
        await store.forget(.change, change.id.rawValue)
        let again = try await ChangeService(store: store).submit(
            plan: PlanID(change.plan.id), kind: .normal, reason: "patches", by: "mallory", policy: Policy())
        #expect(again.id == change.id)
        _ = try await ChangeService(store: store).vote(
            on: again.id, by: "bob", approves: true, digest: again.plan.digest, note: "")
        let faults = try await LogService(store: store).check().faults
        #expect(faults.contains { $0.what.contains("made anew") }, "\(faults)")
        let error = await #expect(throws: ControlError.self) { try await runs.create(for: again.id) }
        #expect(error?.code == .drift && error?.message.contains("submitted") == true, "\(error as Any)")
    }

    @Test func aUserOrAStageThatWasDeletedAndMadeAnewIsSeen() async throws {
        let world = IdentityWorld()
        let admin = try await world.admin()
        _ = try await world.users(admin).add("bob", grants: [Grant(.viewer)], by: "root-admin")
        await world.store.forget(.user, "bob")
        _ = try await world.users(admin).add("bob", grants: [Grant(.approver)], by: "root-admin")
        // Even with the same contents: nothing of Fettle's deletes one.
        let facts = FactSet(id: "facts-1", observedAt: world.now, hosts: [])
        for _ in 0..<2 {
            await world.store.forget(.facts, "facts-1")
            try await StageKeeper(store: world.store).keep(facts, as: .facts, id: "facts-1", at: world.now)
        }
        let faults = try await LogService(store: world.store).check().faults
        #expect(faults.count { $0.what.contains("made anew") } == 2, "\(faults)")
    }

    /// Every act that replaces something, one after the other.
    @Test func whatIsLawfullyReplacedHolds() async throws {
        let change = try await submitted()
        let changes = ChangeService(store: store)
        let window = TimeWindow(opensAt: .now().adding(seconds: -60), closesAt: .now().adding(seconds: 600))
        _ = try await changes.schedule(change.id, for: window, by: "alice")
        _ = try await changes.vote(on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
        _ = try await runs.create(for: change.id)
        let report = try await LogService(store: store).check()
        #expect(report.holds, "\(report.faults)")
        let entries = try await LogService(store: store).entries(after: 0, limit: 50).map(\.entry)
        #expect(entries.count { $0.before != nil } == 3)
    }
}

extension InMemoryStore {
    /// As somebody does who can write to the tables, and knows that the digest has to be right.
    func forget(_ kind: DocumentKind, _ id: String) {
        storedDocuments[DocumentKey(kind: kind, id: id)] = nil
    }

    /// nil: it is taken away.
    func give(_ run: RunID, to change: ChangeID?) {
        if let change { journals[run]?.summary.change = change } else { journals[run] = nil }
    }

    func alterPastTheLog(_ value: some Encodable, _ kind: DocumentKind, _ id: String) throws {
        let bytes = try [UInt8](CanonicalJSON.encode(value))
        storedDocuments[DocumentKey(kind: kind, id: id)] = StoredDocument(
            kind: kind, id: id, digest: LogChain.sha256.digest(bytes), createdAt: .now(), bytes: bytes)
    }
}
