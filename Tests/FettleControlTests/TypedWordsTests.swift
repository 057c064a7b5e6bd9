import FettleAssessment
import FettleEvidence
import FettleModel
import FettlePlanning
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleControl

/// What people type goes into a log that is never altered: a secret in it is refused, with every act and before anything is written.
@Suite struct TypedWordsTests {
    /// A text, and the part of it that nobody may repeat.
    static let planted: [(String, String)] = [
        ("the db is back with password=hunter2", "hunter2"), ("password: hunter", "hunter"),
        ("DB_PASSWORD='a b c d' is set", "a b c d"), ("{\"api_key\": \"k1x\"}", "k1x"),
        ("mysql --password hunter -h db", "hunter"), ("secret = s3same", "s3same"),
        ("called with Bearer abcdef12345678", "abcdef12345678"),
        ("curl -H 'Authorization: Bearer abc.def-12345678'", "abc.def-12345678"),
        ("Authorization: Basic YWRtaW46aHVudGVy", "YWRtaW46aHVudGVy"),
        ("Cookie: session=0123456789abcdef0123", "0123456789abcdef0123"),
        ("X-Api-Key: 0123456789abcdef", "0123456789abcdef"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1r\n-----END OPENSSH PRIVATE KEY-----", "b3BlbnNzaC1r"),
        ("-----BEGIN PRIVATE KEY----- MIIEvQ", "MIIEvQ"),
        ("with AKIAIOSFODNN7EXAMPLE", "IOSFODNN7EXAMPLE"),
        ("aws_secret_access_key = wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"),
        ("see https://olga:hunter@repo.example/x", "hunter"), ("postgresql://fettle:s3cret@db/fettle", "s3cret"),
        ("token of mine: fettle:olga:token-1:0123456789abcdef", "0123456789abcdef"),
        ("ghp_0123456789abcdefghijABCDEFGHIJ012345 works", "0123456789abcdefghijABCDEFGHIJ012345"),
        ("glpat-0123456789abcdefghij", "0123456789abcdefghij"), ("xoxb-1234567890-abcdefghij", "1234567890-abcdefghij"),
        ("https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXX", "XXXXXXXXXXXXXXXX"),
        ("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJvbGdhIiwiYSI6MX0.c2lnbmF0dXJl", "c2lnbmF0dXJl"),
        ("{\\\"password\\\":\\\"hunter2\\\", \\\"a\\\": 1}", "hunter2"), ("{\"password\": \"hun\\\"ter2\"}", "ter2"),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQVYBGa\n-----END PGP PRIVATE KEY BLOCK-----", "lQVYBGa"),
        ("-----BEGIN PGP PRIVATE KEY BLOCK----- lQVYBGa", "lQVYBGa"),
        ("the password:\nhunter2", "hunter2"), ("the password:\r\n  hunter\r\nis set", "hunter"),
        ("{\"password\":\n  \"hunter two\"}", "hunter two"), ("password\u{FF1A}hunter2", "hunter2"),
        ("password\u{FF1A} hunter2 is set", "hunter2"), ("password\u{FF1D}hunter", "hunter"),
        ("password\u{A0}=\u{A0}hunter2", "hunter2"), ("password\u{A0}: hunter2", "hunter2"),
        ("password => 'hunter2'", "hunter2"), ("password := hunter2", "hunter2"), ("password == hunter2", "hunter2"),
        ("'password' => \"hunter two\"", "hunter two"), ("password: hunter2 is set again", "hunter2"),
        ("password: 'hunter' is set", "hunter"), ("PASSWORD_2=hunter", "hunter"), ("token: k1x3 is new", "k1x3"),
        ("mysql --db-password hunter2 -h db", "hunter2"), ("token-service: 0f3bA91c77e2", "0f3bA91c77e2"),
        ("Authorization: 0123456789abcdef", "0123456789abcdef"),
        ("Authorization\u{FF1A} Token 0123456789abcdef", "0123456789abcdef"),
        ("Authorization: AWS4-HMAC-SHA256 Signature=0123456789abcdef01", "0123456789abcdef01"),
        ("curl -H 'Cookie: session=0123456789abcdef0123' https://db.example", "0123456789abcdef0123"),
        ("credentials: olga:hunter2", "hunter2"), ("hvs.hvs.hvs.hvs.hvs.hvs.CAESIJ", "CAESIJ"),
    ]

    @Test(arguments: planted)
    func aSecretIsRefusedAndNotRepeated(text: String, secret: String) throws {
        let error = try #require(throws: ControlError.self) {
            try TypedWords.reason(text).requireNoSecret(SecretMask())
        }
        #expect(error.code == .invalid)
        #expect(error.message.hasPrefix("the reason holds what looks like a secret, "))
        #expect(!error.description.contains(secret))
        // What is refused is masked, too, wherever it comes from elsewhere; and what was masked may be written down.
        #expect(!SecretMask().masked(text).contains(secret))
        #expect(SecretForms.secret(inTyped: SecretMask().masked(text)) == nil)
    }

