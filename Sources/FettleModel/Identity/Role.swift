/// What somebody may be in Fettle. No role holds another: whoever is to do two things has two roles, and what is written down tells
/// both.
public enum Role: String, Codable, Sendable, CaseIterable {
    /// Looks at everything and changes nothing.
    case viewer
    /// Scans, plans, asks for changes and carries out what others have approved.
    case `operator`
    /// Says yes or no: to changes, to accepting findings, to what was found afterwards.
    case approver
    /// Says who is who, and decides nothing about hosts.
    case admin
    /// Looks at everything, users and tokens too, and takes evidence out.
    case auditor
}

/// What is done, as far as roles tell it apart.
public enum Act: String, Codable, Sendable, CaseIterable {
    /// Looking, by way of the server.
    case read
    /// Looking at who is who.
    case readIdentities
    /// Asking hosts, and judging them anew.
    case scan
    case plan
    /// Handing a change in, scheduling it, taking it back.
    case submit
    /// Approving or rejecting a change.
    case vote
    /// Looking at a change after its run.
    case review
    /// Starting a run, or going on with one.
    case run
    /// Pausing, resuming, aborting, rolling back, retrying, skipping, handing over.
    case steer
    /// Answering what a gate asks a person.
    case answerGate
    /// Accepting findings, and taking that back.
    case waive
    case makePatchSet
    /// Saying something of a patch set: a sign-off, a regression.
    case notePatchSet
    case settleQuarantine
    /// Keeping what a provider or a vendor has shown.
    case recordStatement
    /// Having a message told again, or a receiver tried.
    case message
    case exportEvidence
    /// Making the key that signs evidence.
    case makeSigningKey
    /// Users, their roles, and other people's tokens.
    case administrate
    /// Saying which folder's rules hold here: `policy.yaml`, and where each resource is.
    case acceptPolicy
    /// A token for oneself.
    case makeOwnToken

    /// Each of these roles alone is enough; sorted as they are declared.
    public var roles: [Role] {
        switch self {
        case .read, .makeOwnToken: Role.allCases
        case .readIdentities: [.admin, .auditor]
        case .scan, .plan, .submit, .run, .steer, .makePatchSet, .settleQuarantine, .recordStatement, .message:
            [.operator]
        case .vote, .review, .waive: [.approver]
        case .answerGate, .notePatchSet: [.operator, .approver]
        case .exportEvidence: [.auditor]
        case .makeSigningKey, .administrate, .acceptPolicy: [.admin]
        }
    }

    /// As a sentence says it, after "may not".
    public var words: String {
        switch self {
        case .read: "look at the fleet"
        case .readIdentities: "look at users and tokens"
        case .scan: "scan"
        case .plan: "make plans"
        case .submit: "ask for changes"
        case .vote: "vote on changes"
        case .review: "review changes"
        case .run: "carry changes out"
        case .steer: "steer runs"
        case .answerGate: "answer gates"
        case .waive: "accept findings"
        case .makePatchSet: "make patch sets"
        case .notePatchSet: "say something of patch sets"
        case .settleQuarantine: "settle quarantine"
        case .recordStatement: "keep what others have shown"
        case .message: "have messages sent"
        case .exportEvidence: "export evidence"
        case .makeSigningKey: "make the signing key"
        case .administrate: "administrate users"
        case .acceptPolicy: "accept a policy"
        case .makeOwnToken: "make tokens"
        }
    }
}
