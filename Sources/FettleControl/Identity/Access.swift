public import FettleModel

/// How whoever asks has shown who they are. Every service that changes something is given one.
public struct Access: Sendable {
    enum Way: Sendable {
        case local
        case token(AccessTokenText)
        case external(IssuerTrust, @Sendable () async throws(ControlError) -> Principal)
    }

    let way: Way
    /// What they may not write down, beside what has the form of a secret.
    private(set) var secrets = SecretMask()
    /// Who they say that they are; nil: they have not said.
    private(set) var person: Person?

    private init(way: Way) { self.way = way }

    /// By the login on this machine alone: good for everything while no users are kept, and for nothing once there are.
    public static let local = Access(way: .local)

    public static func token(_ token: AccessTokenText) -> Access { Access(way: .token(token)) }

    /// By somebody else's word, such as an issuer's of id tokens, that was verified.
    ///
    /// - Parameters:
    ///   - issuer: by whose word, which has to be the one that an admin has accepted.
    ///   - principal: asked at each act; throws where the word does not hold.
    public static func external(
        _ issuer: IssuerTrust, _ principal: @escaping @Sendable () async throws(ControlError) -> Principal
    ) -> Access {
        Access(way: .external(issuer, principal))
    }

    /// - Parameters:
    ///   - person: who they say that they are. It stands in the log where nobody else is named; what they may does not follow from it.
    ///   - secrets: known by their values: none of them may stand in what is typed.
    public func acting(as person: Person, keepingOut secrets: SecretMask) -> Access {
        var access = self
        access.person = person
        access.secrets = secrets
        return access
    }
}

/// By whose word somebody is known, and by which keys that was verified.
public struct IssuerTrust: Sendable, Equatable {
    public var policy: IdentityPolicy
    /// SHA-256 of the file with the keys; nil: they come from the issuer's address.
    public var keys: Digest?

    public init(policy: IdentityPolicy, keys: Digest?) {
        self.policy = policy
        self.keys = keys
    }
}
