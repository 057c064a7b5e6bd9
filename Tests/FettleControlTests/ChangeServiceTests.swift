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
            try await changes.submit(plan: plan.id, kind: .normal, reason: "patches", by: "alice", policy: Policy())
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

    private func approved() async throws -> Change {
        let change = try await submitted()
        return try await changes.vote(on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
    }

    private func submitAgain() async throws -> Change {
        try await changes.submit(plan: "plan-1", kind: .normal, reason: "again", by: "carol", policy: Policy())
    }

    /// The second run of one plan would find the world as the first one left it.
    @Test func aPlanIsNotSubmittedTwiceWhileItsChangeIsLive() async throws {
        let change = try await submitted()
        let error = await #expect(throws: ControlError.self) { try await submitAgain() }
        #expect(error?.code == .conflict)
        #expect(error?.message.contains(change.id.rawValue) == true)
        #expect(error?.hint.contains("fettle change show \(change.id)") == true)
        _ = try await changes.vote(on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
        await #expect(throws: ControlError.self) { try await submitAgain() }
    }

    @Test func aPlanWhoseChangeWasRejectedOrWithdrawnIsSubmittedAgain() async throws {
        let change = try await submitted()
        _ = try await changes.vote(on: change.id, by: "bob", approves: false, digest: change.plan.digest, note: "")
        let second = try await submitAgain()
        _ = try await changes.withdraw(second.id, by: "carol")
        #expect(try await submitAgain().id == "change-3")
    }

    @Test func aPlanWhoseRunHasEndedIsSubmittedAgain() async throws {
        let change = try await approved()
        let run = try await runs.create(for: change.id)
        let claim = try await store.claim(
            run, executor: "one", at: Timestamp(milliseconds: 2_000), leaseSeconds: 60, takeOver: false)
        let event = RunEvent.started(change: change.id, plan: change.plan, by: "alice")
        try await store.append(
            [JournalRecord(sequence: 1, epoch: claim.epoch, at: Timestamp(milliseconds: 2_000), event: event)], to: run)
        let error = await #expect(throws: ControlError.self) { try await submitAgain() }
        #expect(error?.message.contains(run.rawValue) == true)
        let end = RunEvent.ended(outcome: .rolledBack(reason: "bad"))
        try await store.append(
            [JournalRecord(sequence: 2, epoch: claim.epoch, at: Timestamp(milliseconds: 3_000), event: end)], to: run)
        #expect(try await submitAgain().state == .awaitingApproval)
    }

    @Test func aPlanWhoseRunWasSupersededIsSubmittedAgain() async throws {
        let change = try await approved()
        let run = try await runs.create(for: change.id)
        let claim = try await store.claim(
            run, executor: "one", at: Timestamp(milliseconds: 2_000), leaseSeconds: 60, takeOver: false)
        let events: [RunEvent] = [
            .started(change: change.id, plan: change.plan, by: "alice"),
            .superseded(by: "run-2", hosts: [], person: "carol"),
        ]
        try await store.append(
            events.enumerated().map {
                JournalRecord(
                    sequence: $0.offset + 1, epoch: claim.epoch, at: Timestamp(milliseconds: 2_000), event: $0.element)
            }, to: run)
        #expect(try await submitAgain().state == .awaitingApproval)
    }

    @Test func ofManyWhoSubmitAPlanAtOnceOneIsHeard() async throws {
        let plan = try await keptPlan()
        let heard = await withTaskGroup(of: ChangeID?.self) { group in
            for number in 0..<16 {
                group.addTask {
                    try? await changes.submit(
                        plan: plan.id, kind: .normal, reason: "\(number)", by: "alice", policy: Policy()
                    ).id
                }
            }
            return await group.reduce(into: []) { if let id = $1 { $0.append(id) } }
        }
        #expect(heard.count == 1)
        #expect(try await store.documents(.change, limit: 50).count == 1)
    }

    private var runs: RunService { RunService(store: store, tools: tools) }

    private var tools: Tools {
        Tools(
            inspector: NoFacts(), resolver: NoAnswers(), drivers: NoDrivers(), observer: NoMembers(),
            now: { Timestamp(milliseconds: 1_000) })
    }

    @Test func aChangeIsStartedOnceAndNamesItsRun() async throws {
        let change = try await approved()
        let run = try await runs.create(for: change.id)
        #expect(try await changes.change(change.id).run == run)
        let error = await #expect(throws: ControlError.self) { try await runs.create(for: change.id) }
        #expect(error?.code == .conflict)
        await #expect(throws: ControlError.self) { try await changes.withdraw(change.id, by: "alice") }
    }

    /// Either it is withdrawn and has no run, or it has one and is not withdrawn; never both.
    @Test(arguments: 0..<20)
    func ofAWithdrawalAndAStartAtOnceOneWins(round: Int) async throws {
        let change = try await approved()
        async let started = try? runs.create(for: change.id)
        async let withdrawn = try? changes.withdraw(change.id, by: "alice")
        let (run, withdrawal) = await (started, withdrawn)
        #expect((run == nil) != (withdrawal == nil))
        #expect(try await store.runs(limit: 5).count == (run == nil ? 0 : 1))
    }

    /// The one who starts has looked, and has not made the run yet, when the requester withdraws: the worst moment.
    @Test func aWithdrawalBetweenTheLookAndTheRunStopsTheStart() async throws {
        let change = try await approved()
        let store = InterruptedStore(inner: store) { _ = try? await changes.withdraw(change.id, by: "alice") }
        let runs = RunService(store: store, tools: tools)
        let error = await #expect(throws: ControlError.self) { try await runs.create(for: change.id) }
        #expect(error?.code == .blocked)
        #expect(try await self.store.runs(limit: 5).isEmpty)
        #expect(try await changes.change(change.id).state == .withdrawn)
    }

    /// A name that a refused start left behind, and that another change's run bears by now.
    @Test func aChangeThatNamesAnothersRunIsWithdrawnAndStarted() async throws {
        let change = try await approved()
        try await store.createRun("run-1", change: "change-9", at: Timestamp(milliseconds: 1))
        try await name("run-1", in: change)
        #expect(try await runs.create(for: change.id) == "run-2")
        let other = InMemoryStore()
        let changes = ChangeService(store: other)
        _ = try await StageKeeper(store: other).keep(
            RollingPlan.plan(size: 3, lanes: 1), as: .plan, id: "plan-1", at: Timestamp(milliseconds: 1))
        let second = try await changes.submit(
            plan: "plan-1", kind: .normal, reason: "patches", by: "alice", policy: Policy())
        try await other.createRun("run-1", change: "change-9", at: Timestamp(milliseconds: 1))
        try await name("run-1", in: second, of: other)
        let withdrawn = try await changes.withdraw(second.id, by: "alice")
        #expect(withdrawn.state == .withdrawn && withdrawn.run == nil)
    }

    private func name(_ run: RunID, in change: Change, of other: InMemoryStore? = nil) async throws {
        let store = other ?? store
        let kept = try #require(try await store.document(.change, id: change.id.rawValue))
        var change = change
        change.run = run
        let scratch = InMemoryStore()
        try await StageKeeper(store: scratch).keep(change, as: .change, id: change.id.rawValue, at: kept.createdAt)
        let told = try #require(try await scratch.document(.change, id: change.id.rawValue))
        try await store.replace(told, expecting: kept.digest)
    }

    /// The process died after the change was told and before the run was made.
    @Test func aStartThatDiedHalfwayIsMadeGood() async throws {
        var change = try await approved()
        let kept = try #require(try await store.document(.change, id: change.id.rawValue))
        change.run = "run-1"
        let scratch = InMemoryStore()
        try await StageKeeper(store: scratch).keep(change, as: .change, id: change.id.rawValue, at: kept.createdAt)
        let told = try #require(try await scratch.document(.change, id: change.id.rawValue))
        try await store.replace(told, expecting: kept.digest)
        #expect(try await runs.create(for: change.id) == "run-1")
        #expect(try await store.summary(of: "run-1")?.change == change.id)
    }

    /// The environment that counts is that of the hosts, whatever the plan's heading says.
    @Test func theStrictestRuleOfAllHostsCounts() async throws {
        var policy = Policy()
        policy.approvals["dev"] = ApprovalRule(approvals: 0, requesterMayApprove: true)
        policy.approvals["production"] = ApprovalRule(approvals: 2, requesterMayApprove: false)
        let plan = try await keptPlan { $0.environments = ["dev"] }
        let change = try await changes.submit(
            plan: plan.id, kind: .normal, reason: "patches", by: "alice", policy: policy)
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
