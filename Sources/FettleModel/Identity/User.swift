/// Somebody who is known to this store. While there is one, everybody has to show who they are.
public struct User: Codable, Sendable, Equatable {
    /// The name by which they vote, ask and are asked; never given to another.
    public var id: UserID
    /// In the order in which they were given.
    public var grants: [Grant]
    public var createdBy: Person
    public var createdAt: Timestamp
    /// Who altered it last, and when; as at first: nobody has.
    public var alteredBy: Person
    public var alteredAt: Timestamp
    /// They may do nothing, and their tokens are good for nothing. A user is never removed: what they did bears their name.
    public var isDisabled: Bool

    public init(id: UserID, grants: [Grant], createdBy: Person, createdAt: Timestamp) {
        self.id = id
        self.grants = grants
        self.createdBy = createdBy
        self.createdAt = createdAt
        alteredBy = createdBy
        alteredAt = createdAt
        isDisabled = false
    }

    public var person: Person { Person(id.rawValue) }

    /// Whoever may administrate users.
    public var isAdmin: Bool { !isDisabled && grants.contains { $0.role == .admin } }
}

/// By what a user shows who they are. Only a digest of its secret is kept: the text itself is told once and never again.
public struct AccessToken: Codable, Sendable, Equatable {
    public var id: AccessTokenID
    public var user: UserID
    public var kind: Kind
    /// SHA-256 of the secret's text. The secret has 256 random bits, so that nothing slower is needed to keep it from being guessed.
    public var secret: Digest
    /// What it is for, in its maker's words.
    public var title: String
    /// What it is good for at most; nil: for all that its owner may.
    public var limits: [Grant]?
    public var createdBy: Person
    /// The token by which it was made, an enrolment or another of its owner's; nil: by none, or by an earlier Fettle.
    public var madeBy: AccessTokenID?
    /// It was made by whoever is at the store, and not by a token: nobody was left to ask. nil: it was not.
    public var isByTheStore: Bool?
    public var createdAt: Timestamp
    /// From then on it is good for nothing.
    public var expiresAt: Timestamp
    /// Who ended it before, and when; nil: nobody. Of an enrolment that is its use.
    public var ended: Ending?

    public init(
        id: AccessTokenID, user: UserID, kind: Kind, secret: Digest, title: String, limits: [Grant]? = nil,
        createdBy: Person, createdAt: Timestamp, expiresAt: Timestamp
    ) {
        self.id = id
        self.user = user
        self.kind = kind
        self.secret = secret
        self.title = title
        self.limits = limits
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }

    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// Made by its owner.
        case own
        /// Made by an admin for somebody else, and good for one thing, once: that they make a token of their own. So an admin can let
        /// people in, and cannot act in their names unseen.
        case enrolment
    }

    public struct Ending: Codable, Sendable, Equatable {
        public var by: Person
        public var at: Timestamp
        /// nil: somebody wanted it so, or it was used.
        public var cause: Cause?

        public init(by person: Person, at time: Timestamp, cause: Cause? = nil) {
            by = person
            at = time
            self.cause = cause
        }

        public enum Cause: String, Codable, Sendable, CaseIterable {
            /// Another admin says that its owner has lost it.
            case lost
            /// Whoever owns the store's file says that the last admin has lost it.
            case lostByTheStore
        }
    }

    public func isLive(at time: Timestamp) -> Bool { ended == nil && time < expiresAt }
}

public typealias UserID = Identifier<User>
public typealias AccessTokenID = Identifier<AccessToken>
