import FettleEvidence
import FettleModel
import FettleStore
import FettleTestSupport
import Foundation
import Testing

@testable import FettleControl

/// Users and tokens: who is let in, for how long, and what is kept of it.
@Suite struct IdentityTests {
    let world = IdentityWorld()

    private func refused(_ code: ControlError.Code = .blocked, _ act: () async throws -> Void) async throws {
        let before = try await world.mark()
        let error = await #expect(throws: ControlError.self) { try await act() }
        #expect(error?.code == code, "\(String(describing: error))")
        #expect(error?.hint.isEmpty == false)
        #expect(try await world.mark() == before)
    }

    @Test func withoutUsersEverythingIsAsBefore() async throws {
        #expect(try await world.users().whoami() == nil)
        #expect(try await world.tokens().tokens().isEmpty)
        try await world.users().requireRead()
    }

    @Test func fromTheFirstUserOnTheLoginAloneIsGoodForNothing() async throws {
        try await refused(.invalid) { _ = try await world.users().add("alice", grants: [Grant(.operator)], by: "root") }
        try await refused(.invalid) { _ = try await world.users().add("alice", grants: [], by: "root") }
        let admin = try await world.admin()
        try await refused { _ = try await world.users().whoami() }
        try await refused { try await world.users().requireRead() }
        try await refused { _ = try await world.users().add("mallory", grants: [Grant(.admin)], by: "root") }
        try await refused { _ = try await world.tokens().enrol("root-admin", by: "root") }
        #expect(try await world.users(admin).whoami()?.person == "root-admin")
    }

    @Test(arguments: [
        "", "a b", "alice (signed in as root)", "-\n", "a:b", "al\u{200b}ice", String(repeating: "a", count: 65),
    ])
    func aNameThatCouldPassForAnotherIsNone(name: String) async throws {
        try await refused(.invalid) {
            _ = try await world.users().add(UserID(name), grants: [Grant(.admin)], by: "root")
        }
    }

    @Test func anEnrolmentIsGoodForOneTokenAndNothingElse() async throws {
        let admin = try await world.admin()
        _ = try await world.users(admin).add("bob", grants: [Grant(.operator)], by: "root-admin")
        let enrolment = try await world.tokens(admin).enrol("bob", by: "root-admin")
        let access = Access.token(enrolment.text)
        try await refused { _ = try await world.users(access).whoami() }
        let own = try await world.tokens(access).make(title: "mine", limits: nil, days: 1)
        #expect(own.token.user == "bob" && own.token.kind == .own)
        try await refused { _ = try await world.tokens(access).make(title: "", limits: nil, days: 1) }
        // While Bob is in, nobody lets another in by his name.
        try await refused(.conflict) { _ = try await world.tokens(admin).enrol("bob", by: "root-admin") }
    }

    /// An admin who kept a second one could act beside them.
    @Test func ofTwoEnrolmentsOneLetsSomebodyIn() async throws {
        let admin = try await world.admin()
        _ = try await world.users(admin).add("bob", grants: [Grant(.approver)], by: "root-admin")
        let first = try await world.tokens(admin).enrol("bob", by: "root-admin")
        let second = try await world.tokens(admin).enrol("bob", by: "root-admin")
        try await refused { _ = try await world.tokens(.token(first.text)).make(title: "", limits: nil, days: 1) }
        _ = try await world.tokens(.token(second.text)).make(title: "", limits: nil, days: 1)
    }

    @Test func aLimitedTokenMakesNoneThatOutlivesIt() async throws {
        let admin = try await world.admin()
        _ = try await world.users(admin).add("bob", grants: [Grant(.operator)], by: "root-admin")
        let limited = try await world.letIn("bob", by: "root-admin", admin, limits: [Grant(.operator)], days: 1)
        let child = try await world.tokens(limited).make(title: "", limits: [Grant(.operator)], days: 366)
        #expect(child.token.expiresAt == world.now.adding(seconds: 86_400))
    }

