import FettleModel
import Foundation
import Testing

@testable import FettleCommands

/// `fettle waiver` and `fettle compliance`, as a person and a script use them.
@Suite(.serialized) struct WaiverTests {
    @Test(
        "an end is a day, a moment or a time from now, and nothing else",
        arguments: [
            ("2026-12-31", "2027-01-01T00:00:00.000Z"), ("30d", "2026-12-25T09:00:00.000Z"),
            ("2w", "2026-12-09T09:00:00.000Z"), ("2026-12-01T10:00:00Z", "2026-12-01T10:00:00.000Z"),
            ("2026-13-01", nil), ("2026-12-99", nil), ("30", nil), ("d", nil), ("-1d", nil), ("999999d", nil),
            ("never", nil), ("", nil),
        ] as [(String, String?)])
    func expiry(text: String, expected: String?) throws {
        let now = try #require(Timestamp("2026-11-25T09:00:00Z"))
        #expect(WaiverArguments.expiry(text, from: now)?.description == expected)
    }

    private func run(
        _ words: [String], in folder: TestFolder, settings: [String: String] = [:]
    ) async throws -> (status: Int32, program: Program) {
        let program = try Program(words, in: folder, settings: settings)
        return (try await program.end(), program)
    }

    private func folder() async throws -> TestFolder {
        let folder = try TestFolder()
        try await LocalFleet().keep(in: folder)
        return folder
    }

    private func add(_ words: String...) -> [String] {
        ["waiver", "add", "--reason", "known", "--owner", "carol"] + words
    }

    @Test("what was accepted is marked, and is back when it is ended")
    func thereAndBack() async throws {
        let folder = try await folder()
        var answer = try await run(add("--advisory", "cve-2026-1001", "--expires", "30d"), in: folder)
        #expect(answer.status == 0)
        #expect(answer.program.output.contains("waiver-1 holds until"))
        #expect(answer.program.output.contains("covers 1 findings on 1 resources"))
        answer = try await run(["compliance", "-o", "json"], in: folder)
        func total() throws -> [String: Any] {
            let root = try JSONSerialization.jsonObject(with: Data(answer.program.output.utf8)) as? [String: Any]
            return try #require(root?["total"] as? [String: Any])
        }
        // Nothing is overdue, but a resource of the fleet was never judged, which is not compliant.
        #expect(answer.status == 4)
        #expect(try total()["waived"] as? Int == 1)
        answer = try await run(["waiver", "expire", "waiver-1", "--reason", "a fix"], in: folder)
        #expect(answer.status == 0)
        answer = try await run(["compliance", "-o", "json"], in: folder)
        #expect(try total()["waived"] as? Int == 0)
        #expect(try total()["withinDue"] as? Int == 1)
        answer = try await run(["waiver", "list", "--all", "-o", "json"], in: folder)
        let list = try JSONSerialization.jsonObject(with: Data(answer.program.output.utf8)) as? [[String: Any]]
        #expect(list?.map { $0["state"] as? String } == ["ended"])
    }

    @Test("overdue ends with 101, by the policy of the folder")
    func overdue() async throws {
        let folder = try await folder()
        try folder.write("version: 1\ndueInDays: {scheduled: 0}\n", to: "policy.yaml")
        let answer = try await run(["compliance", "--environment", "dev"], in: folder)
        #expect(answer.status == 101, "\(answer.program.output)\(answer.program.error)")
        #expect(answer.program.output.contains("The most overdue"))
        try folder.write("version: 1\nwaivers: {maximumDays: 7}\n", to: "policy.yaml")
        let refused = try await run(add("--source", "openssl", "--expires", "8d"), in: folder)
        #expect(refused.status == 2)
        #expect(refused.program.error.contains("more than 7 days"))
    }

    @Test("never without an end, an owner, a reason, or a scope that is there (DefectDojo#13439)")
    func refusals() async throws {
        let folder = try await folder()
        for words in [
            add("--source", "openssl"), add("--source", "openssl", "--expires", "0d"),
            add("--source", "openssl", "--expires", "2020-01-01"), add("--expires", "30d"),
            add("--source", "openssl", "--advisory", "CVE-1", "--expires", "30d"),
            add("--source", "openssl", "--expires", "30d", "--resource", "nowhere-*"),
            add("--source", "openssl", "--expires", "30d", "--kind", "notAffected"),
            ["waiver", "add", "--source", "openssl", "--expires", "30d", "--owner", "carol"],
            ["waiver", "add", "--source", "openssl", "--expires", "30d", "--reason", "known"],
            ["waiver", "add", "--source", "openssl", "--expires", "30d", "--reason", " ", "--owner", "carol"],
            ["waiver", "add", "--source", "a\u{1b}[2J", "--expires", "30d", "--reason", "x", "--owner", "carol"],
        ] {
            let answer = try await run(words, in: folder)
            #expect(answer.status == 2, "\(words): \(answer.program.output)")
            #expect(answer.program.output == "")
        }
        let list = try await run(["waiver", "list", "--all"], in: folder)
        #expect(list.program.output == "There are no waivers.\n")
    }

    @Test("words that a person wrote do not reach the terminal as they are")
    func hostileWords() async throws {
        let folder = try await folder()
        _ = try await run(
            [
                "waiver", "add", "--source", "openssl", "--expires", "30d", "--reason", "a\u{1b}[2Jb\u{202e}",
                "--owner", "c",
            ],
            in: folder)
        let list = try await run(["waiver", "list"], in: folder)
        #expect(list.status == 0 && list.program.output.contains("waiver-1"))
        #expect(!list.program.output.contains("\u{1b}") && !list.program.output.contains("\u{202e}"))
    }

    @Test("a VEX document makes waivers with the end that was given, once, and says what it cannot map")
    func importing() async throws {
        let folder = try await folder()
        try folder.write(
            #"""
            {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "urn:x:1", "author": "A Vendor", "version": 1,
            "timestamp": "2026-01-01T00:00:00Z", "statements": [{"vulnerability": {"name": "CVE-2026-1001"},
            "status": "not_affected", "justification": "component_not_present",
            "products": [{"@id": "pkg:deb/debian/openssl@3.0.20"}, {"@id": "pkg:npm/left-pad@1"}]}]}
            """#, to: "vex.json")
        let words = ["waiver", "import", "vex.json", "--owner", "carol", "--expires", "30d"]
        let dry = try await run(words + ["--dry-run"], in: folder)
        #expect(dry.program.output == "would make 1 waivers\n")
        let first = try await run(words, in: folder)
        #expect(first.status == 0, "\(first.program.error)")
        #expect(first.program.output.contains("made 1 waivers"))
        #expect(first.program.error.contains("npm"))
        let again = try await run(words, in: folder)
        #expect(again.program.output == "made 0 waivers\n")
        let export = try await run(["waiver", "export", "--format", "openvex", "--author", "Us"], in: folder)
        #expect(export.status == 0 && export.program.output.contains("component_not_present"))
        let without = try await run(["waiver", "import", "vex.json", "--owner", "carol"], in: folder)
        #expect(without.status == 2)
    }

    @Test("with nothing to state no document is written")
    func emptyExport() async throws {
        let folder = try await folder()
        let answer = try await run(["waiver", "export", "--format", "csaf"], in: folder)
        #expect(answer.status == 3)
        #expect(answer.program.output == "" && answer.program.error.contains("nothing to state"))
    }
}
