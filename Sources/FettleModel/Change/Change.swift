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
    /// How far it is before anybody is asked; nil: they are.
    public var preparation: Preparation?
    /// The template that a standard change follows; nil: it is of another kind.
    public var template: String?
    /// The patch set that its plan was made from; nil: from none.
    public var promotion: ChangePromotion?
    /// When it is to be carried out: it does not start before, nor after; nil: whenever somebody starts it.
    public var schedule: TimeWindow?
    /// If nobody has started it by then, it is over; nil: it waits for ever.
    public var expiresAt: Timestamp?
    /// Whether somebody has to look at it again after its run, whatever came of that; nil: only where the run did not succeed.
    public var mustBeReviewed: Bool?
    public var review: Review?

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
        case normal
        /// As a template of the policy allows it beforehand, within that template's limits.
        case standard
        /// With fewer approvals, and a review afterwards.
        case emergency
    }

    /// Steps on the way to those who vote.
    public enum Preparation: String, Codable, Sendable, CaseIterable {
        case new, assess
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

    /// What somebody found who looked at it again after its run.
    public struct Review: Codable, Sendable, Equatable {
        public var by: Person
        public var at: Timestamp
        public var text: String

        public init(by person: Person, at time: Timestamp, text: String) {
            by = person
            at = time
            self.text = text
        }
    }

    public enum State: String, Codable, Sendable, CaseIterable {
        case awaitingApproval, approved, rejected, withdrawn
    }

    /// Follows from the votes: one rejection rejects; enough approvals of exactly this digest, by different people, approve.
    public var state: State {
        if withdrawnAt != nil { return .withdrawn }
        if votes.contains(where: { !$0.approves }) { return .rejected }
        return missingApprovals == 0 && openDemands.isEmpty && preparation == nil ? .approved : .awaitingApproval
    }
}

/// Somebody who acts: a login name, or `name@realm`.
public typealias Person = Identifier<ApprovalRule>

extension Person {
    /// The name alone: in local mode the login that gave it is recorded behind it, and is no other person.
    public var name: String {
        rawValue.firstRange(of: " (signed in as ").map { String(rawValue[..<$0.lowerBound]) } ?? rawValue
    }

    /// Whether it is the same person: names are not told apart by upper and lower case, in which anybody can write their own.
    public func isSame(as other: Person) -> Bool { name.lowercased() == other.name.lowercased() }
}

/// How many people must agree, and whether the one who asks may be among them.
public struct ApprovalRule: Codable, Sendable, Equatable {
    public var approvals: Int
    public var requesterMayApprove: Bool
    /// Whose agreement is needed in particular; nil: nobody's.
    public var demands: [Demand]?

    public init(approvals: Int, requesterMayApprove: Bool, demands: [Demand]? = nil) {
        self.approvals = approvals
        self.requesterMayApprove = requesterMayApprove
        self.demands = demands
    }

    /// One of these people has to be among those who approve.
    public struct Demand: Codable, Sendable, Hashable {
        /// On whose behalf, such as `owner of web`.
        public var what: String
        /// Their names, sorted.
        public var people: [String]
        /// Whether one of them who asks for the change has thereby agreed: an owner of what is changed has.
        public var askingAgrees: Bool

        public init(what: String, people: [String], askingAgrees: Bool) {
            self.what = what
            self.people = people
            self.askingAgrees = askingAgrees
        }
    }
}