    /// A token that may administrate nothing is no admin who is in.
    @Test func whereAllTokensOfAdminsAreGoodForLessTheLoginAtTheStoreLetsAnotherIn() async throws {
        let admin = try await world.admin("root-admin", [Grant(.admin), Grant(.viewer)])
        _ = try await world.users(admin).add("ann", grants: [Grant(.admin)], by: "root-admin")
        _ = try await world.tokens(admin).make(title: "", limits: [Grant(.viewer)], days: 366)
        try await refused { _ = try await world.tokens().enrol("ann", by: "root") }
        let own = try #require(try await world.tokens(admin).tokens().first { $0.kind == .own && $0.limits == nil })
        _ = try await world.tokens(admin).end(own.id, by: "root-admin")
        _ = try await world.tokens().enrol("ann", by: "root")
    }

    @Test func whoHasLostEveryTokenIsLetInByAnotherAdminAndTheLogSaysWhy() async throws {
        let admin = try await world.admin()
        let ann = try await world.add("ann", Grant(.admin), by: admin)
        _ = try await world.tokens(ann).make(title: "second", limits: nil, days: 1)
        let bob = try await world.add("bob", Grant(.operator), by: admin)
        try await refused(.conflict) { _ = try await world.tokens(admin).enrol("ann", by: "root-admin") }
        try await refused { _ = try await world.tokens(bob).enrol("ann", by: "bob", isLost: true) }
        // Nor does owning the store's file help while another admin is in, who can be asked.
        try await refused { _ = try await world.tokens().enrol("ann", by: "root", isLost: true, ownsStore: true) }
        // One's own are not lost while one asks by them.
        try await refused(.invalid) { _ = try await world.tokens(ann).enrol("ann", by: "ann", isLost: true) }
        let enrolment = try await world.tokens(admin).enrol("ann", by: "root-admin", isLost: true)
        try await refused { _ = try await world.users(ann).whoami() }
        _ = try await world.tokens(.token(enrolment.text)).make(title: "", limits: nil, days: 1)
        let ended = try await world.tokens(admin).tokens().filter { $0.user == "ann" && $0.ended?.cause == .lost }
        #expect(ended.count == 2 && ended.allSatisfy { $0.ended?.by == "root-admin" })
        let words = try await LogService(store: world.store).entries(after: 0, limit: 100).compactMap(\.entry.word)
        #expect(words.count { $0 == "lost" } == 2)
        #expect(try await LogService(store: world.store).check().holds)
    }

    @Test func theLastAdminWhoHasLostEveryTokenIsLetInByWhoeverOwnsTheStore() async throws {
        let admin = try await world.admin()
        _ = try await world.add("bob", Grant(.operator), by: admin)
        try await refused { _ = try await world.tokens().enrol("root-admin", by: "root", isLost: true) }
        try await refused { _ = try await world.tokens().enrol("root-admin", by: "root", ownsStore: true) }
        try await refused { _ = try await world.tokens().enrol("bob", by: "root", isLost: true, ownsStore: true) }
        let enrolment = try await world.tokens().enrol("root-admin", by: "root", isLost: true, ownsStore: true)
        try await refused { _ = try await world.users(admin).whoami() }
        let made = try await world.tokens(.token(enrolment.text)).make(title: "", limits: nil, days: 1)
        #expect(made.token.madeBy == enrolment.token.id && enrolment.token.isByTheStore == true)
        let words = try await LogService(store: world.store).entries(after: 0, limit: 100).compactMap(\.entry.word)
        #expect(words.contains("lostByTheStore") && words.contains("enrolmentByTheStore"))
        #expect(try await LogService(store: world.store).check().holds)
    }

    /// Where one person keeps a store, their login is often their user's name.
    @Test func theLastAdminOfTheLoginsOwnNameIsLetIn() async throws {
        _ = try await world.admin("root")
        let enrolment = try await world.tokens().enrol("root", by: "root", isLost: true, ownsStore: true)
        _ = try await world.tokens(.token(enrolment.text)).make(title: "", limits: nil, days: 1)
        #expect(try await LogService(store: world.store).check().holds)
    }

    @Test func aTokenTellsByWhichItWasMade() async throws {
        let admin = try await world.admin()
        let bob = try await world.add("bob", Grant(.operator), by: admin)
        _ = try await world.tokens(bob).make(title: "second", limits: nil, days: 1)
        let tokens = try await world.tokens(admin).tokens().sorted { $0.id < $1.id }
        // The first enrolment by the login, a token by it; then Bob's by Ann's token, his own by that, and another by his own.
        #expect(tokens.map(\.madeBy) == [nil, "token-1", "token-2", "token-3", "token-4"])
    }

