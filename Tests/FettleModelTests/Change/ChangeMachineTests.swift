import FettleModel
import Testing

/// I5: who may do what with a change, and when.
@Suite struct ChangeMachineTests {
    static let digest = Digest(rawValue: String(repeating: "a", count: 64))
    static let other = Digest(rawValue: String(repeating: "b", count: 64))
    static let start = Timestamp(milliseconds: 1_000_000)

    static func change(
        approvals: Int = 1, requesterMayApprove: Bool = false, demands: [ApprovalRule.Demand]? = nil
    ) -> Change {
        Change(
            id: "change-1", plan: StageReference(id: "plan-1", digest: digest), kind: .normal, reason: "patches",
            requestedBy: "alice", requestedAt: start,
            rule: ApprovalRule(approvals: approvals, requesterMayApprove: requesterMayApprove, demands: demands))
    }

    private func yes(_ person: Person) -> ChangeAct { .vote(by: person, approves: true, digest: Self.digest, note: "") }
    private func no(_ person: Person) -> ChangeAct { .vote(by: person, approves: false, digest: Self.digest, note: "") }
    private var begin: ChangeAct { .begin(run: "run-1", digest: Self.digest) }

    private func phases(_ acts: [ChangeAct], on change: Change) throws -> [ChangePhase] {
        var change = change
        return try acts.map { act in
            try change.apply(act, at: Self.start)
            return change.phase(at: Self.start)
        }
    }

    private func code(_ act: ChangeAct, on change: Change, seconds: Int = 0, end: Change.RunEnd? = nil) -> ChangeRefusal
        .Code?
    {
        var altered = change
        do throws(ChangeRefusal) {
            try altered.apply(act, at: Self.start.adding(seconds: seconds), runEnd: end)
            return nil
        } catch {
            #expect(altered == change, "a refused act left a trace")
            return error.code
        }
    }

