import Foundation
import Testing

/// Id tokens of an issuer that is asked for its keys over https at each act, as `policy.yaml` names it. Its authority is the system's in
/// a mount namespace of the test's own: nothing else makes Fettle believe it.
@Suite(.enabled(if: TokenIssuer.canBeTrusted, "root, unshare, openssl, python3 and curl"))
struct TokenIssuerTests {
    private let folder: TestFolder
    private let issuer: TokenIssuer

    init() throws {
        folder = try TestFolder()
        issuer = try TokenIssuer(in: folder)
    }

    private func policy(_ algorithms: String, audience: String = "fettle") throws {
        let found = try issuer.get("/.well-known/openid-configuration")
        let (name, keys) = (try #require(found["issuer"] as? String), try #require(found["jwks_uri"] as? String))
        try folder.write(
            """
            version: 1
            identity:
              issuer: \(name)
              audience: \(audience)
              keys: \(keys)
              algorithms: [\(algorithms)]
              groups: [{group: ops, roles: ["operator:dev", viewer]}]
            """, to: "policy.yaml")
    }

    /// - Returns: the exit code, and all that was said.
    private func fettle(_ line: String, token: String? = nil, file: String? = nil) throws -> (Int32, String) {
        if let token {
            try folder.write(token, to: "token")
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: folder.file("token").path)
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        process.arguments =
            [
                "-m", "/bin/sh", "-c", "mount --bind \"$0\" \(TokenIssuer.authorities) && exec \"$@\"",
                issuer.authority,
                try Program.path(),
            ] + line.split(separator: " ").map(String.init)
        process.currentDirectoryURL = folder.url
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("FETTLE_") }
        environment["FETTLE_TOKEN_FILE"] = (token == nil ? file : "token").map { folder.file($0).path }
        process.environment = environment
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    /// Users are kept, and the policy is accepted.
    private func begin(_ algorithms: String) async throws {
        try await LocalFleet().keep(in: folder)
        try policy(algorithms)
        for (line, file) in [
            ("user add ann --role admin --to ann.enrolment", nil), ("token make --to ann", "ann.enrolment"),
            ("policy accept", "ann"),
        ] as [(String, String?)] {
            let (status, said) = try fettle(line, file: file)
            try #require(status == 0, "\(line): \(said)")
        }
    }

    private func good(_ token: String) throws {
        let (status, said) = try fettle("whoami", token: token)
        #expect(status == 0 && said.contains("zoe, by https://localhost:"), "\(said)")
    }

    private func refused(_ token: String, _ why: String) throws {
        let (status, said) = try fettle("whoami", token: token)
        #expect(status == 3 && said.contains(why), "\(why): \(status) \(said)")
        #expect(!said.contains(token.suffix(30)))
    }

    @Test func tokensByRSAAndByEdDSAAreGoodAndTheirGroupsAct() async throws {
        defer { issuer.stop() }
        try await begin("RS256, EdDSA")
        for (alg, kid) in [("RS256", "rsa-1"), ("EdDSA", "ed-1")] { try good(try issuer.token(alg, kid)) }
        let (status, said) = try fettle("change submit plan-1 --reason r", token: try issuer.token("RS256", "rsa-1"))
        #expect(status == 0, "\(said)")
        try refused(try issuer.token("RS256", "rsa-1", "sub=ann"), "is a user of this store")
    }

    @Test func everythingThatIsWrongWithATokenIsRefused() async throws {
        defer { issuer.stop() }
        try await begin("RS256, EdDSA")
        for (claims, why) in [
            ("sub=zoe&aud=other", "is not for 'fettle'"), ("sub=zoe&iss=https://localhost", "is another issuer's"),
            ("sub=zoe&exp=1000000000", "is over"), ("sub=zoe&nbf=99999999999", "is not good yet"),
            ("sub=zoe&azp=other", "another party"),
        ] {
            try refused(try issuer.token("RS256", "rsa-1", claims), why)
            try refused(try issuer.token("EdDSA", "ed-1", claims), why)
        }
        // No signature; the public key as a secret; another key, or another kind of key, under the name of a good one.
        for (alg, kid, more) in [
            ("none", "rsa-1", ""), ("HS256", "rsa-1", ""), ("HS256", "ed-1", ""), ("RS256", "rsa-1", "&by=rsa-2"),
            ("RS256", "rsa-2", ""), ("EdDSA", "rsa-1", "&by=ed-1"), ("RS256", "ed-1", "&by=rsa-1"),
        ] {
            let (status, said) = try fettle("whoami", token: try issuer.token(alg, kid, "sub=zoe\(more)"))
            #expect(status == 3, "\(alg) \(kid) \(more): \(status) \(said)")
        }
    }

    @Test func onlyTheAlgorithmsOfThePolicyAreTaken() async throws {
        defer { issuer.stop() }
        try await begin("EdDSA")
        try good(try issuer.token("EdDSA", "ed-1"))
        try refused(try issuer.token("RS256", "rsa-1"), "is not signed by EdDSA")
    }

    @Test func whenTheIssuerChangesItsKeyTheNewOneIsTakenAndTheOldOneNoMore() async throws {
        defer { issuer.stop() }
        try await begin("RS256")
        let (old, new) = (try issuer.token("RS256", "rsa-1"), try issuer.token("RS256", "rsa-2"))
        try good(old)
        try refused(new, "the issuer has no key")
        try issuer.tell("rsa-1", "rsa-2")
        try good(old)
        try good(new)
        try issuer.tell("rsa-2")
        try refused(old, "the issuer has no key")
        try good(new)
        try issuer.tell()
        try refused(new, "the issuer has no key")
    }

    @Test func whileTheIssuerIsAwayNobodyOfItsIsLetIn() async throws {
        try await begin("RS256")
        let token = try issuer.token("RS256", "rsa-1")
        issuer.stop()
        let (status, said) = try fettle("whoami", token: token)
        #expect(status == 1 && said.contains("curl ended with"), "\(status) \(said)")
        // The admin is.
        #expect(try fettle("whoami", file: "ann").0 == 0)
    }
}
