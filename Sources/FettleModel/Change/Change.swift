/// A plan that was submitted for approval: who asked, who agreed, and to which digest. The sixth stage of the flow.
public struct Change: Codable, Sendable, Equatable {
    public var id: ChangeID
    public var plan: StageReference
    public var kind: Kind
    public var reason: String
    public var requestedBy: Person
    public var requestedAt: Timestamp
    /// As policy demanded it when the change was submitted.
    public var rule: ApprovalRule
    /// Votes in the order they were cast; a vote is never altered.
    public var votes: [Vote]
    public var withdrawnAt: Timestamp?
    /// The run that carries it out. Written before the run is made, and only into a change that nobody altered meanwhile: so a
    /// withdrawal and a start never both succeed.
    public var run: RunID?

    public init(
        id: ChangeID, plan: StageReference, kind: Kind, reason: String, requestedBy: Person, requestedAt: Timestamp,
        rule: ApprovalRule, votes: [Vote] = [], withdrawnAt: Timestamp? = nil, run: RunID? = nil
    ) {
        self.id = id
        self.plan = plan
        self.kind = kind
        self.reason = reason
        self.requestedBy = requestedBy
        self.requestedAt = requestedAt
        self.rule = rule
        self.votes = votes
        self.withdrawnAt = withdrawnAt
        self.run = run
    }

    public enum Kind: String, Codable, Sendable, CaseIterable {
        case normal, standard, emergency
    }

    public struct Vote: Codable, Sendable, Equatable {
        public var person: Person
        public var approves: Bool
        /// The digest that was in front of the voter.
        public var digest: Digest
        public var at: Timestamp
        public var note: String
        /// The voter is also the requester: recorded as such wherever the vote is shown.
        public var isOwnChange: Bool

        public init(
            person: Person, approves: Bool, digest: Digest, at: Timestamp, note: String, isOwnChange: Bool
        ) {
            self.person = person
            self.approves = approves
            self.digest = digest
            self.at = at
            self.note = note
            self.isOwnChange = isOwnChange
        }
    }

    public enum State: String, Codable, Sendable, CaseIterable {
        case awaitingApproval, approved, rejected, withdrawn
    }

    /// Follows from the votes: one rejection rejects; enough approvals of exactly this digest, by different people, approve.
    public var state: State {
        if withdrawnAt != nil { return .withdrawn }
        if votes.contains(where: { !$0.approves }) { return .rejected }
        let approvers = Set(
            votes.filter { $0.digest == plan.digest && (!$0.isOwnChange || rule.requesterMayApprove) }.map(\.person))
        return approvers.count >= rule.approvals ? .approved : .awaitingApproval
    }
}

/// Somebody who acts: a login name, or `name@realm`.
public typealias Person = Identifier<ApprovalRule>

/// How many people must agree, and whether the one who asks may be among them.
public struct ApprovalRule: Codable, Sendable, Equatable {
    public var approvals: Int
    public var requesterMayApprove: Bool

    public init(approvals: Int, requesterMayApprove: Bool) {
        self.approvals = approvals
        self.requesterMayApprove = requesterMayApprove
    }
}
