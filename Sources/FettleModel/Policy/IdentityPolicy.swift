/// Whose word is taken for who somebody is: `identity` in `policy.yaml`. One issuer of OIDC id tokens.
///
/// Source: https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
public struct IdentityPolicy: Codable, Sendable, Equatable {
    /// The exact `iss` of its tokens.
    public var issuer: String
    /// What has to be in `aud`: what the issuer calls Fettle.
    public var audience: String
    /// Where the issuer's public keys are, as a JSON Web Key Set: an address that begins with `https://`, or a file, which is looked for
    /// beside `policy.yaml`.
    public var keys: String
    /// By which a token may be signed; others are refused, whatever the token and the keys say.
    public var algorithms: [Algorithm]
    /// The claim with the name by which they vote and ask. It has to be one that nobody can choose for themself.
    public var nameClaim: String
    /// The claim with the list of their groups.
    public var groupsClaim: String
    /// What groups may, in the order of the file; several add up.
    public var groups: [GroupGrants]

    public init(
        issuer: String, audience: String, keys: String, algorithms: [Algorithm] = [.rs256], nameClaim: String = "sub",
        groupsClaim: String = "groups", groups: [GroupGrants] = []
    ) {
        self.issuer = issuer
        self.audience = audience
        self.keys = keys
        self.algorithms = algorithms
        self.nameClaim = nameClaim
        self.groupsClaim = groupsClaim
        self.groups = groups
    }

    public struct GroupGrants: Codable, Sendable, Equatable {
        /// As the issuer names it; no glob.
        public var group: String
        public var grants: [Grant]

        public init(group: String, grants: [Grant]) {
            self.group = group
            self.grants = grants
        }
    }

    /// Signatures with a public key only: a secret that is shared with the issuer would let whoever checks a token make one.
    public enum Algorithm: String, Codable, Sendable, CaseIterable {
        case rs256 = "RS256"
        case rs384 = "RS384"
        case rs512 = "RS512"
        case ps256 = "PS256"
        case ps384 = "PS384"
        case ps512 = "PS512"
        case es256 = "ES256"
        case es384 = "ES384"
        case es512 = "ES512"
        case eddsa = "EdDSA"
    }
}
