import FettleDriverKit
import FettleEvidence
import FettleModel
import FettleStore
import FettleTestSupport
import Foundation
import Testing

@testable import FettleControl

@Suite struct SecretMaskTests {
    private let mask = SecretMask(environment: [
        "PGPASSWORD": "hunter-twelve", "HTTPS_PROXY": "http://user:pr0xy-secret@proxy:3128", "PATH": "/usr/bin:/bin",
        "GITHUB_TOKEN": "ghp_\"quoted\"", "SHORT_TOKEN": "yes", "TOKEN_FILE": "/etc/a/token-file",
        "CREDENTIALS_DIRECTORY": "/run/credentials/fettle", "SECRETS_DIR": "/run/secrets",
    ])

    @Test(
        arguments: [
            ("the password is hunter-twelve, twice hunter-twelve", "the password is ***, twice ***"),
            ("via pr0xy-secret", "via ***"), ("ghp_\"quoted\"", "***"), ("yes it is /etc/a/token-file", nil),
            ("in /run/credentials/fettle and /run/secrets", nil),
            ("postgresql://fettle:s3cret@db.example/fettle", "postgresql://fettle:***@db.example/fettle"),
            ("http://a:b:c@d:80/x@y", "http://a:***@d:80/x@y"), ("ssh://git@host:22/x", nil),
            ("http://host:80/a@b", nil),
            ("Authorization: Bearer abcdef123456", "Authorization: ***"), ("> proxy-authorization:Basic eA==", nil),
            ("X-API-Key:  k", "X-API-Key:  ***"), ("Cookie: a=b; c=d", "Cookie: ***"),
            ("sent bearer abcdefgh12, done", "sent bearer ***, done"), ("a bearer of news", nil),
            ("password=abc next", "password=*** next"), ("DB_PASSWORD: 'a b c' x", "DB_PASSWORD: '***' x"),
            ("{\"api_key\": \"k1\", \"b\": 2}", "{\"api_key\": \"***\", \"b\": 2}"), ("mysql --password abc -h x", nil),
            ("--token=abc&x=1", "--token=***&x=1"), ("3 tokens were found", nil), ("", nil), ("password=", nil),
            ("token:", nil), ("://", nil), ("://@", nil), ("a://:@", nil),
        ] as [(String, String?)])
    func whatLooksLikeASecretIsMasked(text: String, masked: String?) {
        let wanted: String =
            switch text {
            case "> proxy-authorization:Basic eA==": "> proxy-authorization:***"
            case "mysql --password abc -h x": "mysql --password *** -h x"
            default: masked ?? text
            }
        #expect(mask.masked(text) == wanted)
    }

