import Foundation
import Testing

@testable import FettleCommands

/// Users, their roles and the log in a real PostgreSQL, with the real program, from two folders as from two machines.
@Suite(.enabled(if: PostgresForPrograms.binaries != nil, "PostgreSQL's initdb"))
struct PostgresIdentityTests {
    private let folder: TestFolder
    private let server: PostgresForPrograms

    init() throws {
        folder = try TestFolder()
        server = try PostgresForPrograms(binaries: try #require(PostgresForPrograms.binaries))
    }

    @discardableResult
    private func run(_ line: String, as name: String? = nil, exits: Int32 = 0) async throws -> Program {
        var settings = ["FETTLE_STORE": server.address]
        settings["FETTLE_TOKEN_FILE"] = name.map { folder.file($0).path }
        let program = try Program(line.split(separator: " ").map(String.init), in: folder, settings: settings)
        let status = try await program.end()
        #expect(status == exits, "\(line): \(status)\n\(program.output)\(program.error)")
        return program
    }

    private func letIn(_ name: String, _ role: String, by admin: String?) async throws {
        try await run("user add \(name) --role \(role) --to \(name).enrolment", as: admin)
        try await run("token make --to \(name)", as: "\(name).enrolment")
    }

    @Test func fromTheFirstAdminToARunThatSomebodyElseHasApproved() async throws {
        defer { server.stop() }
        let store = try StoreChoice.open(server.address, [:], directory: folder.url)
        try await LocalFleet().keep(in: folder, store: store)
        try await letIn("ann", "admin", by: nil)
        try await letIn("alice", "operator:dev", by: "ann")
        try await letIn("bob", "approver", by: "ann")
        try await letIn("otto", "approver:production", by: "ann")
        try await letIn("uta", "auditor", by: "ann")
        try await run("change submit plan-1 --reason r", as: "alice", exits: 3)
        try await run("policy accept", as: "ann")

        for name in [nil, "bob", "ann", "uta"] as [String?] {
            try await run("change submit plan-1 --reason r", as: name, exits: 3)
        }
        try await run("change submit plan-1 --reason r", as: "alice")
        for name in [nil, "alice", "otto", "ann", "uta"] as [String?] {
            try await run("change approve change-1", as: name, exits: 3)
        }
        try await run("run start change-1 --no-verify", as: "alice", exits: 3)
        try await run("change approve change-1", as: "bob")
        try await run("run start change-1 --no-verify", as: "bob", exits: 3)
        try await run("run start change-1 --no-verify", as: "alice")

        // Another folder, as on another machine: it has to say the same.
        try folder.write(LocalFleet.fleet.replacing("id: there,", with: "id: elsewhere,"), to: "mine/fleet.yaml")
        #expect(try await run("scan --dir mine", as: "alice", exits: 3).error.contains("elsewhere"))
        let log = try await run("evidence log").output
        for word in ["userAdded", "policyAccepted", "changeSubmitted", "changeApproved", "runStarted", "runEnded"] {
            #expect(log.contains(word), "\(word)")
        }
        try await run("evidence check")
        try await run("evidence key --to key.pem", as: "ann")
        try await run("evidence export run-1", as: "uta")
        #expect(try await run("evidence verify run-1.evidence --key key.pem").output.contains("approved by bob,"))
        // Nothing of it lies in the folder.
        #expect(!FileManager.default.fileExists(atPath: folder.file(".fettle/fettle.db").path))
    }

    /// Nobody owns a database's file: only when every admin's token is over is one let in by the login at the store.
    @Test func theLastAdminWithAGoodTokenIsLetInByNobody() async throws {
        defer { server.stop() }
        try await letIn("ann", "admin", by: nil)
        #expect(try await !run("user enrol ann --lost --to again", exits: 3).error.isEmpty)
        try await run("user enrol ann --to again", exits: 3)
        try await run("whoami", as: "ann")
        try await letIn("bob", "admin", by: "ann")
        // While another admin is in, they let one in again.
        try await run("user enrol ann --lost --to again", as: "bob")
        try await run("whoami", as: "ann", exits: 3)
        try await run("token make --to ann2", as: "again")
        try await run("user disable bob", as: "ann2")
        // Over: by its owner's own act, as it would be by its time.
        let own = try #require(try await run("whoami", as: "ann2").output.firstMatch(of: /token-[0-9]+/))
        try await run("token end \(own.0)", as: "ann2")
        try await run("user enrol bob --to third", exits: 3)
        try await run("user enrol ann --to third")
        try await run("token make --to ann3", as: "third")
        #expect(try await run("whoami", as: "ann3").output.contains("ann"))
        #expect(try await run("evidence log").output.contains("enrolmentByTheStore"))
        try await run("evidence check")
    }
}
