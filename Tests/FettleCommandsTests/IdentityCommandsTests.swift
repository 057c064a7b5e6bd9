import FettleDatabase
import FettleModel
import FettleStore
import Foundation
import FoundationNetworking
import JWTKit
import Testing

/// Users, tokens and roles as people have them, with the real program: from the first admin to a run that somebody else has approved.
@Suite struct IdentityCommandsTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    @discardableResult
    private func run(_ line: String, as name: String? = nil, exits: Int32 = 0) async throws -> Program {
        let settings = name.map { ["FETTLE_TOKEN_FILE": folder.file($0).path] } ?? [:]
        let program = try Program(line.split(separator: " ").map(String.init), in: folder, settings: settings)
        let status = try await program.end()
        #expect(status == exits, "\(line): \(status)\n\(program.output)\(program.error)")
        return program
    }

    /// Adds somebody and has them make their own token, in a file of their name.
    private func letIn(_ name: String, _ roles: String..., by admin: String?) async throws {
        let words = roles.map { "--role \($0)" }.joined(separator: " ")
        try await run("user add \(name) \(words) --to \(name).enrolment", as: admin)
        try await run("token make --to \(name)", as: "\(name).enrolment")
    }

    private func text(_ name: String) throws -> String {
        try String(contentsOf: folder.file(name), encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test func onlyWhoMayDoesAndNoTokenIsKeptAnywhere() async throws {
        try await LocalFleet().keep(in: folder)
        try await letIn("ann", "admin", by: nil)
        try await letIn("alice", "operator:dev", by: "ann")
        try await letIn("bob", "approver", by: "ann")
        for name in [nil, "alice", "bob"] as [String?] { try await run("policy accept", as: name, exits: 3) }
        try await run("change submit plan-1 --reason r", as: "alice", exits: 3)
        try await run("policy accept", as: "ann")
        try await letIn("uta", "auditor", by: "ann")
        try await letIn("vera", "viewer", by: "ann")

        let submit = "change submit plan-1 --reason r"
        for (line, name) in [
            (submit, nil), (submit, "bob"), (submit, "vera"), (submit, "ann"), (submit, "uta"), ("scan", "vera"),
            ("user add mallory --role admin", "alice"), ("user roles alice --role admin", "alice"),
            ("user list", "vera"), ("token end token-2", "alice"), ("evidence key", "uta"),
        ] as [(String, String?)] {
            let refused = try await run(line, as: name, exits: 3)
            #expect(refused.output.isEmpty && refused.error.contains("fettle"), "\(line) by \(name ?? "-")")
        }
        try await run(submit + " --as bob", as: "alice", exits: 2)
        try await run(submit, as: "alice")
        try await run("change approve change-1", as: "alice", exits: 3)
        try await run("run start change-1 --no-verify", as: "alice", exits: 3)
        try await run("change approve change-1", as: "bob")
        try await run("run start change-1 --no-verify", as: "bob", exits: 3)
        try await run("run start change-1 --no-verify", as: "alice")
        try await run("evidence key --to key.pem", as: "ann")
        try await run("evidence export run-1", as: "alice", exits: 3)
        try await run("evidence export run-1", as: "uta")
        let verified = try await run("evidence verify run-1.evidence --key key.pem")
        #expect(verified.output.contains("approved by bob,"))
        try await run("evidence check")
        let shown = try await run("change show change-1", as: "bob")
        #expect(!shown.output.contains("signed in as") && !shown.output.contains("stands behind"))

        try await requireNoTokens(of: ["ann", "alice", "bob", "uta", "vera", "ann.enrolment", "bob.enrolment"])
    }

    /// In no file of the folder but the tokens' own: the database with its log, bundles, reports.
    private func requireNoTokens(of names: [String]) async throws {
        let secrets = try names.map { try #require(try text($0).split(separator: ":").last.map(String.init)) }
        #expect(secrets.allSatisfy { $0.count == 64 } && Set(secrets).count == secrets.count)
        let files = try #require(FileManager.default.enumerator(at: folder.url, includingPropertiesForKeys: nil))
        var seen = 0
        for case let file as URL in files.allObjects where !names.contains(file.lastPathComponent) {
            guard let data = try? Data(contentsOf: file) else { continue }
            seen += 1
            for secret in secrets { #expect(data.range(of: Data(secret.utf8)) == nil, "\(file.path)") }
        }
        #expect(seen > 3)
    }

    @Test func aTokenIsReadFromItsOwnersFileAndIsNotRepeated() async throws {
        try await letIn("ann", "admin", by: nil)
        #expect(try await run("whoami", as: "ann").output.contains("ann, by token-2"))
        let token = try text("ann")
        let mode = try FileManager.default.attributesOfItem(atPath: folder.file("ann").path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: folder.file("ann").path)
        #expect(try await run("whoami", as: "ann", exits: 2).error.contains("chmod 600"))
        let wrong = String(token.dropLast()) + (token.last == "0" ? "1" : "0")
        for (settings, exit) in [
            (["FETTLE_TOKEN": token], 0), (["FETTLE_TOKEN": wrong], 3), (["FETTLE_TOKEN": "x; rm -rf /"], 2),
            (["FETTLE_TOKEN": token, "FETTLE_TOKEN_FILE": "ann"], 2), (["FETTLE_TOKEN_FILE": "nowhere"], 2),
            (["FETTLE_TOKEN_FILE": "/dev/zero"], 2), (["FETTLE_TOKEN": String(repeating: "a", count: 20_000)], 2),
            (["FETTLE_TOKEN": "--help"], 2),
        ] as [([String: String], Int32)] {
            for line in [["whoami"], ["whoami", "-o", "json"]] {
                let program = try Program(line, in: folder, settings: settings)
                #expect(try await program.end() == exit, "\(program.output)\(program.error)")
                for given in settings.values where given.count > 20 {
                    #expect(!program.output.contains(given.suffix(40)) && !program.error.contains(given.suffix(40)))
                }
            }
        }
    }

    /// What is started from here does not inherit the token.
    @Test func programsThatAreStartedDoNotGetTheToken() async throws {
        try await LocalFleet().keep(in: folder)
        let store = try SQLiteStore(path: folder.file(".fettle/fettle.db").path)
        _ = store
        try await letIn("ann", "admin", by: nil)
        try await letIn("alice", "operator", by: "ann")
        try await run("policy accept", as: "ann")
        let token = try text("alice")
        // A scan of this machine runs programs under this process.
        let program = try Program(["scan"], in: folder, settings: ["FETTLE_TOKEN": token])
        var seen = 0
        while program.isRunning {
            for process in program.descendants() {
                guard let environment = try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(process)/environ")),
                    !environment.isEmpty
                else { continue }
                seen += 1
                #expect(environment.range(of: Data(token.utf8)) == nil)
            }
            try await Task.sleep(for: .milliseconds(2))
        }
        _ = try await program.end()
        #expect(seen > 0)
    }

    @Test func oneLoginBehindTwoNamesIsSaid() async throws {
        try await LocalFleet().keep(in: folder)
        try await run("change submit plan-1 --reason r --as alice")
        let approved = try await run("change approve change-1 --as bob")
        #expect(approved.error.contains("stands behind more than one name"))
        #expect(try await run("change show change-1").output.contains("stands behind more than one name"))
        #expect(try await run("run start change-1 --no-verify --as alice").error.contains("stands behind"))
    }

    // MARK: Folders of one's own

    /// Whoever reaches the store names a folder by `--dir` in which they are everything.
    @Test func aFolderOfOnesOwnDecidesNothing() async throws {
        try await LocalFleet().keep(in: folder)
        try folder.write("version: 1\napprovals:\n  dev: {approvals: 2}\n", to: "policy.yaml")
        try await letIn("ann", "admin", by: nil)
        try await letIn("mallory", "operator:dev", by: "ann")
        let looked = try await run("policy accept --dry-run", as: "ann")
        #expect(looked.output.contains("Nothing was accepted before"))
        let digest = try #require(looked.output.firstMatch(of: /digest ([0-9a-f]{64})/)?.1)
        try await run("policy accept --digest 000000000000", as: "ann", exits: 3)
        try await run("policy accept --digest \(digest)", as: "ann")

        let store = "--store \(folder.file(".fettle/fettle.db").path)"
        try FileManager.default.createDirectory(at: folder.file("mine"), withIntermediateDirectories: true)
        try folder.write("version: 1\napprovals:\n  dev: {approvals: 0}\n", to: "mine/policy.yaml")
        try folder.write(LocalFleet.fleet, to: "mine/fleet.yaml")
        let submit = "change submit plan-1 --reason r --dir mine \(store)"
        let refused = try await run(submit, as: "mallory", exits: 3)
        #expect(refused.error.contains("policy approvals.dev.approvals: 2, here 0"))
        #expect(refused.error.contains("ann accepted as trust-1") && refused.error.contains("fettle policy accept"))
        try await run("policy accept --dir mine \(store)", as: "mallory", exits: 3)
        try folder.write("version: 1\napprovals:\n  dev: {approvals: 2}\n", to: "mine/policy.yaml")
        try folder.write(
            LocalFleet.fleet.replacing("{id: here, address: local,", with: "{id: here, address: evil.example,"),
            to: "mine/fleet.yaml")
        for line in ["scan", "plan make", submit] {
            let refused = try await run(
                line.hasPrefix("change") ? line : "\(line) --dir mine \(store)", as: "mallory", exits: 3)
            #expect(refused.error.contains("evil.example"), "\(line): \(refused.error)")
        }
        // The same folder in another place is the same.
        try folder.write(LocalFleet.fleet, to: "mine/fleet.yaml")
        try await run(submit, as: "mallory")
        #expect(try await run("evidence log").output.contains("policyAccepted"))
        try await run("evidence check")
    }

    /// The last admin has lost their token: whoever owns the store's file lets them in again, and the log says so.
    @Test func anAdminWhoHasLostEveryTokenComesBack() async throws {
        try await letIn("ann", "admin", by: nil)
        try await run("user enrol ann", exits: 3)
        try await run("user enrol ann --lost --to again")
        try await run("whoami", as: "ann", exits: 3)
        try await run("token make --to ann2", as: "again")
        #expect(try await run("whoami", as: "ann2").output.contains("ann"))
        let log = try await run("evidence log").output
        #expect(log.contains("lostByTheStore") && log.contains("enrolmentByTheStore"))
        try await letIn("bob", "admin", by: "ann2")
        // While another admin is in, they are asked.
        try await run("user enrol ann --lost", exits: 3)
        try await run("user enrol ann --lost --to third", as: "bob")
        #expect(try await run("token list --all -o json", as: "bob").output.contains(#""lost""#))
    }

    /// The caller's environment says neither whom to ask for the issuer's keys nor whom to believe.
    @Test func theIssuersKeysAreNotFetchedByTheCallersAuthorities() async throws {
        guard let server = try await LocalTLS.start(in: folder, answering: #"{"keys":[]}"#) else { return }
        defer { server.stop() }
        try folder.write(
            """
            version: 1
            identity: {issuer: "https://id.example.org", audience: fettle, keys: "https://localhost:\(server.port)/keys"}
            """, to: "policy.yaml")
        try folder.write("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ6b2UifQ.AAAA", to: "zoe")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: folder.file("zoe").path)
        let authority = folder.file("tls.pem").path
        try folder.write("insecure\n", to: ".curlrc")
        // By itself the server answers, to whoever is told to believe it.
        #expect(try server.answers(authority: authority))
        for settings in [
            ["CURL_CA_BUNDLE": authority], ["SSL_CERT_FILE": authority], ["HOME": folder.url.path],
            ["CURL_HOME": folder.url.path], ["https_proxy": "http://127.0.0.1:1", "CURL_CA_BUNDLE": authority],
        ] {
            let program = try Program(
                ["whoami"], in: folder,
                settings: settings.merging(["FETTLE_TOKEN_FILE": folder.file("zoe").path]) { first, _ in first })
            #expect(try await program.end() == 1, "\(settings): \(program.output)\(program.error)")
            // 60: whom curl does not believe.
            #expect(program.error.contains("curl ended with 60"), "\(settings): \(program.error)")
        }
        #expect(try server.answers(authority: authority))
    }

    // MARK: Id tokens

    private struct Claims: JWTPayload {
        var iss = "https://id.example.org"
        var aud = "fettle"
        var sub: String
        var exp = Date.now.timeIntervalSince1970 + 3_600
        var groups: [String]
        func verify(using algorithm: some JWTAlgorithm) throws {}
    }

    @Test func anIssuersWordIsTakenForWhatPolicySays() async throws {
        try await LocalFleet().keep(in: folder)
        let key = ES256PrivateKey()
        let point = try #require(key.publicKey.parameters)
        func url(_ text: String) -> String {
            text.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        }
        try folder.write(
            #"{"keys":[{"kty":"EC","crv":"P-256","kid":"k","x":"\#(url(point.x))","y":"\#(url(point.y))"}]}"#,
            to: "keys.json")
        try folder.write(
            """
            version: 1
            identity:
              issuer: https://id.example.org
              audience: fettle
              keys: keys.json
              algorithms: [ES256]
              groups:
                - {group: ops, roles: ["operator:dev"]}
                - {group: cab, roles: [approver]}
            """, to: "policy.yaml")
        func sign(_ claims: Claims, by key: ES256PrivateKey, as name: String) async throws {
            var header = JWTHeader()
            header.kid = "k"
            try folder.write(try await JWTKeyCollection().add(ecdsa: key).sign(claims, header: header), to: name)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: folder.file(name).path)
        }
        try await sign(Claims(sub: "zoe", groups: ["ops"]), by: key, as: "zoe")
        try await sign(Claims(sub: "yan", groups: ["cab"]), by: key, as: "yan")
        try await sign(Claims(sub: "forged", groups: ["ops", "cab"]), by: ES256PrivateKey(), as: "forged")
        // While no users are kept nobody's word is taken: a folder's policy alone makes nobody an operator.
        try await run("whoami", as: "zoe", exits: 3)
        try await letIn("ann", "admin", by: nil)
        try await run("whoami", as: "zoe", exits: 3)
        try await run("policy accept", as: "ann")
        #expect(try await run("whoami", as: "zoe").output.contains("zoe, by https://id.example.org"))
        try await run("whoami", as: "forged", exits: 3)
        try await run("change submit plan-1 --reason r", as: "yan", exits: 3)
        try await run("change submit plan-1 --reason r", as: "forged", exits: 3)
        try await run("change submit plan-1 --reason r", as: "zoe")
        try await run("change approve change-1", as: "zoe", exits: 3)
        try await run("change approve change-1", as: "yan")
        try await run("run start change-1 --no-verify", as: "zoe")
    }

    // MARK: The server

    @Test func theServerShowsNothingToWhomItDoesNotKnow() async throws {
        try await LocalFleet().keep(in: folder)
        try await letIn("ann", "admin", by: nil)
        try await letIn("vera", "viewer", by: "ann")
        try await letIn("dev", "viewer:dev", by: "ann")
        let port = Int.random(in: 20_000..<60_000)
        let program = try Program(["serve", "--port", "\(port)"], in: folder)
        defer { program.send(SIGKILL) }
        func status(_ path: String, _ header: String?) async throws -> Int {
            var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(port)\(path)")))
            request.setValue(header, forHTTPHeaderField: "Authorization")
            let (data, response) = try await URLSession.shared.data(for: request)
            if let header, header.count > 20 {
                #expect(!String(decoding: data, as: UTF8.self).contains(header.suffix(40)))
            }
            return (response as? HTTPURLResponse)?.statusCode ?? 0
        }
        var isUp = false
        for _ in 0..<200 where !isUp {
            isUp = (try? await status("/healthz", nil)) == 200
            if !isUp { try await Task.sleep(for: .milliseconds(50)) }
        }
        #expect(isUp)
        for path in [
            "/", "/metrics", "/api/v1/overview", "/api/v1/findings", "/api/v1/judgement", "/api/v1/obligations",
            "/api/v1/runs/run-1/journal",
        ] {
            for header in [
                nil, "", "Bearer", "Basic \(try text("vera"))", "Bearer x", "Bearer \(try text("vera")) x",
                "Bearer eyJ.eyJ.eyJ",
            ] {
                #expect(try await status(path, header) == 401, "\(path) with \(header ?? "nothing")")
            }
            #expect(try await status(path, "Bearer \(try text("dev"))") == 403)
            #expect(try await status(path, "Bearer \(try text("vera"))") != 401)
        }
        #expect(try await status("/api/v1/overview", "Bearer \(try text("vera"))") == 200)
        #expect(try await status("/api/v1/overview", "bearer \(try text("vera"))") == 200)
    }

    /// One connection for all: a body that nobody expects would be read as the next answer.
    @Test func headIsAnsweredAsGetWithoutABodyAndWhatWouldChangeSomethingIsRefused() async throws {
        try await LocalFleet().keep(in: folder)
        try await letIn("ann", "admin", by: nil)
        try await letIn("vera", "viewer", by: "ann")
        let port = Int.random(in: 20_000..<60_000)
        let program = try Program(["serve", "--port", "\(port)"], in: folder)
        defer { program.send(SIGKILL) }
        let delegate = URLSession(configuration: .ephemeral)
        func ask(_ method: String, _ path: String, _ token: String? = nil) async throws -> (HTTPURLResponse, Data) {
            var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(port)\(path)")))
            request.httpMethod = method
            if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
            let (data, response) = try await delegate.data(for: request)
            return (try #require(response as? HTTPURLResponse), data)
        }
        var isUp = false
        for _ in 0..<200 where !isUp {
            isUp = (try? await ask("GET", "/healthz"))?.0.statusCode == 200
            if !isUp { try await Task.sleep(for: .milliseconds(50)) }
        }
        let vera = try text("vera")
        for (path, token) in [
            ("/healthz", nil), ("/", vera), ("/metrics", vera), ("/api/v1/overview", vera), ("/api/v1/overview", nil),
            ("/nowhere", vera), ("/nowhere", nil),
        ] {
            let (get, _) = try await ask("GET", path, token)
            let (head, body) = try await ask("HEAD", path, token)
            #expect(head.statusCode == get.statusCode && body.isEmpty, "\(path): \(head.statusCode)")
            #expect(head.value(forHTTPHeaderField: "Content-Type") == get.value(forHTTPHeaderField: "Content-Type"))
            for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
                let (answer, _) = try await ask(method, path, token)
                #expect(answer.statusCode == 405, "\(method) \(path): \(answer.statusCode)")
                #expect(answer.value(forHTTPHeaderField: "Allow") == "GET, HEAD")
            }
        }
    }
}