    @Test func anEnrolmentIsOverAfterADay() async throws {
        let admin = try await world.admin()
        _ = try await world.users(admin).add("bob", grants: [Grant(.viewer)], by: "root-admin")
        let enrolment = try await world.tokens(admin).enrol("bob", by: "root-admin")
        world.pass(seconds: 24 * 3_600)
        try await refused { _ = try await world.tokens(.token(enrolment.text)).make(title: "", limits: nil, days: 1) }
    }

    @Test func aTokenEndsByItsTimeByItsOwnerByAnAdminAndWithItsUser() async throws {
        let admin = try await world.admin()
        let bob = try await world.add("bob", Grant(.viewer), by: admin)
        let carol = try await world.add("carol", Grant(.viewer), by: admin)
        #expect(try await world.users(bob).whoami()?.person == "bob")
        let ids = try await world.tokens(bob).tokens().map(\.id)
        // Others' tokens are not Carol's to end.
        for id in ids { try await refused { _ = try await world.tokens(carol).end(id, by: "carol") } }
        try await refused { _ = try await world.tokens(carol).end(ids[0], by: "bob") }
        _ = try await world.users(admin).setDisabled(true, "bob", by: "root-admin")
        try await refused { _ = try await world.users(bob).whoami() }
        _ = try await world.users(admin).setDisabled(false, "bob", by: "root-admin")
        #expect(try await world.users(bob).whoami() != nil)
        let own = try #require(try await world.tokens(bob).tokens().first { $0.kind == .own })
        _ = try await world.tokens(bob).end(own.id, by: "bob")
        try await refused { _ = try await world.users(bob).whoami() }
        try await refused(.conflict) { _ = try await world.tokens(admin).end(own.id, by: "root-admin") }
        let carols = try #require(try await world.tokens(carol).tokens().first { $0.kind == .own })
        _ = try await world.tokens(admin).end(carols.id, by: "root-admin")
        try await refused { _ = try await world.users(carol).whoami() }
        world.pass(seconds: 90 * 86_400)
        try await refused { _ = try await world.users(admin).whoami() }
        // Nobody is left with a token that is good: whoever is at the store lets the admin in again, and the log tells.
        _ = try await world.letIn("root-admin", by: "root", .local)
        try await refused { _ = try await world.tokens(.local).enrol("bob", by: "root") }
    }

    @Test func aWrongSecretAnUnknownTokenAndAnothersNameAreToldAlike() async throws {
        let admin = try await world.admin()
        _ = try await world.add("bob", Grant(.admin), by: admin)
        guard case .token(let good) = admin.way else { return }
        var texts = ["fettle:root-admin:token-99:", "fettle:bob:\(good.id):", "fettle:nobody:\(good.id):"].map {
            $0 + String(good.revealed.suffix(64))
        }
        texts.append("fettle:root-admin:\(good.id):" + String(repeating: "0", count: 64))
        var messages: Set<String> = []
        for text in texts {
            let access = Access.token(try AccessTokenText(text))
            try await refused { _ = try await world.users(access).whoami() }
            do { _ = try await world.users(access).whoami() } catch { messages.insert("\(error)") }
        }
        #expect(messages.count == 1)
    }

    @Test(arguments: [
        "", "fettle", "fettle:a:token-1:", "fettle:a:plan-1:" + String(repeating: "a", count: 64),
        "fettle:a/../b:token-1:" + String(repeating: "a", count: 64),
        "fettle:a:token-1:" + String(repeating: "A", count: 64),
        "fettle:a:token-1:" + String(repeating: "a", count: 64) + "\n",
        "-fettle:a:token-1:" + String(repeating: "a", count: 64),
        String(repeating: "fettle:", count: 10_000),
    ])
    func whatIsNoTokenIsToldWithoutRepeatingIt(text: String) {
        let error = #expect(throws: ControlError.self) { _ = try AccessTokenText(text) }
        #expect(error?.code == .invalid && (text.count < 10 || error?.description.contains(text) == false))
    }