    @Test(arguments: [
        "", "password policy rotated", "token expired", "the token expired: a new one is made", "3 tokens: renewed",
        "basic hardening of web-1", "basic maintenance, see CHG0012345", "the bearer certificates were renewed",
        "authorization: granted by the board", "cookie: consent banner fixed", "token-service: restarted",
        "secret-manager: upgraded", "passwordless: enabled", "see https://wiki.example/change/12?page=3",
        "ssh://git@host:22/x", "openssl 3.0.2-0ubuntu1.18 closes CVE-2026-1234", "secretary: informed",
        "no private key was touched", "Akiaba renamed", "eyJ", "rotated the api keys, as agreed with olga@example.org",
        "digest 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "Authorization: CAB approved, see https://wiki.example/chg/12",
        "authorization: on-call lead, 2026-11-28T22:05Z", "Authorization: CHG0012345/CTASK0099887",
        "authorization: token expired, renewed by olga", "Authorization: https://wiki.example/chg/0a1b2c3d4e5f",
        "PasswordAuthentication=no on web-3", "max_tokens=0", "passwordless=yes",
        "secret-manager: 10.0.0.12 is down", "secret-manager: 2001:db8::12 is down", "token-service: CHG0012345",
        "token-service: openssl-3.0.2-0ubuntu1.18", "token-service: production-eu1", "secret-manager: 2026-11-28",
        "restarted with --skip-password-check on web-3", "restarted with --skip-password on web-3",
        "read with --password-file /run/secrets/web_0a1b2c", "bearer token/session expired",
        "rotate password: see ticket", "rotate password: see CHG0012345.", "token: expired", "password: rotated",
        "password: 3 of 5 are new", "password: GitHub's is new", "token: https://wiki.example/token/12",
        "the password:\nit was renewed by olga", "password:\nhost: db", "no PGP PUBLIC KEY BLOCK----- was touched",
    ])
    func proseIsNot(text: String) throws {
        try TypedWords.note(text).requireNoSecret(SecretMask())
    }

