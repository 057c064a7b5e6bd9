import Foundation
import Testing

/// Id tokens of an issuer that is asked for its keys over https at each act, as `policy.yaml` names it. Its authority is the system's in
/// a mount namespace of the test's own: nothing else makes Fettle believe it.
@Suite(.enabled(if: TokenIssuer.canBeTrusted, "root, unshare, openssl, python3 and curl"))
struct TokenIssuerTests {
    private let issuer: TokenIssuer
    private let world: IssuerWorld

    init() throws {
        let folder = try TestFolder()
        issuer = try TokenIssuer(in: folder)
        world = IssuerWorld(folder: folder, authority: issuer.authority)
    }

    private func begin(_ algorithms: String) async throws {
        try await world.begin(try issuer.get("/.well-known/openid-configuration"), algorithms)
    }

    @Test func tokensByRSAAndByEdDSAAreGoodAndTheirGroupsAct() async throws {
        defer { issuer.stop() }
        try await begin("RS256, EdDSA")
        for (alg, kid) in [("RS256", "rsa-1"), ("EdDSA", "ed-1")] { try world.good(try issuer.token(alg, kid)) }
        let (status, said) = try world.fettle(
            "change submit plan-1 --reason r", token: try issuer.token("RS256", "rsa-1"))
        #expect(status == 0, "\(said)")
        try world.refused(try issuer.token("RS256", "rsa-1", "sub=ann"), "is a user of this store")
    }

    @Test func everythingThatIsWrongWithATokenIsRefused() async throws {
        defer { issuer.stop() }
        try await begin("RS256, EdDSA")
        for (claims, why) in [
            ("sub=zoe&aud=other", "is not for 'fettle'"), ("sub=zoe&iss=https://localhost", "is another issuer's"),
            ("sub=zoe&exp=1000000000", "is over"), ("sub=zoe&nbf=99999999999", "is not good yet"),
            ("sub=zoe&azp=other", "another party"),
        ] {
            try world.refused(try issuer.token("RS256", "rsa-1", claims), why)
            try world.refused(try issuer.token("EdDSA", "ed-1", claims), why)
        }
        // No signature; the public key as a secret; another key, or another kind of key, under the name of a good one.
        for (alg, kid, more) in [
            ("none", "rsa-1", ""), ("HS256", "rsa-1", ""), ("HS256", "ed-1", ""), ("RS256", "rsa-1", "&by=rsa-2"),
            ("RS256", "rsa-2", ""), ("EdDSA", "rsa-1", "&by=ed-1"), ("RS256", "ed-1", "&by=rsa-1"),
        ] {
            let (status, said) = try world.fettle("whoami", token: try issuer.token(alg, kid, "sub=zoe\(more)"))
            #expect(status == 3, "\(alg) \(kid) \(more): \(status) \(said)")
        }
    }

    @Test func onlyTheAlgorithmsOfThePolicyAreTaken() async throws {
        defer { issuer.stop() }
        try await begin("EdDSA")
        try world.good(try issuer.token("EdDSA", "ed-1"))
        try world.refused(try issuer.token("RS256", "rsa-1"), "is not signed by EdDSA")
    }

    @Test func whenTheIssuerChangesItsKeyTheNewOneIsTakenAndTheOldOneNoMore() async throws {
        defer { issuer.stop() }
        try await begin("RS256")
        let (old, new) = (try issuer.token("RS256", "rsa-1"), try issuer.token("RS256", "rsa-2"))
        try world.good(old)
        try world.refused(new, "the issuer has no key")
        try issuer.tell("rsa-1", "rsa-2")
        try world.good(old)
        try world.good(new)
        try issuer.tell("rsa-2")
        try world.refused(old, "the issuer has no key")
        try world.good(new)
        try issuer.tell()
        try world.refused(new, "the issuer has no key")
    }

    @Test func whileTheIssuerIsAwayNobodyOfItsIsLetIn() async throws {
        try await begin("RS256")
        let token = try issuer.token("RS256", "rsa-1")
        issuer.stop()
        let (status, said) = try world.fettle("whoami", token: token)
        #expect(status == 1 && said.contains("curl ended with"), "\(status) \(said)")
        // The admin is.
        #expect(try world.fettle("whoami", file: "ann").0 == 0)
    }

    /// A command reads the keys each time; a server lives longer than they do.
    @Test func aServerReadsTheKeysAnewWhenATokenNamesOneThatItDoesNotKnow() async throws {
        defer { issuer.stop() }
        try await begin("RS256")
        let (old, new) = (try issuer.token("RS256", "rsa-1"), try issuer.token("RS256", "rsa-2"))
        let server = try await world.serve()
        defer { server.end() }
        #expect(try server.status(old) == 200)
        try issuer.tell("rsa-2")
        #expect(try server.status(old) == 200)
        #expect(try server.status(new) == 200)
        #expect(try server.status(old) == 403)
        // Asked a moment ago: what is made up is not asked for again.
        try issuer.tell("rsa-1")
        #expect(try server.status(old) == 403)
        #expect(try server.status(new) == 200)
    }
}