    @Test func aPrivateKeyIsMaskedToItsEndWithOrWithoutOne() {
        let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\ndef\n-----END RSA PRIVATE KEY-----"
        #expect(
            mask.masked("a\n\(key)\nb\n\(key)")
                == "a\n-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----\nb\n"
                + "-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----")
        #expect(!mask.masked("-----BEGIN PRIVATE KEY-----\nMIIabc\n").contains("MIIabc"))
    }

    /// Nothing from a host makes it slow, or makes it fail.
    @Test func whateverAHostPrintsIsAnswered() {
        let pieces = [
            "password=", "://:@", "bearer ", "\u{0}\u{fffd}", "PRIVATE KEY-----", "-----END", "token\"", "--secret ",
            "hvs.", "fettle:", "token\\", "password:\n", "\u{FF1A}\u{A0}",
        ]
        for piece in pieces {
            let masked = mask.masked(String(repeating: piece, count: 2_000))
            #expect(masked.utf8.count <= 40_000)
        }
    }

    /// Of a value only itself goes, whatever stands before it.
    @Test(
        arguments: [
            ("{\\\"password\\\":\\\"a\\\",\\\"b\\\":2}", "{\\\"password\\\":\\\"***\\\",\\\"b\\\":2}"),
            ("password => 'a b', x", "password => '***', x"), ("password := a b", "password := *** b"),
            ("password == a", "password == ***"), ("password\u{FF1A}a b", "password\u{FF1A}*** b"),
            ("password\u{A0}=\u{A0}a", "password\u{A0}=\u{A0}***"), ("password:\n  a1\nb", "password:\n  ***\nb"),
            ("Password:\nlogin went wrong", "Password:\nlogin went wrong"),
            ("password:\nport: 5432", "password:\nport: 5432"),
        ])
    func theValueIsMaskedAndNotTheSign(text: String, masked: String) {
        #expect(mask.masked(text) == masked)
    }

    /// Such as of an automation controller: what everybody may say of it is not taken for a secret.
    @Test func anAddressIsKnownByThoseOfItsPartsThatNobodyCouldGuess() {
        let known = KnownSecrets()
        let name = "a hook"
        known.add(address: "https://awx.example/api/v2/job_templates/42/github/", as: name)
        known.add(address: "https://x.example/hooks/v2?api-version=2016-06-01", as: name)
        known.add(address: "https://y.example/production-eu1/2026-11-28T22:05:00Z", as: name)
        known.add(address: "https://z.example/hooks/0123456789abcdef?sig=0f1e2d3c4b5a69788796", as: name)
        let mask = SecretMask(and: known)
        for text in [
            "job_templates", "/api/v2/job_templates/42/github/", "2016-06-01", "/hooks/v2", "production-eu1",
            "2026-11-28T22:05:00Z", "/production-eu1/2026-11-28T22:05:00Z",
        ] {
            #expect(mask.namesOfSecrets(in: Array("see \(text)".utf8)).isEmpty, "\(text)")
        }
        for text in [
            "https://awx.example/api/v2/job_templates/42/github/", "0123456789abcdef", "/hooks/0123456789abcdef",
            "0f1e2d3c4b5a69788796",
        ] {
            #expect(mask.namesOfSecrets(in: Array("see \(text)".utf8)) == [name], "\(text)")
        }
    }

    @Test func maskingTwiceChangesNothingMore() {
        var random = SplitMix(seed: 7)
        let pieces = [
            "password", "=", ": ", "'", "\"", "x1y2", "://", "@", "a:", "\n", " ", "bearer ", "token", "hunter-twelve",
            "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "***", "--", ",",
        ]
        for _ in 0..<2_000 {
            let text = (0..<12).map { _ in pieces[Int(random.next() % UInt64(pieces.count))] }.joined()
            let once = mask.masked(text)
            #expect(!once.contains("hunter-twelve"), "\(text)")
            #expect(mask.masked(once).contains("hunter-twelve") == false)
        }
    }

    @Test func aSecretIsFoundInEveryFormThatItIsWrittenIn() throws {
        let value = "ghp_\"quoted\""
        for text in [value, "ghp_\\\"quoted\\\"", Data(value.utf8).base64EncodedString()] {
            #expect(mask.namesOfSecrets(in: Array("x \(text) y".utf8)) == ["GITHUB_TOKEN"], "\(text)")
        }
        #expect(mask.namesOfSecrets(in: Array("yes /usr/bin:/bin".utf8)).isEmpty)
        // As stages and journals write it: a quotation mark with a backslash, a slash without.
        let mixed = SecretMask(environment: ["DB_PASSWORD": "aa/bb\"cc/dd"])
        for text in ["aa/bb\\\"cc/dd", "aa\\/bb\\\"cc\\/dd", "aa/bb\"cc/dd"] {
            #expect(mixed.namesOfSecrets(in: Array("x \(text) y".utf8)) == ["DB_PASSWORD"], "\(text)")
        }
        let written = [UInt8](try CanonicalJSON.encode(["a": "say aa/bb\"cc/dd"]))
        #expect(mixed.namesOfSecrets(in: written) == ["DB_PASSWORD"])
    }
}

/// Secrets are planted where hosts and files can bring them in, and looked for in all that is written down.
@Suite struct PlantedSecretTests {
    private static let planted = ["hunter-twelve", "s3cret-in-url", "bearer-of-secrets-1", "MIIprivate", "assigned-9"]
    private static let words = """
        login with hunter-twelve failed at https://u:s3cret-in-url@host/ (Authorization: Bearer bearer-of-secrets-1)
        db_password=assigned-9
        -----BEGIN PRIVATE KEY-----
        MIIprivate
        """

