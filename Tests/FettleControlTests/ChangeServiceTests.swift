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

    /// A plan that was exchanged as a whole, its digest too, is not what the vote is about.
    @Test func aPlanThatWasExchangedIsNotVotedOn() async throws {
        let change = try await submitted()
        let kept = try #require(try await store.document(.plan, id: change.plan.id))
        var plan = RollingPlan.plan(size: 3, lanes: 1)
        plan.title = "another"
        let other = InMemoryStore()
        try await StageKeeper(store: other).keep(plan, as: .plan, id: plan.id.rawValue, at: plan.createdAt)
        let exchanged = try #require(try await other.document(.plan, id: plan.id.rawValue))
        try await store.replace(exchanged, expecting: kept.digest)
        let error = await #expect(throws: ControlError.self) {
            try await changes.vote(on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
        }
        #expect(error?.code == .drift)
        #expect(try await changes.change(change.id).votes.isEmpty)
    }

    /// Its run could not be resumed any more, and would leave out of traffic what it has out.
    @Test func whatIsCarriedOutIsNotWithdrawn() async throws {
        let change = try await submitted()
        _ = try await changes.vote(
            on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
        try await store.createRun("run-1", change: change.id, at: Timestamp(milliseconds: 2_000))
        let error = await #expect(throws: ControlError.self) { try await changes.withdraw(change.id, by: "alice") }
        #expect(error?.code == .conflict)
        #expect(try await changes.change(change.id).state == .approved)
    }

    /// The environment that counts is that of the hosts, whatever the plan's heading says.
    @Test func theStrictestRuleOfAllHostsCounts() async throws {
        var policy = Policy()
        policy.approvals["dev"] = ApprovalRule(approvals: 0, requesterMayApprove: true)
        policy.approvals["production"] = ApprovalRule(approvals: 2, requesterMayApprove: false)
        let plan = try await keptPlan { $0.environments = ["dev"] }
        let change = try await changes.submit(
            plan: plan.id, kind: .normal, reason: "", by: "alice", policy: policy)
        #expect(change.rule == ApprovalRule(approvals: 2, requesterMayApprove: false))
    }

    /// The newest no longer bear the highest numbers once the clock was set back.
    @Test func namesStayFreeWhenTheClockWasSetBack() async throws {
        let keeper = StageKeeper(store: store)
        for number in 1...60 {
            try await keeper.keep(
                "before \(number)", as: .facts, id: "facts-\(number)",
                at: Timestamp(milliseconds: Int64(100_000 - number)))
        }
        for number in 61...63 {
            let (_, reference) = try await keeper.keepNext(as: .facts, at: Timestamp(milliseconds: 1)) { "after \($0)" }
            #expect(reference.id == "facts-\(number)")
        }
    }
}
