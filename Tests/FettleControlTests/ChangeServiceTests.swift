import FettleControl
import FettleModel
import FettleStore
import FettleTestSupport
import Testing

/// I5: what runs is what others agreed to.
@Suite struct ChangeServiceTests {
    let store = InMemoryStore()
    var changes: ChangeService { ChangeService(store: store) { Timestamp(milliseconds: 1_000) } }

    private func keptPlan(_ change: (inout Plan) -> Void = { _ in }) async throws -> Plan {
        var plan = RollingPlan.plan(size: 3, lanes: 1)
        change(&plan)
        try await StageKeeper(store: store).keep(
            plan, as: .plan, id: plan.id.rawValue, at: Timestamp(milliseconds: 1))
        return plan
    }

    private func submitted(policy: Policy = Policy()) async throws -> Change {
        let plan = try await keptPlan()
        return try await changes.submit(
            plan: plan.id, kind: .normal, reason: "patches", by: "alice", policy: policy)
    }

    @Test func anotherPersonsVoteApproves() async throws {
        let change = try await submitted()
        let voted = try await changes.vote(
            on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
        #expect(voted.state == .approved)
    }

    @Test func theRequesterMayNotApprove() async throws {
        let change = try await submitted()
        await #expect(throws: ControlError.self) {
            try await changes.vote(on: change.id, by: "alice", approves: true, digest: change.plan.digest, note: "")
        }
    }

    @Test func whereThePolicyAllowsTheRequestersVoteItIsRecordedAsSuch() async throws {
        var policy = Policy()
        policy.approvals["production"] = ApprovalRule(approvals: 1, requesterMayApprove: true)
        let change = try await submitted(policy: policy)
        let voted = try await changes.vote(
            on: change.id, by: "alice", approves: true, digest: change.plan.digest, note: "")
        #expect(voted.state == .approved)
        #expect(voted.votes[0].isOwnChange)
    }

    @Test func nobodyVotesTwice() async throws {
        var policy = Policy()
        policy.defaultApproval = ApprovalRule(approvals: 2, requesterMayApprove: false)
        let change = try await submitted(policy: policy)
        _ = try await changes.vote(on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
        let error = await #expect(throws: ControlError.self) {
            try await changes.vote(on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
        }
        #expect(error?.code == .conflict)
        #expect(try await changes.change(change.id).state == .awaitingApproval)
    }

    /// atlantis#1508, #1122: what was applied was not what was approved.
    @Test func aVoteOnAnotherDigestIsRefused() async throws {
        let change = try await submitted()
        let other = Digest(rawValue: String(repeating: "0", count: 64))
        let error = await #expect(throws: ControlError.self) {
            try await changes.vote(on: change.id, by: "bob", approves: true, digest: other, note: "")
        }
        #expect(error?.code == .drift)
    }

    @Test func aPlanThatIsNotSafeIsNotSubmitted() async throws {
        let plan = try await keptPlan { $0.groups[0].minimumAvailable = 3 }
        let error = await #expect(throws: ControlError.self) {
            try await changes.submit(plan: plan.id, kind: .normal, reason: "", by: "alice", policy: Policy())
        }
        #expect(error?.code == .blocked)
        #expect(error?.message.contains("I1") == true)
    }

    /// Every byte of what is kept is covered by the digest that names it.
    @Test func aPlanThatWasAlteredWhereItIsKeptIsNotRead() async throws {
        let plan = try await keptPlan()
        let kept = try #require(try await store.document(.plan, id: plan.id.rawValue))
        var altered = kept
        altered.bytes = Array(
            String(decoding: kept.bytes, as: UTF8.self).replacing("\"to\":\"2\"", with: "\"to\":\"3\"").utf8)
        #expect(altered.bytes != kept.bytes)
        try await store.replace(altered, expecting: kept.digest)
        let error = await #expect(throws: ControlError.self) {
            try await StageKeeper(store: store).load(Plan.self, .plan, id: plan.id.rawValue)
        }
        #expect(error?.code == .drift)
    }
}