    @Test(arguments: [true, false])
    func noneOfThemReachesTheJournalTheLogOrABundle(fails: Bool) async throws {
        var world = AuditedRun()
        world.drivers = Talkative(inner: world.pool, words: Self.words, fails: fails)
        world.secrets = SecretMask(environment: ["PGPASSWORD": "hunter-twelve"])
        let run = try await world.carriedOut()
        let journal = try #require(try await world.store.bytes(of: .journal(run)))
        let key = try SigningKey()
        let bundle = try await BundleService(store: world.store)
            .export(run, by: "erin", key: key, secrets: world.secrets).bytes
        let log = try await world.store.log(after: 0, limit: 1_000).flatMap(\.entry)
        for (name, bytes) in [("journal", journal), ("bundle", bundle), ("log", log)] {
            let text = String(decoding: bytes, as: UTF8.self)
            for secret in Self.planted { #expect(!text.contains(secret), "\(secret) in the \(name)") }
        }
        #expect(String(decoding: journal, as: UTF8.self).contains("login with *** failed"))
    }

    /// Such as a token that is read from a file in the middle of a run.
    @Test func whatIsReadOnTheWayIsMaskedFromThenOn() async throws {
        let known = KnownSecrets()
        var world = AuditedRun()
        world.drivers = Talkative(inner: world.pool, words: "the server said hunter-twelve", fails: true)
        world.secrets = SecretMask(and: known)
        known.add("hunter-twelve", as: "a file")
        let run = try await world.carriedOut()
        let journal = try #require(try await world.store.bytes(of: .journal(run)))
        let text = String(decoding: journal, as: UTF8.self)
        #expect(text.contains("the server said ***") && !text.contains("hunter-twelve"))
        #expect(world.secrets.namesOfSecrets(in: Array("{\"a\": \"hunter-twelve\"}".utf8)) == ["a file"])
    }

    @Test func whatHasToBeSearchedForIsSearchedForOnceAndBeforeTheFirstMask() {
        let known = KnownSecrets()
        let mask = SecretMask(and: known)
        known.searchFirst {
            known.add("hunter-twelve", as: "a file")
            known.add("hunter-twelve", as: "a file")
        }
        #expect(mask.masked("it is hunter-twelve") == "it is ***")
        #expect(mask.namesOfSecrets(in: Array("hunter-twelve".utf8)) == ["a file"])
    }

    /// One that nobody knew of when it was written down, and that is known now.
    @Test func aBundleWithASecretInItIsNotMadeAndTheSecretIsNotTold() async throws {
        let world = AuditedRun()
        let run = try await world.carriedOut()
        let secrets = SecretMask(environment: ["RUN_SECRET": "patches"]).knowing("soon gone", as: "a file")
        let error = await #expect(throws: ControlError.self) {
            try await BundleService(store: world.store).export(run, by: "erin", key: SigningKey(), secrets: secrets)
        }
        #expect(error?.code == .blocked)
        #expect(error?.message.contains("the change holds the value of RUN_SECRET") == true)
        #expect(error?.message.contains("the waivers holds the value of a file") == true)
        #expect(error?.description.contains("patches") == false && error?.description.contains("soon gone") == false)
    }
}

/// Hosts that print more than they should.
private struct Talkative: StepDriverRegistry, StepDriver {
    let inner: Pool
    let words: String
    let fails: Bool

    func driver(for action: StepAction) -> (any StepDriver)? { self }

    func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        await inner.check(step, in: context)
    }

    func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        if case .changePackages(let transaction) = step.action, transaction.purpose == .patch, fails {
            throw StepFailure(code: .packageManager, message: words, output: words)
        }
        try await inner.perform(step, in: context)
    }

    func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        var observation = try await inner.verify(step, in: context)
        observation.summary = words
        observation.details = ["said": words.replacing("db_password=assigned-9", with: "")]
        return observation
    }
}
