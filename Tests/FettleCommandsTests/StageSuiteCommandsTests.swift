import Foundation
import Testing

/// A stage's own suite as people have it, with the real program: by command, and behind a real server.
@Suite struct StageSuiteCommandsTests {
    private let folder: TestFolder
    private static let secret = "a-key-of-the-suite-of-this-test"

    init() throws { folder = try TestFolder() }

    @discardableResult
    private func run(
        _ line: String, as name: String? = nil, exits: Int32 = 0, secret: String? = Self.secret
    ) async throws -> Program {
        var settings = name.map { ["FETTLE_TOKEN_FILE": folder.file($0).path] } ?? [:]
        settings["FETTLE_SUITE_SECRET"] = secret
        let program = try Program(line.split(separator: " ").map(String.init), in: folder, settings: settings)
        let status = try await program.end()
        #expect(status == exits, "\(line): \(status)\n\(program.output)\(program.error)")
        for text in [program.output, program.error] { #expect(!text.contains(Self.secret), "\(line)") }
        return program
    }

    private func policy(_ tests: String) throws {
        try folder.write(
            """
            version: 1
            promotion:
              stages:
                - {name: dev, tests: {\(tests)}}
            """, to: "policy.yaml")
    }

    private func webhook(_ server: SuiteServer, _ path: String) throws {
        try policy(
            "address: \"http://127.0.0.1:\(server.port)/\(path)\", secret: {env: FETTLE_SUITE_SECRET}, answeredBy: suite"
        )
    }

    /// The set is in dev.
    private func promote() async throws {
        try await LocalFleet().keep(in: folder, promoting: true)
        try await LocalFleet().approve(in: folder)
        try await run("run start change-1 --no-verify --as alice")
    }

    private static let test = "patchset test patchset-1 --stage dev --wait 8"

    @Test func theCommandThatThePolicyNamesSignsOff() async throws {
        try await promote()
        try folder.write(
            "#!/bin/sh\nprintf '%s|' \"$@\" \"$FETTLE_STAGE\" \"$FETTLE_REQUEST\" >seen\ntest -e good\n", to: "suite")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.file("suite").path)
        try policy("command: [./suite, \"a;b\", \"$(id)\", -n]")
        // Another program, or a person's word, does not stand for it.
        #expect(try await run(Self.test + " -- true", exits: 3).error.contains("in its place"))
        #expect(
            try await run("patchset sign patchset-1 --kind tests --stage dev --note x", exits: 3).error
                .contains("nobody signs off in its place"))
        try await run(Self.test + " --timeout 5", exits: 2)
        #expect(try await run(Self.test, exits: 1).output.contains("tests: refused (answers note-1)"))
        #expect(try String(contentsOf: folder.file("seen"), encoding: .utf8) == "a;b|$(id)|-n|dev|note-1|")
        try folder.write("", to: "good")
        #expect(try await run(Self.test).output.contains("tests: passes (answers note-3)"))
    }

    @Test func nobodyAnswersInAProgramsPlaceOrPutsAnotherInItsPlace() async throws {
        try await promote()
        func write(_ text: String) throws {
            try folder.write("#!/bin/sh\n\(text)\n", to: "suite")
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.file("suite").path)
        }
        try write("exit 1")
        try policy("command: [./suite]")
        try await letIn("ann", "admin", by: nil)
        try await letIn("alice", "operator", by: "ann")
        try await run("policy accept", as: "ann")
        #expect(try await run(Self.test, as: "alice", exits: 1).output.contains("tests: refused (answers note-1)"))
        let shown = try await run("patchset show patchset-1").output
        let digest = try #require(shown.firstMatch(of: /digest ([0-9a-f]{64})/)?.1)
        let answer = "patchset answer patchset-1 note-1 --digest \(digest) --passed --note x"
        #expect(try await run(answer, as: "alice", exits: 3).error.contains("nobody in its place"))
        // Another program under the same name.
        try write("exit 0")
        let swapped = try await run(Self.test, as: "alice", exits: 3)
        #expect(swapped.error.contains("the suite of dev is the program"), "\(swapped.error)")
        #expect(try await !run("patchset show patchset-1").output.contains("tests: passes"))
        #expect(try await run("policy accept --dry-run", as: "ann").output.contains("the stages' suites"))
        try await run("policy accept", as: "ann")
        #expect(try await run(Self.test, as: "alice").output.contains("tests: passes"))
        // What PATH finds is nobody's.
        try policy("command: [sh]")
        #expect(try await run(Self.test, as: "alice", exits: 2).error.contains("begins with a program's path"))
    }

    private func letIn(_ name: String, _ role: String, by admin: String?) async throws {
        try await run("user add \(name) --role \(role) --to \(name).enrolment", as: admin)
        try await run("token make --to \(name)", as: "\(name).enrolment")
    }

    /// Who asks holds the secret, and could stand in for the server: at once it may only refuse.
    @Test func theSuiteBehindAServerRefusesAtOnceAndPassesByItsOwnName() async throws {
        try await promote()
        let server = try SuiteServer(secret: Self.secret, in: folder)
        defer { server.stop() }
        try webhook(server, "pass")
        let passed = try await run(Self.test, exits: 4)
        #expect(passed.output.contains("counts when suite brings it"), "\(passed.output)")
        #expect(try await !run("patchset show patchset-1").output.contains("tests: passes"))
        let data = try #require(
            (server.requests.first?["body"] as? [String: Any])?["data"] as? [String: Any])
        #expect(data["set"] as? String == "patchset-1" && data["stage"] as? String == "dev")
        #expect(data["environments"] as? [String] == ["dev"] && data["runs"] as? [String] == ["run-1"])
        let digest = try #require(data["digest"] as? String)
        let answer = "patchset answer patchset-1 note-1 --digest \(digest) --passed --note 412-seen"
        #expect(try await run(answer, exits: 3).error.contains("only suite says"))
        #expect(try await run(answer + " --as suite").output.contains("tests: passes (answers note-1)"))
        try webhook(server, "fail")
        #expect(try await run(Self.test, exits: 1).output.contains("tests: refused (answers note-3)"))
        let shown = try await run("patchset show patchset-1")
        #expect(shown.output.contains("note-3: asked"))
        try await run("evidence check")
    }

    @Test func whatCountsForNothingSignsNothingOff() async throws {
        try await promote()
        let server = try SuiteServer(secret: Self.secret, in: folder)
        defer { server.stop() }
        for (path, word) in [
            ("forged", "not signed with its secret"), ("other", "it tested a set with the digest"),
            ("broken", "answers 500"),
        ] {
            try webhook(server, path)
            let refused = try await run(Self.test, exits: 1)
            #expect(refused.error.contains(word) && refused.error.contains("stays open"), "\(refused.error)")
        }
        // By another key the suite takes nothing; without one nothing is sent.
        try webhook(server, "pass")
        #expect(try await run(Self.test, exits: 1, secret: "not-the-key-of-the-suite").error.contains("answers 401"))
        #expect(try await run(Self.test, exits: 1, secret: nil).error.contains("FETTLE_SUITE_SECRET"))
        #expect(try await !run("patchset show patchset-1").output.contains("tests:"))
        try await run(Self.test, exits: 4)
        try await run(Self.test, exits: 4)
        // Each suite was asked once, and the last one once more under the same id.
        let ids = server.requests.compactMap { $0["id"] as? String }
        #expect(ids.count >= 5 && Set(ids).count == 4 && Set(ids.suffix(2)).count == 1, "\(ids)")
    }

    @Test func theSuiteThatAnswersLaterDoesSoByATokenWithTheRole() async throws {
        try await promote()
        let server = try SuiteServer(secret: Self.secret, in: folder)
        defer { server.stop() }
        try webhook(server, "later")
        try await letIn("ann", "admin", by: nil)
        try await letIn("alice", "operator", by: "ann")
        try await letIn("suite", "operator:dev", by: "ann")
        try await letIn("elsewhere", "operator:qa", by: "ann")
        try await letIn("vera", "viewer", by: "ann")
        try await run("policy accept", as: "ann")
        #expect(try await run(Self.test, as: "alice", exits: 4).output.contains("has not answered yet"))
        let data = try #require(
            (server.requests.first?["body"] as? [String: Any])?["data"] as? [String: Any])
        let digest = try #require(data["digest"] as? String)
        func answer(_ digest: String, _ more: String = "--passed") -> String {
            "patchset answer patchset-1 note-1 --digest \(digest) \(more) --note 412-seen"
        }
        for name in ["vera", "elsewhere", "ann", "alice"] { try await run(answer(digest), as: name, exits: 3) }
        try await run(answer(digest), exits: 3)
        let wrong = String(repeating: "0", count: 64)
        #expect(try await run(answer(wrong), as: "suite", exits: 2).error.contains("about another set"))
        #expect(try await run("patchset show patchset-1").output.contains("note-1: asked"))
        #expect(try await run(answer(digest), as: "suite").output.contains("tests: passes (answers note-1)"))
        #expect(try await run(answer(digest), as: "suite", exits: 1).error.contains("answered already"))
        try await run("evidence check")
    }
}
