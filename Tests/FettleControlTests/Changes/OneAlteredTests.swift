import FettleEvidence
import FettleModel
import FettleTestSupport
import Foundation
import Testing

@testable import FettleControl
@testable import FettleStore

/// What somebody has altered past Fettle stands in its own way and in nobody else's.
@Suite struct OneAlteredTests {
    private let store = InMemoryStore(chain: .sha256)
    private var keeper: StageKeeper { StageKeeper(store: store) }
    private var changes: ChangeService { ChangeService(store: store) }

    private static let policy: Policy = {
        var policy = Policy()
        policy.defaultApproval = ApprovalRule(approvals: 1, requesterMayApprove: false)
        return policy
    }()

    private func submit(_ plan: PlanID, kind: Change.Kind = .normal) async throws -> Change {
        if try await store.document(.plan, id: plan.rawValue) == nil {
            var made = RollingPlan.plan(size: 3, lanes: 1)
            made.id = plan
            try await keeper.keep(made, as: .plan, id: plan.rawValue, at: .now())
        }
        return try await changes.submit(
            plan: plan, kind: kind, reason: "patches", by: "alice", policy: Self.policy)
    }

    private func refused(_ act: () async throws -> Void) async -> ControlError? {
        await #expect(throws: ControlError.self) { try await act() }
    }

    @Test(arguments: [true, false])
    func anAlteredChangeKeepsNoOtherFromBeingAskedForOrCarriedOut(legibly: Bool) async throws {
        let first = try await submit("plan-1")
        let second = try await submit("plan-2")
        await store.spoil(.change, first.id.rawValue, legibly: legibly)
        _ = try await submit("plan-3")
        _ = try await submit("plan-4", kind: .emergency)
        _ = try await changes.vote(on: second.id, by: "bob", approves: true, digest: second.plan.digest, note: "")
        _ = try await changes.assignRun(to: second.id) { _ in "run-1" }
        // Its own plan may still be on its way by it.
        let error = await refused { _ = try await submit("plan-1") }
        #expect(error?.code == .drift && error?.message.contains("change-1") == true, "\(error as Any)")
    }

    @Test func theCalendarTellsWhatCannotBeReadBesideTheOthers() async throws {
        _ = try await submit("plan-1")
        _ = try await submit("plan-2")
        _ = try await submit("plan-3")
        await store.spoil(.change, "change-1", legibly: true)
        await store.spoil(.plan, "plan-2", legibly: true)
        let calendar = try await changes.calendar(fleet: nil)
        #expect(calendar.entries.map(\.change) == ["change-3"])
        _ = try await changes.feed()
    }
}

extension InMemoryStore {
    /// As somebody does who alters a byte and knows nothing of digests.
    func spoil(_ kind: DocumentKind, _ id: String, legibly: Bool) {
        guard var document = storedDocuments[DocumentKey(kind: kind, id: id)] else { return }
        let text = String(decoding: document.bytes, as: UTF8.self)
        let spoilt = legibly ? text.replacing("a", with: "b", maxReplacements: 1) : "?" + text
        document.bytes = Array(spoilt.utf8)
        storedDocuments[DocumentKey(kind: kind, id: id)] = document
    }
}
