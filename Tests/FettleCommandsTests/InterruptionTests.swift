import Foundation
import Testing

/// Ctrl-C and its kin, through the real program.
@Suite(.serialized) struct InterruptionTests {
    private func runUnderWay(gateSeconds: Int, words: [String] = []) async throws -> (TestFolder, Program) {
        let folder = try TestFolder()
        let fleet = LocalFleet(gateSeconds: gateSeconds)
        try await fleet.keep(in: folder)
        try await fleet.approve(in: folder)
        let program = try Program(["run", "start", "change-1", "--no-verify"] + words, in: folder)
        try await program.wait("the gate's sleep") { program.descendants().contains(where: isSleep) }
        return (folder, program)
    }

    private func isSleep(_ process: pid_t) -> Bool {
        (try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8)) == "sleep\n"
    }

    private func journal(_ folder: TestFolder) async throws -> String {
        let program = try Program(["run", "show", "run-1", "-o", "json"], in: folder)
        #expect(try await program.end() == 0)
        return program.output
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func theFirstFinishesWhatIsUnderWayAndPauses(signal: Int32) async throws {
        let (folder, program) = try await runUnderWay(gateSeconds: 5)
        let children = program.descendants()
        program.send(signal)
        #expect(try await program.end() == 4)
        #expect(program.output.contains("finished first"))
        #expect(program.output.contains("run-1 is paused; nobody is out of traffic"))
        #expect(program.output.contains("`fettle run resume run-1` goes on"))
        #expect(alive(children).isEmpty)
        let journal = try await journal(folder)
        #expect(journal.contains("\"paused\""))
        // Nobody is left out for as long as nobody comes back to it, and nothing new is begun.
        #expect(journal.contains("here/bring-back"))
        #expect(!journal.contains("there/"))

        let resumed = try Program(["run", "resume", "run-1", "--no-verify"], in: folder)
        #expect(try await resumed.end() == 0, "\(resumed.output)\(resumed.error)")
        #expect(resumed.output.contains("run-1 goes on"))
        #expect(resumed.output.contains("succeeded"))
        #expect(try await self.journal(folder).contains("there/bring-back"))
    }

    @Test func aPausedRunAnswersInJSONToo() async throws {
        let (folder, program) = try await runUnderWay(gateSeconds: 5, words: ["-o", "json"])
        program.send(SIGINT)
        #expect(try await program.end() == 4)
        let answer = try #require(
            try JSONSerialization.jsonObject(with: Data(program.output.utf8)) as? [String: Any])
        #expect(answer["state"] as? String == "paused")
        #expect(answer["out"] as? [String] == [])
        #expect(program.error.contains("finished first"))
        #expect(try await journal(folder).contains("\"paused\""))
    }

    @Test func theSecondEndsItAtOnceAndTheJournalStillGoesOn() async throws {
        let (folder, program) = try await runUnderWay(gateSeconds: 15)
        let children = program.descendants()
        program.send(SIGINT)
        try await program.wait("the word of it") { program.output.contains("finished first") }
        program.send(SIGINT)
        // A gate that was waited for would have ended as one that pauses.
        #expect(try await program.end() == -SIGINT)
        // Killed, and on a busy machine a moment later gone.
        try await program.wait("the end of its children") { alive(children).isEmpty }
        let resumed = try Program(["run", "resume", "run-1", "--no-verify"], in: folder)
        #expect(try await resumed.end() == 0, "\(resumed.output)\(resumed.error)")
    }

    /// The terminal is gone, hosts are out: the run goes on without it.
    @Test func aRunOutlivesItsTerminal() async throws {
        let (folder, program) = try await runUnderWay(gateSeconds: 5)
        program.send(SIGHUP)
        #expect(try await program.end() == 0)
        #expect(try await journal(folder).contains("\"succeeded\""))
    }

    /// A command that only looks: over at once, and no ssh is left, nor what it had started.
    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func aLookEndsAtOnceAndLeavesNoChild(signal: Int32) async throws {
        let folder = try TestFolder()
        try folder.write(
            """
            version: 1
            environments: [dev]
            resources:
              - {id: "far-[1:3]", environment: dev}
            """, to: "fleet.yaml")
        try folder.write("Host *\n  ProxyCommand sleep 600\n", to: "ssh_config")
        let program = try Program(["access", "check", "--ssh-config", "ssh_config"], in: folder)
        try await program.wait("the children") { program.descendants().count(where: isSleep) == 3 }
        let children = program.descendants()
        program.send(signal)
        #expect(try await program.end() == -signal)
        #expect(alive(children).isEmpty)
        #expect(program.error == "" && program.output == "")
    }

    /// Whoever has read enough is no failure to speak of.
    @Test(arguments: ["", "trap '' PIPE;"])
    func aReaderThatEndsIsNoError(preparation: String) async throws {
        let folder = try TestFolder()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let script = "\(preparation) \"$0\" schema fleet 2>err | { exec 0<&-; sleep 1; }; echo ${PIPESTATUS[0]} >status"
        process.arguments = ["--default-signal=PIPE", "bash", "-c", script, try Program.path()]
        process.currentDirectoryURL = folder.url
        try process.run()
        while process.isRunning { try await Task.sleep(for: .milliseconds(20)) }
        #expect(try String(contentsOf: folder.file("err"), encoding: .utf8) == "")
        #expect(try String(contentsOf: folder.file("status"), encoding: .utf8) == "141\n")
    }
}