    @Test func whatIsKnownByItsValueIsRefusedByItsName() throws {
        let secrets = SecretMask(environment: ["PGPASSWORD": "hunter-twelve"])
        let error = try #require(throws: ControlError.self) {
            try TypedWords.note("it was hunter-twelve").requireNoSecret(secrets)
        }
        #expect(error.message.contains("the note") && error.message.contains("the value of PGPASSWORD"))
        #expect(!error.description.contains("hunter-twelve"))
    }

    // MARK: Every act

    private static let text = "it works with password=hunter2"
    private static let policy = Policy()
    private static let fleet = FleetBuilder(environments: ["dev"]).fleet
    private static let calls = [
        "submit", "vote", "reject", "review", "promote", "set", "note", "answer", "waive", "waiveSome", "waiverOwner",
        "endWaiver", "statement", "settle", "skip", "handOver", "gate", "plan", "undo", "imagePromote", "imageRetire",
        "token",
    ]

    @Test(arguments: calls)
    func noActTakesASecret(call: String) async throws {
        let world = IdentityWorld()
        let plan = RollingPlan.plan(size: 2, lanes: 1)
        try await StageKeeper(store: world.store).keep(plan, as: .plan, id: plan.id.rawValue, at: world.now)
        try await world.store.createRun("run-1", change: "change-1", at: world.now)
        _ = try await world.store.claim(
            "run-1", executor: "one", at: world.now, leaseSeconds: 60, takeOver: false)
        try await world.store.quarantine(
            QuarantineEntry(
                resource: "web-1", run: "run-1", reason: "r", owner: "o", since: world.now, deadline: world.now,
                obligations: []))
        let set = PatchSet(id: "patchset-1", title: "t", madeBy: "olga", madeAt: world.now, plans: [], platforms: [])
        try await StageKeeper(store: world.store).keep(set, as: .patchset, id: "patchset-1", at: world.now)
        let access = call == "token" ? try await world.admin() : .local
        let before = try await world.mark()
        let error = try await #require(throws: ControlError.self) { try await Self.act(call, plan, world, access) }
        #expect(error.code == .invalid && error.message.contains("what looks like a secret"), "\(error)")
        #expect(!error.description.contains("hunter2"))
        #expect(try await world.mark() == before)
        #expect(try await world.store.requests(to: "run-1").isEmpty)
    }

    /// In an emergency nobody has to find out first what was wrong with a reason.
    @Test func whatStopsARunOrTakesItBackIsNotHeldUpAndItsSecretIsMasked() async throws {
        let world = AuditedRun()
        let runs = RunService(store: world.store, tools: world.tools)
        let run = try await runs.create(for: try await world.approved().id)
        let asked: [(String) -> RunRequest] = [
            { .pause(by: "olga", reason: $0) }, { .abort(by: "olga", reason: $0) },
            { .rollback(by: "olga", reason: $0) },
            { .rollbackPart(resources: ["web-1"], by: "olga", reason: $0) },
        ]
        for request in asked { try await runs.ask(request(Self.text), of: run) }
        let claim = try await world.store.claim(
            run, executor: "one", at: .now(), leaseSeconds: 60, takeOver: false)
        try await runs.pause(run, carriedOutBy: "one", by: "olga", reason: Self.text)
        try await world.store.release(claim)
        let kept = try await world.store.requests(to: run).map(\.request)
        #expect(kept == (asked + [asked[0]]).map { $0("it works with password=***") })
    }

    @Test func aReasonIsMaskedOnlyWhereItWouldBeRefused() {
        let secrets = SecretMask(environment: ["PGPASSWORD": "hunter-twelve"])
        for (typed, kept) in [
            ("rotate password: see ticket", "rotate password: see ticket"), ("token: expired", "token: expired"),
            ("it was hunter-twelve", "it was ***"), ("PRIVATE KEY----- MIIEvQ", "PRIVATE KEY-----***"),
        ] {
            let request = RunRequest.abort(by: "olga", reason: typed).masked(by: secrets)
            #expect(request == .abort(by: "olga", reason: kept))
        }
    }

    private static func act(_ call: String, _ plan: Plan, _ world: IdentityWorld, _ access: Access) async throws {
        let changes = world.changes()
        switch call {
        case "submit":
            _ = try await changes.submit(plan: plan.id, kind: .normal, reason: text, by: "olga", policy: policy)
        case "vote", "reject":
            _ = try await changes.vote(
                on: "change-1", by: "paul", approves: call == "vote", digest: Digest(rawValue: ""), note: text)
        case "review": _ = try await changes.review("change-1", text: text, by: "paul")
        case "token": _ = try await world.tokens(access).make(title: text, limits: nil, days: 1)
        case "imagePromote", "imageRetire":
            let images = ImageService(store: world.store) { world.now }
            let stages = PromotionPolicy.standard(for: fleet)
            if call == "imageRetire" {
                _ = try await images.retire("image-1", text: text, by: "olga", policy: stages)
            } else {
                _ = try await images.promote("image-1", to: "dev", text: text, by: "olga", policy: stages)
            }
        case "plan":
            let plans = PlanService(store: world.store, tools: world.tools)
            _ = try await plans.make(filter: PatchFilter(), fleet: fleet, policy: policy, title: text)
        case "undo":
            let plans = PlanService(store: world.store, tools: world.tools)
            _ = try await plans.make(undoing: "run-1", filter: PatchFilter(), fleet: fleet, policy: policy, title: text)
        default: try await actOfARun(call, world)
        }
    }

    private static func actOfARun(_ call: String, _ world: IdentityWorld) async throws {
        let runs = RunService(store: world.store, tools: world.tools)
        switch call {
        case "skip": try await runs.ask(.skip(step: "s", by: "olga", reason: text), of: "run-1")
        case "gate": try await runs.ask(.answer(step: "s", by: "paul", verdict: .pass, reason: text), of: "run-1")
        case "handOver":
            _ = try await runs.handOver("run-1", by: "olga", reason: text) { _ in false }
        default: try await actOfGovernance(call, world)
        }
    }

    private static func actOfGovernance(_ call: String, _ world: IdentityWorld) async throws {
        let promotions = PromotionService(store: world.store, tools: world.tools)
        let governance = GovernanceService(store: world.store, tools: world.tools)
        let waivers = WaiverService(store: world.store) { world.now }
        var request = WaiverService.Request(
            scope: WaiverScope(.source("openssl")), kind: .accepted, reason: "r", owner: "o",
            expiresAt: world.now.adding(seconds: 86_400))
        let stages = PromotionPolicy.standard(for: fleet)
        switch call {
        case "promote":
            _ = try await promotions.promote(
                "patchset-1", to: "dev", lane: .normal, kind: .normal, reason: text, by: "olga", fleet: fleet,
                policy: policy)
        case "set": _ = try await promotions.make(from: ["plan-1"], title: text, by: "olga")
        case "note":
            _ = try await promotions.note(
                on: "patchset-1", kind: .regression, passes: false, stage: nil, text: text, by: "olga", policy: stages)
        case "answer":
            _ = try await promotions.answer(
                "note-1", on: "patchset-1", digest: Digest(rawValue: ""), passes: true, text: text, by: "ci",
                policy: stages)
        case "waive", "waiverOwner":
            if call == "waive" { request.reason = text } else { request.owner = Person(text) }
            _ = try await waivers.grant(request, by: "paul", policy: policy)
        case "waiveSome":
            var second = request
            second.reason = text
            _ = try await waivers.grant([request, second], by: "paul", policy: policy)
        case "endWaiver": _ = try await waivers.end("waiver-1", by: "paul", reason: text)
        case "statement":
            _ = try await governance.add(
                .providerStatement, for: "x", note: text, by: "olga", fleet: fleet, policy: policy)
        default:
            let quarantine = QuarantineService(store: world.store, tools: world.tools)
            _ = try await quarantine.settle("web-1", by: "olga", note: text, isRemoved: true)
        }
    }
}
