import FettleModel
import Foundation
import JWTKit
import Testing

@testable import FettleIdentity

/// Id tokens, signed here by keys of the tests' own, as an issuer would: and everything that is wrong with one.
@Suite struct IDTokenTests {
    private static let now = Timestamp(milliseconds: 1_900_000_000_000)

    /// Claims as anybody may write them.
    private struct Claims: JWTPayload {
        var fields: [String: Value]

        enum Value: Codable, Equatable {
            case text(String)
            case list([String])
            case number(Double)
            case flag(Bool)
            case none

            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                switch self {
                case .text(let text): try container.encode(text)
                case .list(let list): try container.encode(list)
                case .number(let number): try container.encode(number)
                case .flag(let flag): try container.encode(flag)
                case .none: try container.encodeNil()
                }
            }

            init(from decoder: any Decoder) throws { self = .none }
        }

        init(_ fields: [String: Value]) { self.fields = fields }
        func encode(to encoder: any Encoder) throws { try fields.encode(to: encoder) }
        init(from decoder: any Decoder) throws { fields = [:] }
        func verify(using algorithm: some JWTAlgorithm) throws {}
    }

    private static let key = ES256PrivateKey()
    private static let other = ES256PrivateKey()

    private static let policy = IdentityPolicy(
        issuer: "https://id.example.org", audience: "fettle", keys: "keys.json", algorithms: [.es256],
        groups: [
            .init(group: "ops", grants: [Grant(.operator, environments: ["dev"]), Grant(.viewer)]),
            .init(group: "cab", grants: [Grant(.approver), Grant(.viewer)]),
        ])

    private static func jwk(_ key: ES256PrivateKey, kid: String, more: [String: String] = [:]) throws -> [String:
        String]
    {
        let parameters = try #require(key.publicKey.parameters)
        func url(_ text: String) -> String {
            text.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        }
        return ["kty": "EC", "crv": "P-256", "kid": kid, "x": url(parameters.x), "y": url(parameters.y)]
            .merging(more) { $1 }
    }

    private static func set(_ keys: [[String: String]]) throws -> Data {
        try JSONSerialization.data(withJSONObject: ["keys": keys])
    }

    private static var keys: Data {
        get throws { try set([try jwk(key, kid: "one"), ["kty": "oct", "kid": "secret", "k": "AAAA"]]) }
    }

    private static let good: [String: Claims.Value] = [
        "iss": .text("https://id.example.org"), "aud": .text("fettle"), "sub": .text("zoe@example.org"),
        "exp": .number(1_900_000_060), "iat": .number(1_899_999_990), "groups": .list(["ops", "cab", "unknown"]),
    ]

    private static func sign(
        _ claims: [String: Claims.Value], by key: ES256PrivateKey = key, kid: String? = "one",
        header: JWTHeader = JWTHeader()
    ) async throws -> String {
        var header = header
        header.kid = kid
        return try await JWTKeyCollection().add(ecdsa: key).sign(Claims(claims), header: header)
    }

    private static func verify(
        _ token: String, policy: IdentityPolicy = policy, keys: Data? = nil, at time: Timestamp = now
    ) async throws -> Principal {
        try await IDTokenVerifier(policy: policy, keys: try keys ?? Self.keys).verify(token, at: time)
    }

    private func refused(
        _ code: IDTokenError.Code, _ token: String, policy: IdentityPolicy = policy, keys: Data? = nil,
        at time: Timestamp = now
    ) async throws {
        let error = await #expect(throws: IDTokenError.self) {
            _ = try await Self.verify(token, policy: policy, keys: keys, at: time)
        }
        #expect(error?.code == code, "\(String(describing: error))")
        if token.utf8.count > 40 { #expect(error?.message.contains(token.suffix(30)) == false) }
    }

    @Test func aGoodTokenTellsWhoAndWhatTheirGroupsMay() async throws {
        let principal = try await Self.verify(try await Self.sign(Self.good))
        #expect(principal.person == "zoe@example.org" && principal.by == "https://id.example.org")
        #expect(principal.grants == [Grant(.operator, environments: ["dev"]), Grant(.viewer), Grant(.approver)])
        #expect(principal.until == Timestamp(milliseconds: 1_900_000_060_000))
        #expect(IDTokenVerifier.unprovenName(try await Self.sign(Self.good), policy: Self.policy) == "zoe@example.org")
    }

    @Test func withoutAGroupThatIsKnownSomebodyMayNothing() async throws {
        for groups in [Claims.Value.list([]), .list(["op*", "OPS"]), .text("x")] {
            let token = try await Self.sign(Self.good.merging(["groups": groups]) { $1 })
            #expect(try await Self.verify(token).grants.isEmpty)
        }
        let token = try await Self.sign(Self.good.filter { $0.key != "groups" })
        #expect(try await Self.verify(token).grants.isEmpty)
    }

    @Test(arguments: [
        ("iss", Claims.Value.text("https://id.example.org/")), ("iss", .none), ("aud", .text("other")),
        ("aud", .list([])),
        ("aud", .none), ("aud", .list(["fettle", "other"])), ("azp", .text("other")), ("azp", .number(1)),
        ("exp", .number(1_900_000_000)), ("exp", .none), ("exp", .text("1900000060")), ("exp", .flag(true)),
        ("exp", .number(1e300)), ("nbf", .number(1_900_000_061)), ("iat", .number(1_900_000_061)), ("nbf", .text("x")),
        ("sub", .text("")), ("sub", .text("zoe (signed in as root)")), ("sub", .text("zo\u{430}")), ("sub", .none),
        ("sub", .text("a\nb")), ("sub", .number(7)), ("sub", .text(String(repeating: "a", count: 65))),
        ("groups", .number(1)), ("groups", .list((0...2_000).map { "g\($0)" })),
    ])
    private func aClaimThatIsWrongIsRefused(name: String, value: Claims.Value) async throws {
        let token = try await Self.sign(Self.good.merging([name: value]) { $1 })
        try await refused(token.utf8.count > IDTokenVerifier.longestToken ? .malformed : .refused, token)
    }

    @Test func forSeveralItSaysToWhomItWasIssued() async throws {
        let token = try await Self.sign(
            Self.good.merging(["aud": .list(["other", "fettle"]), "azp": .text("fettle")]) { $1 })
        #expect(try await Self.verify(token).person == "zoe@example.org")
    }

    @Test func whatIsSignedByAnotherKeyOrNotAtAllIsRefused() async throws {
        try await refused(.untrusted, try await Self.sign(Self.good, by: Self.other))
        try await refused(.unknownKey, try await Self.sign(Self.good, kid: "two"))
        try await refused(.unknownKey, try await Self.sign(Self.good, kid: "secret"))
        let parts = try await Self.sign(Self.good).split(separator: ".").map(String.init)
        func header(_ text: String) -> String {
            Data(text.utf8).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
                "=", with: "")
        }
        for alg in ["none", "None", "HS256", "RS256", "es256", "ES256K", ""] {
            let first = header("{\"alg\":\"\(alg)\",\"kid\":\"one\"}")
            try await refused(.untrusted, "\(first).\(parts[1]).\(parts[2])")
            try await refused(.untrusted, "\(first).\(parts[1]).")
        }
        try await refused(.untrusted, "\(header("{\"kid\":\"one\"}")).\(parts[1]).\(parts[2])")
        // The same claims by another's header, and other claims by the same header.
        try await refused(.untrusted, "\(header("{\"alg\":\"ES256\",\"kid\":\"one\"}")).\(parts[1]).\(parts[2])")
        try await refused(.untrusted, "\(parts[0]).\(header("{\"iss\":\"https://id.example.org\"}")).\(parts[2])")
    }

    /// RFC 8725: a key in the token, or extensions that nobody knows, are not taken.
    @Test func aKeyInTheTokenIsNotTaken() async throws {
        var header = JWTHeader()
        header.jwk = try Self.jwk(Self.other, kid: "one").mapValues { .string($0) }
        try await refused(.untrusted, try await Self.sign(Self.good, by: Self.other, header: header))
        var critical = JWTHeader()
        critical.crit = ["exp"]
        try await refused(.untrusted, try await Self.sign(Self.good, header: critical))
    }

    @Test func onlyTheAlgorithmsOfThePolicyAreTaken() async throws {
        var policy = Self.policy
        policy.algorithms = [.rs256, .eddsa]
        try await refused(.untrusted, try await Self.sign(Self.good), policy: policy)
        let eddsa = try EdDSA.PrivateKey(curve: .ed25519)
        var header = JWTHeader()
        header.kid = "ed"
        let token = try await JWTKeyCollection().add(eddsa: eddsa).sign(Claims(Self.good), header: header)
        try await refused(.untrusted, token)
    }

    @Test func aKeyForSomethingElseOrOfAnotherAlgorithmIsNotUsed() async throws {
        let token = try await Self.sign(Self.good)
        for more in [
            ["use": "enc"], ["alg": "ES384"], ["kty": "RSA"], ["kid": "other"], ["x": "AAAA"], ["crv": "P-384"],
        ] {
            let error = await #expect(throws: IDTokenError.self) {
                _ = try await Self.verify(token, keys: try Self.set([try Self.jwk(Self.key, kid: "one", more: more)]))
            }
            #expect(error.map { [.untrusted, .unknownKey, .malformed].contains($0.code) } == true, "\(more)")
        }
        // Two of one name: which one it is must not be a guess.
        let twice = try Self.set([try Self.jwk(Self.key, kid: "one"), try Self.jwk(Self.other, kid: "one")])
        try await refused(.untrusted, token, keys: twice)
    }

    @Test func withoutANameOfTheKeyTheOnlyOneIsMeant() async throws {
        let token = try await Self.sign(Self.good, kid: nil)
        #expect(try await Self.verify(token).person == "zoe@example.org")
        let two = try Self.set([try Self.jwk(Self.key, kid: "one"), try Self.jwk(Self.other, kid: "two")])
        try await refused(.untrusted, token, keys: two)
    }

    @Test(arguments: [
        "", "a", "..", "a.b", "a.b.c.d", "eyJ.eyJ.eyJ", "e30.e30.e30", "{}.{}.{}", "\u{0}.\u{0}.\u{0}", "a+/=.b.c",
        String(repeating: "e30.", count: 10_000), String(repeating: "a", count: 20_000), "bnVsbA.bnVsbA.bnVsbA",
        "W10.W10.W10",
    ])
    func whatIsNoTokenIsTold(text: String) async throws {
        let error = await #expect(throws: IDTokenError.self) { _ = try await Self.verify(text) }
        #expect(error?.code == .malformed || error?.code == .untrusted)
        #expect(IDTokenVerifier.unprovenName(text, policy: Self.policy) == nil)
    }

    @Test(arguments: ["", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[1]}", "null", "{\"keys\":[]}"])
    func keysThatAreNoneAreTold(text: String) async throws {
        let error = await #expect(throws: IDTokenError.self) {
            _ = try await Self.verify(try await Self.sign(Self.good), keys: Data(text.utf8))
        }
        #expect(error?.code == .malformed || error?.code == .unknownKey)
    }

    /// No bit of it can be another: each position of the whole token once.
    @Test func aTokenWithOneLetterAlteredIsRefused() async throws {
        let token = Array(try await Self.sign(Self.good).utf8)
        for place in token.indices {
            var altered = token
            altered[place] = altered[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            let text = String(decoding: altered, as: UTF8.self)
            // The last letter of a part may hold bits that are none of its bytes.
            if let principal = try? await Self.verify(text) {
                #expect(place == token.count - 1 && principal.person == "zoe@example.org", "position \(place)")
            }
        }
    }
}