    @Test func nobodyAltersTheirOwnRolesAndAnAdminIsAlwaysLeft() async throws {
        let admin = try await world.admin()
        try await refused {
            _ = try await world.users(admin).setGrants(
                [Grant(.admin), Grant(.approver)], of: "root-admin", by: "root-admin")
        }
        try await refused { _ = try await world.users(admin).setDisabled(true, "root-admin", by: "root-admin") }
        let second = try await world.add("second", Grant(.admin), by: admin)
        _ = try await world.users(second).setGrants([Grant(.viewer)], of: "root-admin", by: "second")
        try await refused { _ = try await world.users(admin).setDisabled(true, "second", by: "root-admin") }
        #expect(try await world.users(second).users().map(\.id) == ["root-admin", "second"])
        try await refused(.invalid) {
            _ = try await world.users(second).setGrants(
                [Grant(.admin, environments: ["dev"])], of: "root-admin", by: "second")
        }
    }

    @Test func aTokenIsGoodForItsLimitsAndMakesNoneBeyondThem() async throws {
        let admin = try await world.admin()
        _ = try await world.users(admin).add("bob", grants: [Grant(.operator), Grant(.viewer)], by: "root-admin")
        let bob = try await world.letIn("bob", by: "root-admin", admin, limits: [Grant(.viewer)])
        try await world.users(bob).requireRead()
        try await refused { _ = try await world.tokens(bob).make(title: "", limits: nil, days: 1) }
        try await refused { _ = try await world.tokens(bob).make(title: "", limits: [Grant(.operator)], days: 1) }
        _ = try await world.tokens(bob).make(title: "", limits: [Grant(.viewer)], days: 1)
        for days in [0, -1, 367, .max] {
            try await refused(.invalid) {
                _ = try await world.tokens(bob).make(title: "", limits: [Grant(.viewer)], days: days)
            }
        }
        try await refused(.invalid) {
            _ = try await world.tokens(bob).make(title: "a\nb", limits: [Grant(.viewer)], days: 1)
        }
    }

