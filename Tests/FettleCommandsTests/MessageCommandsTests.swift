import Foundation
import Testing

/// Messages through the real program.
@Suite(.serialized) struct MessageCommandsTests {
    private static let secret = "planted-Hook-secret-0123456789"

    private func folder(_ server: HookServer, events: String = "[\"*\"]") async throws -> TestFolder {
        let folder = try TestFolder()
        try await LocalFleet().keep(in: folder)
        try folder.write(
            LocalFleet.policy + """

                messages:
                  receivers:
                    - name: ops
                      kind: webhook
                      address: http://127.0.0.1:\(server.port)/hook
                      secret: {env: HOOK}
                      events: \(events)
                """, to: "policy.yaml")
        return folder
    }

    private func run(_ words: [String], in folder: TestFolder, exits: Int32 = 0) async throws -> Program {
        let program = try Program(words, in: folder, settings: ["HOOK": Self.secret])
        let status = try await program.end()
        #expect(status == exits, "\(words): \(status)\n\(program.output)\(program.error)")
        return program
    }

    private func approved(in folder: TestFolder) async throws {
        _ = try await run(["change", "submit", "plan-1", "--reason", "a test", "--as", "alice"], in: folder)
        _ = try await run(["change", "approve", "change-1", "--as", "bob"], in: folder)
    }

