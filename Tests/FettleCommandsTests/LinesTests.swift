import FettleReporting
import FettleVersions
import Foundation
import Testing

@testable import FettleCommands

/// Lists as lines (`-o csv`, `-o ndjson`), by the real program.
@Suite(.serialized) struct LinesTests {
    private static let commands: [[String]] = [
        ["waiver", "list"], ["waiver"], ["compliance"], ["responsibility"], ["responsibility", "evidence"],
        ["explain", "here/openssl/3.0.22"], ["policy"], ["risk"], ["feeds", "status"], ["baseline"],
        ["baseline", "diff", "here", "there"], ["cvss", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"],
        ["version", "compare", "--scheme", "dpkg", "1.0~rc1", "1.0"], ["plan", "list"], ["change", "list"],
        ["run", "list"],
    ]

    private func folder() async throws -> TestFolder {
        let folder = try TestFolder()
        try await LocalFleet().keep(in: folder)
        let words = [
            "waiver", "add", "--advisory", "CVE-2026-1001", "--owner", "carol", "--expires", "30d", "--reason",
            "=HYPERLINK(\"http://example.org\"), \"quoted\"",
        ]
        let program = try Program(words, in: folder)
        #expect(try await program.end() == 0, "\(program.error)")
        return folder
    }

    private func answer(_ words: [String], _ folder: TestFolder) async throws -> (status: Int32, output: String) {
        let program = try Program(words, in: folder)
        return (try await program.end(), program.output)
    }

    @Test("each command's CSV has a header and its NDJSON the same names, and both end as the table does")
    func both() async throws {
        let folder = try await folder()
        for words in Self.commands {
            let table = try await answer(words, folder)
            let csv = try await answer(words + ["-o", "csv"], folder)
            let ndjson = try await answer(words + ["-o", "ndjson"], folder)
            #expect(csv.status == table.status && ndjson.status == table.status, "\(words): \(csv) \(ndjson)")
            #expect(csv.output.hasSuffix("\r\n"), "\(words)")
            let lines = csv.output.components(separatedBy: "\r\n").dropLast()
            let header = try #require(lines.first, "\(words)")
            let names = header.split(separator: ",").map(String.init)
            #expect(names.allSatisfy { $0.wholeMatch(of: /[a-z][A-Za-z0-9]*/) != nil }, "\(words): \(names)")
            let objects = ndjson.output.split(separator: "\n")
            #expect(objects.count == lines.count - 1, "\(words): as many lines in both")
            for object in objects {
                let values = try JSONSerialization.jsonObject(with: Data(object.utf8)) as? [String: Any]
                #expect(Set((values ?? [:]).keys) == Set(names), "\(words): \(object)")
            }
            #expect(!csv.output.contains("\u{1b}"), "\(words)")
        }
    }

    @Test("what a spreadsheet would take for a formula is none, and the JSON has it as it was written")
    func formulas() async throws {
        let folder = try await folder()
        let csv = try await answer(["waiver", "-o", "csv"], folder).output
        #expect(csv.contains("\"'=HYPERLINK(\"\"http://example.org\"\"), \"\"quoted\"\"\""), "\(csv)")
        let json = try await answer(["waiver", "-o", "json"], folder).output
        let list = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]]
        #expect(list?.first?["reason"] as? String == "=HYPERLINK(\"http://example.org\"), \"quoted\"")
        let scope = try #require(list?.first?["scope"] as? [String: Any])
        #expect(scope["advisory"] as? String == "CVE-2026-1001")
        #expect(CSVText.quoted("@SUM(1)") == "'@SUM(1)" && CSVText.quoted(" =1") == "' =1")
        #expect(CSVText.quoted("1:2.0-1") == "1:2.0-1")
    }

    @Test("a wrong comparison of a list is a line with its number")
    func comparisons() throws {
        var check = VersionCheck(scheme: .dpkg)
        for line in ["1.0 < 1.1", "2.0 < 1.0"] { check.take(line) }
        let table = ListAnswer.comparisons(check.wrong.map { ($0.line, $0.text, $0.right) })
        #expect(table.count == 1)
        #expect(table.row(0) == [.count(2), .text("2.0 < 1.0"), .text("2.0"), .text(">"), .text("1.0")])
    }
}
