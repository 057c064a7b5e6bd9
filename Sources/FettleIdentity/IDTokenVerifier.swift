public import FettleModel
public import Foundation
import JWTKit

/// Checks OIDC id tokens against one issuer's keys.
///
/// Source: https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation, and for what goes wrong with others:
/// https://www.rfc-editor.org/rfc/rfc8725. Which algorithm is used is never the token's choice, no key is taken from the token, and
/// what the header says is critical and nobody knows here is refused.
public struct IDTokenVerifier: Sendable {
    let policy: IdentityPolicy
    /// A JSON Web Key Set.
    let keys: Data

    /// Bytes of a token, and of a key set, at most.
    public static let longestToken = 16_384
    public static let longestKeys = 1 << 20
    /// How far the issuer's clock may be ahead of ours, in seconds.
    static let leeway = 60.0
    /// Groups of one person at most.
    static let mostGroups = 2_000

    public init(policy: IdentityPolicy, keys: Data) {
        self.policy = policy
        self.keys = keys
    }

    /// Who that is, and what they may.
    ///
    /// - Parameter time: at which it has to be good.
    public func verify(_ token: String, at time: Timestamp) async throws(IDTokenError) -> Principal {
        let claims = try await claims(of: token)
        try check(claims, at: Double(time.milliseconds) / 1000)
        guard let name = claims[policy.nameClaim] as? String, Self.isName(name) else {
            throw IDTokenError(
                .refused,
                "the claim '\(policy.nameClaim)' is no name of letters, digits, '.', '-', '_' and '@' with up to 64 of them"
            )
        }
        let groups = try groups(claims[policy.groupsClaim])
        let grants = policy.groups.filter { groups.contains($0.group) }.flatMap(\.grants)
        var seen: Set<Grant> = []
        let until = JSONParts.seconds(claims["exp"]).map { Timestamp(milliseconds: Int64($0 * 1000)) }
        return Principal(
            Person(name), grants: grants.filter { seen.insert($0).inserted }, by: policy.issuer, until: until)
    }

