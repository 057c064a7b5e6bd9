import FettleModel
import FettleTestSupport
import Foundation
import Testing

/// The time of a change and changes that cannot be read, through the real program.
@Suite(.serialized) struct ChangeTimeCommandsTests {
    private func run(_ words: [String], in folder: TestFolder, exits: Int32 = 0) async throws -> Program {
        let program = try Program(words, in: folder)
        let status = try await program.end()
        #expect(status == exits, "\(words): \(status)\n\(program.output)\(program.error)")
        return program
    }

    private func submitted() async throws -> TestFolder {
        let folder = try TestFolder()
        try await LocalFleet().keep(in: folder)
        _ = try await run(["change", "submit", "plan-1", "--reason", "a test", "--as", "alice"], in: folder)
        return folder
    }

    private func schedule(_ from: Int, _ until: Int) -> [String] {
        let times = [from, until].map { String(Timestamp.now().adding(seconds: $0).description.prefix(19)) + "Z" }
        return ["change", "schedule", "change-1", "--from", times[0], "--until", times[1], "--as", "alice"]
    }

    @Test func aTimeThatIsTooShortIsRefusedWithWhatWouldDo() async throws {
        let folder = try await submitted()
        let error = try await run(schedule(3_600, 3_601), in: folder, exits: 3).error
        #expect(error.contains("with its way back") && error.contains("fettle change schedule change-1"), "\(error)")
        #expect(try await run(["change", "calendar"], in: folder).output.contains("at any time"))
    }

    /// A freeze that is declared when the change has its time already.
    @Test func whatSpeaksAgainstTheTimeIsToldWhereverSomebodyDecides() async throws {
        let folder = try await submitted()
        _ = try await run(schedule(0, 36_000), in: folder)
        let day = Timestamp.now().day
        try folder.write(
            "version: 1\nfreezes:\n  - {id: audit, reason: an audit, from: \(day), to: 2099-01-01, timeZone: UTC}\n",
            to: "policy.yaml")
        let page = try await run(["change", "show", "change-1"], in: folder)
        #expect(page.output.contains("freeze audit (an audit)"), "\(page.output)")
        let json = try await run(["change", "show", "change-1", "-o", "json"], in: folder).output
        let shown = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
        #expect((shown?["timeObjections"] as? [String])?.first?.contains("freeze audit") == true, "\(json)")
        _ = try await run(["change", "show", "change-1", "--html", "a.html"], in: folder)
        #expect(try String(contentsOf: folder.file("a.html"), encoding: .utf8).contains("freeze audit (an audit)"))
        let vote = try await run(["change", "approve", "change-1", "--as", "bob"], in: folder)
        #expect(vote.error.contains("freeze audit"), "\(vote.error)")
        try folder.write("version: 1\nfreezes: 7\n", to: "policy.yaml")
        let broken = try await run(["run", "start", "change-1", "--no-verify"], in: folder, exits: 3).error
        #expect(broken.contains("; 1 problem"), "\(broken)")
    }

    @Test func anAlteredChangeIsToldBesideTheOthers() async throws {
        let folder = try await submitted()
        try await AlteredDatabase.execute(
            in: folder, "UPDATE document SET bytes = bytes || ' ' WHERE kind = 'change' AND id = 'change-1'")
        for words in [["change", "list"], ["change", "calendar"], ["pipeline"], ["report", "trend"]] {
            let program = try await run(words, in: folder)
            if words[0] == "change" {
                #expect((program.output + program.error).contains("cannot be read"), "\(words)\(program.output)")
            }
        }
        let json = try await run(["change", "list", "-o", "json"], in: folder)
        #expect(json.error.contains("change-1 cannot be read"))
        _ = try await run(["change", "show", "change-1"], in: folder, exits: 3)
    }

    @Test func alteredPlansAndSetsAreToldInTheirLists() async throws {
        let folder = try await submitted()
        try await AlteredDatabase.execute(
            in: folder, "UPDATE document SET bytes = bytes || ' ' WHERE kind IN ('plan', 'patchset')")
        for words in [["plan", "list"], ["patchset", "list"]] {
            #expect(try await run(words, in: folder).output.contains("cannot be read"), "\(words)")
            #expect(try await run(words + ["-o", "json"], in: folder).error.contains("cannot be read"), "\(words)")
        }
        #expect(try await run(["pipeline"], in: folder).error.contains("patchset-1 cannot be read"))
    }
}