    /// Nothing of it is written down anywhere.
    private func expectNoSecret(in folder: TestFolder) throws {
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder.url.path) {
            guard let bytes = try? Data(contentsOf: folder.file(name)) else { continue }
            #expect(bytes.range(of: Data(Self.secret.utf8)) == nil, "\(name)")
        }
    }

    @Test func whatAChangeAndItsRunComeToIsToldWhileItHappens() async throws {
        let server = try HookServer()
        defer { server.stop() }
        let folder = try await folder(server)
        try await approved(in: folder)
        let program = try await run(["run", "start", "change-1", "--no-verify"], in: folder)
        #expect(!program.output.contains(Self.secret) && !program.error.contains(Self.secret))
        let hooks = server.hooks
        #expect(
            hooks.compactMap(\.type) == ["change.submitted", "change.approved", "run.started", "run.succeeded"])
        #expect(Set(hooks.compactMap { $0.headers["webhook-id"] }).count == 4)
        #expect(hooks.allSatisfy { $0.headers["webhook-signature"]?.hasPrefix("v1,") == true })
        let list = try await run(["message", "list", "-o", "json"], in: folder)
        #expect(list.output.components(separatedBy: "\"delivered\"").count == 5, "\(list.output)")
        try expectNoSecret(in: folder)
    }

    @Test func aReceiverThatIsAwayAltersNothingAndHearsOfItLater() async throws {
        let gone = try HookServer()
        let port = gone.port
        gone.stop()
        let folder = try await folder(gone, events: "[run.*]")
        try await approved(in: folder)
        let program = try await run(["run", "start", "change-1", "--no-verify"], in: folder)
        #expect(program.error.contains("messages not delivered: 2 waiting"), "\(program.error)")
        let server = try HookServer(port: port)
        defer { server.stop() }
        // What was not tried yet waits behind what was.
        let retried = try await run(["message", "retry", "1"], in: folder)
        #expect(retried.output.contains("ops has it"))
        #expect(server.hooks.compactMap(\.type) == ["run.started", "run.succeeded"])
        #expect(try await run(["message", "deliver"], in: folder).output.hasPrefix("0 delivered"))
        try expectNoSecret(in: folder)
    }

    @Test func aReceiverThatRefusesIsToldOfAsSuch() async throws {
        let server = try HookServer(status: 403)
        defer { server.stop() }
        let folder = try await folder(server)
        let submitted = try await run(
            ["change", "submit", "plan-1", "--reason", "a test", "--as", "alice", "-o", "json"], in: folder)
        #expect(submitted.error.contains("1 given up"))
        #expect(try await run(["message", "list"], in: folder).output.contains("answers 403"))
        let test = try await run(["message", "test", "ops"], in: folder, exits: 1)
        #expect(test.error.contains("ops was not told: answers 403"))
    }

    @Test func aSecretThatIsNotThereIsAskedForAndNothingIsSent() async throws {
        let server = try HookServer()
        defer { server.stop() }
        let folder = try await folder(server)
        let program = try Program(["message", "test", "ops"], in: folder)
        #expect(try await program.end() == 1)
        #expect(program.error.contains("the variable HOOK of the environment is not set"))
        #expect(server.hooks.isEmpty)
    }

    @Test func scheduledChangesAreACalendarThatOthersRead() async throws {
        let server = try HookServer()
        defer { server.stop() }
        let folder = try await folder(server)
        _ = try await run(["change", "submit", "plan-1", "--reason", "a, b; c", "--as", "alice"], in: folder)
        let empty = try await run(["change", "calendar", "-o", "ics"], in: folder)
        #expect(empty.output.hasPrefix("BEGIN:VCALENDAR\r\n") && !empty.output.contains("VEVENT"))
        let schedule = ["change", "schedule", "change-1", "--as", "alice"]
        _ = try await run(
            schedule + ["--from", "2093-11-28T22:00:00Z", "--until", "2093-11-29T02:00:00Z"], in: folder)
        let planned = try await run(["change", "calendar", "-o", "ics"], in: folder).output
        #expect(planned.contains("DTSTART:20931128T220000Z\r\n") && planned.contains("STATUS:TENTATIVE"))
        #expect(planned.contains("SUMMARY:change-1: a\\, b\\; c\r\n") && planned.contains("SEQUENCE:1\r\n"))
        let uid = planned.components(separatedBy: "\r\n").first { $0.hasPrefix("UID:") }
        _ = try await run(["change", "withdraw", "change-1", "--as", "alice"], in: folder)
        let cancelled = try await run(["change", "calendar", "-o", "ics"], in: folder).output
        #expect(cancelled.contains("STATUS:CANCELLED") && cancelled.contains("SEQUENCE:2\r\n"))
        #expect(cancelled.components(separatedBy: "\r\n").first { $0.hasPrefix("UID:") } == uid)
        _ = try await run(["change", "list", "-o", "ics"], in: folder, exits: 2)
        let served = try await fetched("changes.ics", in: folder)
        #expect(served.contains("STATUS:CANCELLED") && served.contains(uid ?? "no name"))
    }

    /// From the program's own server.
    private func fetched(_ path: String, in folder: TestFolder) async throws -> String {
        let port = Int.random(in: 20_000..<60_000)
        let program = try Program(["serve", "--port", "\(port)"], in: folder)
        defer { program.send(SIGKILL) }
        try await program.wait("the address") { !program.output.isEmpty }
        let output = Pipe()
        let curl = Process()
        curl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        curl.arguments = [
            "curl", "--silent", "--max-time", "20", "--retry", "20", "--retry-delay", "1", "--retry-connrefused",
            "http://127.0.0.1:\(port)/\(path)",
        ]
        curl.standardOutput = output
        try curl.run()
        return String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    }

    /// The end of the process at the worst moment: what it tells was written, and the receiver has not answered yet.
    @Test func aProcessThatIsKilledWhileItTellsLosesNothing() async throws {
        let server = try HookServer(status: 0)
        defer { server.stop() }
        let folder = try await folder(server)
        let program = try Program(
            ["change", "submit", "plan-1", "--reason", "a test", "--as", "alice"], in: folder,
            settings: ["HOOK": Self.secret])
        try await program.wait("the hook") { !server.hooks.isEmpty }
        program.send(SIGKILL)
        #expect(try await program.end() == -SIGKILL)
        #expect(try await run(["change", "show", "change-1"], in: folder).output.contains("change-1"))
        let list = try await run(["message", "list", "-o", "json"], in: folder).output
        #expect(
            list.contains("\"waiting\"") && list.contains("claimedUntil") && list.contains("change.submitted"),
            "\(list)")
        // Somebody may still have it in hand: nobody tells it twice in these two minutes.
        #expect(try await run(["message", "deliver"], in: folder).output.contains("1 waiting"))
    }
}