    /// The name that a token tells, unproven: only to say in whose name something is asked, before it is verified.
    public static func unprovenName(_ token: String, policy: IdentityPolicy) -> String? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard token.utf8.count <= longestToken, parts.count == 3, let bytes = JSONParts.base64URL(parts[1]),
            let claims = try? JSONParts.object(bytes, limit: longestToken, "the token"),
            let name = claims[policy.nameClaim] as? String, isName(name)
        else { return nil }
        return name
    }

    // MARK: The signature

    private func claims(of token: String) async throws(IDTokenError) -> [String: Any] {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard token.utf8.count <= Self.longestToken, parts.count == 3,
            let headerBytes = JSONParts.base64URL(parts[0]), let bytes = JSONParts.base64URL(parts[1])
        else {
            throw IDTokenError(.malformed, "that is no id token: three parts in base64url with dots between them")
        }
        let header = try JSONParts.object(headerBytes, limit: Self.longestToken, "the token's header")
        guard header["crit"] == nil else {
            throw IDTokenError(.untrusted, "the token's header demands what nobody here knows (crit)")
        }
        let allowed = policy.algorithms.map(\.rawValue)
        guard let name = header["alg"] as? String, allowed.contains(name) else {
            throw IDTokenError(
                .untrusted, "the token is not signed by \(allowed.joined(separator: " or ")), which policy.yaml demands"
            )
        }
        let key = try key(header["kid"] as? String, algorithm: name)
        do {
            let collection = try await JWTKeyCollection().add(jwk: key)
            _ = try await collection.verify(token, as: Unread.self)
        } catch {
            throw IDTokenError(.untrusted, "the token is not signed by the issuer's key")
        }
        return try JSONParts.object(bytes, limit: Self.longestToken, "the token's claims")
    }

    static func isKeySet(_ bytes: Data) -> Bool {
        (try? JSONParts.object(bytes, limit: longestKeys, "the issuer's keys"))?["keys"] is [[String: Any]]
    }

    /// Exactly the one that the token names; without a name, the only one there is for the algorithm.
    private func key(_ kid: String?, algorithm: String) throws(IDTokenError) -> JWK {
        let set = try JSONParts.object(keys, limit: Self.longestKeys, "the issuer's keys")
        guard let all = set["keys"] as? [[String: Any]] else {
            throw IDTokenError(.malformed, "the issuer's keys: no list 'keys'")
        }
        let fitting = all.filter { key in
            (kid == nil || key["kid"] as? String == kid) && (key["alg"] as? String ?? algorithm) == algorithm
                && (key["use"] as? String ?? "sig") == "sig" && key["kty"] as? String == Self.keyType(of: algorithm)
                && key["crv"] as? String == Self.curve(of: algorithm)
        }
        guard fitting.count == 1, var fields = fitting.first else {
            throw IDTokenError(
                fitting.isEmpty ? .unknownKey : .untrusted,
                fitting.isEmpty
                    ? "the issuer has no key for \(algorithm) of the token's name: it may have been withdrawn"
                    : "the issuer has several keys that fit the token")
        }
        // The key goes by our choice alone: of what else the set says nothing is used.
        fields["alg"] = algorithm
        fields["kid"] = kid ?? "only"
        for secret in ["d", "p", "q", "dp", "dq", "qi"] { fields[secret] = nil }
        guard let bytes = try? JSONSerialization.data(withJSONObject: fields),
            let key = try? JSONDecoder().decode(JWK.self, from: bytes)
        else { throw IDTokenError(.malformed, "the issuer's key cannot be read") }
        return key
    }

    private static func keyType(of algorithm: String) -> String {
        switch algorithm.first {
        case "R", "P": "RSA"
        default: algorithm == "EdDSA" ? "OKP" : "EC"
        }
    }

    /// nil: its keys have none.
    private static func curve(of algorithm: String) -> String? {
        switch algorithm {
        case "ES256": "P-256"
        case "ES384": "P-384"
        case "ES512": "P-521"
        case "EdDSA": "Ed25519"
        default: nil
        }
    }

    /// What is signed is read by `check`, which knows the names of its claims.
    private struct Unread: JWTPayload {
        func verify(using algorithm: some JWTAlgorithm) throws {}
    }

    // MARK: The claims

    /// - Parameter now: in seconds since 1970.
    private func check(_ claims: [String: Any], at now: Double) throws(IDTokenError) {
        guard claims["iss"] as? String == policy.issuer else {
            throw IDTokenError(.refused, "the token is another issuer's than \(policy.issuer)")
        }
        let audiences = claims["aud"] as? [String] ?? (claims["aud"] as? String).map { [$0] } ?? []
        guard audiences.contains(policy.audience) else {
            throw IDTokenError(.refused, "the token is not for '\(policy.audience)'")
        }
        if let party = claims["azp"], party as? String != policy.audience {
            throw IDTokenError(.refused, "the token was issued to another party than '\(policy.audience)'")
        }
        guard audiences.count == 1 || claims["azp"] != nil else {
            throw IDTokenError(.refused, "the token is for several, and does not say to whom it was issued")
        }
        guard let end = JSONParts.seconds(claims["exp"]) else {
            throw IDTokenError(.refused, "the token has no end (exp)")
        }
        guard now < end else { throw IDTokenError(.refused, "the token is over: get a new one") }
        for name in ["nbf", "iat"] {
            guard let value = claims[name] else { continue }
            guard let start = JSONParts.seconds(value), start <= now + Self.leeway else {
                throw IDTokenError(.refused, "the token is not good yet (\(name)): is this machine's clock right?")
            }
        }
    }

    private func groups(_ value: Any?) throws(IDTokenError) -> Set<String> {
        guard let value else { return [] }
        guard let groups = value as? [String] ?? (value as? String).map({ [$0] }), groups.count <= Self.mostGroups
        else {
            throw IDTokenError(
                .refused, "the claim '\(policy.groupsClaim)' is no list of up to \(Self.mostGroups) names")
        }
        return Set(groups)
    }

    private static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
                    || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || ".-_@".utf8.contains(byte)
            }
    }
}