    @Test func aChangeGoesItsWayThroughAllPhases() throws {
        var change = Self.change(approvals: 2)
        change.preparation = .new
        #expect(change.phase(at: Self.start) == .new)
        #expect(
            try phases([.submit, .assessed, yes("bob"), yes("carol"), begin], on: change)
                == [.assess, .authorise, .authorise, .scheduled, .implement])
        change = Self.change()
        change.run = "run-1"
        #expect(change.phase(at: Self.start, runEnd: .succeeded) == .closed)
        #expect(change.phase(at: Self.start, runEnd: .otherwise) == .review)
        change.mustBeReviewed = true
        #expect(change.phase(at: Self.start, runEnd: .succeeded) == .review)
        try change.apply(.review(by: "bob", text: "all well"), at: Self.start, runEnd: .succeeded)
        #expect(change.phase(at: Self.start, runEnd: .succeeded) == .closed)
    }

    @Test func oneWhoRejectsEndsIt() throws {
        #expect(try phases([yes("bob"), no("carol")], on: Self.change(approvals: 2)) == [.authorise, .cancelled])
        var change = Self.change()
        try change.apply(no("bob"), at: Self.start)
        #expect(code(yes("carol"), on: change) == .conflict)
        #expect(code(begin, on: change) == .blocked)
    }

    @Test func nobodyVotesTwiceUnderWhateverLogin() throws {
        var change = Self.change(approvals: 2)
        try change.apply(yes("bob"), at: Self.start)
        #expect(code(yes("bob"), on: change) == .conflict)
        #expect(code(yes("bob (signed in as root)"), on: change) == .conflict)
        #expect(code(no("bob"), on: change) == .conflict)
    }

    @Test func theRequesterNeverApprovesUnderWhateverLogin() {
        #expect(code(yes("alice"), on: Self.change()) == .blocked)
        #expect(code(yes("alice (signed in as root)"), on: Self.change()) == .blocked)
        #expect(code(yes("alice"), on: Self.change(requesterMayApprove: true)) == nil)
    }

    /// atlantis#1508, #1122.
    @Test func aVoteOnAnotherPlanIsNone() throws {
        let vote = ChangeAct.vote(by: "bob", approves: true, digest: Self.other, note: "")
        #expect(code(vote, on: Self.change()) == .drift)
        var change = Self.change()
        try change.apply(yes("bob"), at: Self.start)
        #expect(code(.begin(run: "run-1", digest: Self.other), on: change) == .drift)
        // What was voted on was exchanged with the change itself: the votes are void.
        change.plan.digest = Self.other
        #expect(change.state == .awaitingApproval)
        #expect(code(.begin(run: "run-1", digest: Self.other), on: change) == .blocked)
    }

    @Test func whoeverIsDemandedHasToBeAmongThem() throws {
        let demand = ApprovalRule.Demand(what: "dba", people: ["dora", "emil"], askingAgrees: false)
        var change = Self.change(demands: [demand])
        try change.apply(yes("bob"), at: Self.start)
        #expect(change.phase(at: Self.start) == .authorise)
        #expect(code(begin, on: change) == .blocked)
        try change.apply(yes("emil"), at: Self.start)
        #expect(change.phase(at: Self.start) == .scheduled)
    }

    @Test func anOwnerWhoAsksHasHadTheirSayAndDoesNotCountTwice() throws {
        let demand = ApprovalRule.Demand(what: "owner", people: ["alice"], askingAgrees: true)
        var change = Self.change(demands: [demand])
        #expect(change.openDemands.isEmpty && change.missingApprovals == 1)
        try change.apply(yes("bob"), at: Self.start)
        #expect(change.state == .approved)
    }

    /// Whoever sees a danger in what is approved need not watch it begin.
    @Test func whatIsApprovedCanBeStoppedUntilItIsBegun() throws {
        var change = Self.change()
        try change.apply(yes("bob"), at: Self.start)
        #expect(code(no("bob"), on: change) == .conflict, "nobody votes twice")
        #expect(code(yes("carol"), on: change) == .conflict)
        var stopped = change
        try stopped.apply(no("carol"), at: Self.start)
        #expect(stopped.state == .rejected && code(begin, on: stopped) != nil)
        try change.apply(begin, at: Self.start)
        #expect(code(no("carol"), on: change) == .conflict)
    }

    @Test func onlyTheRequesterWithdrawsAndNotWhatRuns() throws {
        #expect(code(.withdraw(by: "bob"), on: Self.change()) == .blocked)
        var change = Self.change()
        try change.apply(yes("bob"), at: Self.start)
        #expect(code(.withdraw(by: "alice"), on: change) == nil)
        try change.apply(begin, at: Self.start)
        #expect(code(.withdraw(by: "alice"), on: change) == .conflict)
    }

    @Test func whatIsScheduledStartsThenAndIsOverAfterwards() throws {
        let window = TimeWindow(opensAt: Self.start.adding(seconds: 100), closesAt: Self.start.adding(seconds: 200))
        #expect(code(.schedule(by: "bob", window: window), on: Self.change()) == .blocked)
        var change = Self.change()
        try change.apply(.schedule(by: "alice", window: window), at: Self.start)
        try change.apply(yes("bob"), at: Self.start)
        #expect(code(.schedule(by: "alice", window: nil), on: change) == .conflict)
        #expect(code(begin, on: change, seconds: 99) == .blocked)
        #expect(code(begin, on: change, seconds: 100) == nil)
        #expect(code(begin, on: change, seconds: 200) == .blocked)
        #expect(change.phase(at: window.closesAt) == .cancelled)
    }

    @Test func whatNobodyStartedInTimeIsOver() throws {
        var change = Self.change()
        change.expiresAt = Self.start.adding(seconds: 10)
        #expect(code(yes("bob"), on: change, seconds: 10) == .conflict)
        try change.apply(yes("bob"), at: Self.start)
        #expect(change.words(change.phase(at: Self.start.adding(seconds: 10))) == "expired")
        #expect(code(begin, on: change, seconds: 10) == .blocked)
        try change.apply(begin, at: Self.start.adding(seconds: 9))
        #expect(change.phase(at: Self.start.adding(seconds: 1_000)) == .implement)
    }

    @Test func aReviewIsAnotherPersons() {
        var change = Self.change()
        change.run = "run-1"
        #expect(code(.review(by: "alice", text: ""), on: change, end: .otherwise) == .blocked)
        #expect(code(.review(by: "bob", text: ""), on: change) == .conflict)
        #expect(code(.review(by: "bob", text: ""), on: change, end: .otherwise) == nil)
    }
}