    @Test func nobodyActsInTheNameOfAnother() async throws {
        let admin = try await world.admin()
        let bob = try await world.add("bob", Grant(.operator), Grant(.approver), by: admin)
        try await StageKeeper(store: world.store).keep(
            RollingPlan.plan(size: 2, lanes: 1), as: .plan, id: "plan-1", at: world.now)
        try await world.accept(Policy(), TrustTests.fleet, by: admin)
        try await refused {
            _ = try await world.changes(bob).submit(
                plan: "plan-1", kind: .normal, reason: "patches", by: "carol", policy: Policy())
        }
        let change = try await world.changes(bob).submit(
            plan: "plan-1", kind: .normal, reason: "patches", by: "bob", policy: Policy())
        // Who asked has both roles, and is still one person.
        try await refused {
            _ = try await world.changes(bob).vote(
                on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
        }
        try await refused {
            _ = try await world.changes(bob).vote(
                on: change.id, by: "bob (signed in as root)", approves: true, digest: change.plan.digest, note: "")
        }
    }

    @Test func anIssuersNameIsNoUsersName() async throws {
        let time = world.now
        let issuer = IdentityPolicy(issuer: "https://id", audience: "fettle", keys: "https://id/keys")
        let trust = IssuerTrust(policy: issuer, keys: nil)
        let outside = Access.external(trust) { () throws(ControlError) in
            Principal("zoe@id", grants: [Grant(.viewer)], by: "https://id", until: time.adding(seconds: 60))
        }
        // Nobody's word is taken while no users are kept.
        try await refused { _ = try await world.users(outside).whoami() }
        let admin = try await world.admin()
        var policy = Policy()
        policy.identity = issuer
        try await world.accept(policy, FleetBuilder().fleet, by: admin)
        #expect(try await world.users(outside).whoami()?.person == "zoe@id")
        world.pass(seconds: 60)
        try await refused { _ = try await world.users(outside).whoami() }
        _ = try await world.users(admin).add("Zoe@id", grants: [Grant(.viewer)], by: "root-admin")
        let again = Access.external(trust) { () throws(ControlError) in
            Principal("zoe@id", grants: [Grant(.admin)], by: "https://id")
        }
        try await refused { _ = try await world.users(again).whoami() }
    }

    // MARK: What is kept

    @Test func eachActOfAdministrationIsInTheLogAndTheLogHolds() async throws {
        let admin = try await world.admin()
        let bob = try await world.add("bob", Grant(.viewer), by: admin)
        _ = try await world.users(admin).setGrants([Grant(.auditor)], of: "bob", by: "root-admin")
        let own = try #require(try await world.tokens(bob).tokens().first { $0.isLive(at: world.now) })
        _ = try await world.tokens(bob).end(own.id, by: "bob")
        let entries = try await LogService(store: world.store).entries(after: 0, limit: 100).map(\.entry)
        #expect(
            entries.map(\.what) == [
                .userAdded, .tokenMade, .tokenEnded, .tokenMade, .userAdded, .tokenMade, .tokenEnded, .tokenMade,
                .userAltered, .tokenEnded,
            ])
        #expect(
            entries.map(\.by) == [
                "root", "root", "root-admin", "root-admin", "root-admin", "root-admin", "bob", "bob", "root-admin",
                "bob",
            ])
        let report = try await LogService(store: world.store).check()
        #expect(report.holds && report.notInLog.isEmpty, "\(report.faults)")
    }

    @Test func aUserOrATokenThatIsAlteredBesideTheServicesIsAFaultOfTheLog() async throws {
        let admin = try await world.admin()
        _ = try await world.add("bob", Grant(.viewer), by: admin)
        let keeper = StageKeeper(store: world.store)
        let (token, reference) = try await keeper.load(AccessToken.self, .token, id: "token-4")
        for edit: (inout AccessToken) -> Void in [
            { $0.expiresAt = $0.expiresAt.adding(seconds: 1) }, { $0.user = "root-admin" }, { $0.limits = [] },
            { $0.secret = Digest(rawValue: "0") },
        ] {
            var altered = token
            edit(&altered)
            let bytes = try [UInt8](CanonicalJSON.encode(altered))
            let document = StoredDocument(
                kind: .token, id: "token-4", digest: .sha256(of: bytes), createdAt: token.createdAt, bytes: bytes)
            try await world.store.replace(document, expecting: reference.digest)
            #expect(try await !LogService(store: world.store).check().holds)
            let back = try [UInt8](CanonicalJSON.encode(token))
            try await world.store.replace(
                StoredDocument(
                    kind: .token, id: "token-4", digest: reference.digest, createdAt: token.createdAt, bytes: back),
                expecting: document.digest)
        }
    }

    /// Whatever is kept, by every way a token is used: no text of one is in it, whole or in part.
    @Test func noTokensTextIsKeptAnywhere() async throws {
        var texts: [String] = []
        let enrolmentText: (Access) -> String = { if case .token(let text) = $0.way { text.revealed } else { "" } }
        let admin = try await world.admin()
        let bob = try await world.add("bob", Grant(.operator), Grant(.auditor), by: admin)
        texts += [admin, bob].map(enrolmentText)
        _ = try await world.users(admin).add("carol", grants: [Grant(.viewer)], by: "root-admin")
        texts.append(try await world.tokens(admin).enrol("carol", by: "root-admin").text.revealed)
        for wrong in ["fettle:bob:token-2:" + String(repeating: "7", count: 64)] {
            _ = try? await world.users(.token(AccessTokenText(wrong))).whoami()
            texts.append(wrong)
        }
        for text in texts {
            let secret = try #require(text.split(separator: ":").last.map(String.init))
            #expect(secret.utf8.count == 64)
            for kind in DocumentKind.allCases {
                for summary in try await world.store.documents(kind, limit: .max) {
                    let bytes = try #require(try await world.store.document(kind, id: summary.id)).bytes
                    #expect(!String(decoding: bytes, as: UTF8.self).contains(secret), "\(kind) \(summary.id)")
                }
            }
            for record in try await world.store.log(after: 0, limit: 10_000) {
                #expect(!String(decoding: record.entry, as: UTF8.self).contains(secret))
            }
            // Nor where somebody prints one by mistake.
            let printed = try AccessTokenText(text)
            #expect(!"\(printed) \(String(reflecting: printed)) \(Access.token(printed))".contains(secret))
            var dumped = ""
            dump(Access.token(printed), to: &dumped)
            #expect(!dumped.contains(secret))
            #expect(!SecretMask().masked("curl said: \(text)\n").contains(secret))
            #expect(!SecretMask().maskedLightly("told:\(text),").contains(secret))
        }
    }
}
