import Foundation
import Testing

/// Reports as files, by the program itself.
@Suite(.serialized) struct ReportFilesTests {
    private static func folder() async throws -> TestFolder {
        let folder = try TestFolder()
        try await LocalFleet().keep(in: folder)
        return folder
    }

    private static func run(_ words: [String], in folder: TestFolder) async throws -> (
        status: Int32, output: String, error: String
    ) {
        let program = try Program(words, in: folder)
        let status = try await program.end()
        return (status, program.output, program.error)
    }

    @Test func everyFormSaysTheSameAndNothingIsLeftBeside() async throws {
        let folder = try await Self.folder()
        let answer = try await Self.run(
            ["report", "alignment", "--html", "a.html", "--xlsx", "a.xlsx", "--csv", "tables", "-o", "json"], in: folder
        )
        #expect(answer.status == 0, "\(answer.error)")
        let document = try #require(try JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: Any])
        let tables = try #require(document["tables"] as? [String: [[String: Any]]])
        let page = try String(contentsOf: folder.file("a.html"), encoding: .utf8)
        for (name, rows) in tables {
            let text = try String(contentsOf: folder.file("tables/\(name).csv"), encoding: .utf8)
            #expect(text.components(separatedBy: "\r\n").count == rows.count + 2, "\(name)")
        }
        for row in tables["systems"] ?? [] { #expect(page.contains(row["system"] as? String ?? "?")) }
        let left = try FileManager.default.subpathsOfDirectory(atPath: folder.file(".").path)
        #expect(left.filter { $0.hasSuffix(".part") } == [])
    }

    @Test func aListOfTheTeamIsReadFromAWorkbookAndFromCSV() async throws {
        let folder = try await Self.folder()
        #expect(try await Self.run(["report", "alignment", "--xlsx", "team.xlsx"], in: folder).status == 0)
        // Of three resources one was never looked at, of which the list says where it is and nothing that differs.
        let workbook = try await Self.run(
            [
                "report", "alignment", "--against", "team.xlsx", "--sheet", "systems", "-o", "csv", "--table",
                "differences",
            ], in: folder)
        #expect(workbook.status == 0, "\(workbook.output)\(workbook.error)")
        try folder.write("Server,openssl,Remark\nhere,3.0.22,new\nTHERE,3.0.20,\n=gone(),1,\n", to: "team.csv")
        let list = try await Self.run(
            ["report", "alignment", "--against", "team.csv", "-o", "csv", "--table", "differences"], in: folder)
        #expect(list.status == 1, "\(list.error)")
        #expect(list.error.contains("team.csv:1:16: the column 'Remark'"))
        #expect(list.output.contains("here,openssl,3.0.22,3.0.20,the system is behind,,2\r\n"), "\(list.output)")
        #expect(!list.output.contains("there"))
        let strangers = try await Self.run(
            ["report", "alignment", "--against", "team.csv", "-o", "csv", "--table", "only_in_list"], in: folder)
        #expect(strangers.output.contains("'=gone(),"), "\(strangers.output)")
    }

    @Test func everythingThatIsWrongWithAListIsToldAtOnce() async throws {
        let folder = try await Self.folder()
        try folder.write("system,openssl\n,1\nhere,1\nhere,2\n", to: "team.csv")
        let answer = try await Self.run(["report", "alignment", "--against", "team.csv"], in: folder)
        #expect(answer.status == 2 && answer.output == "")
        for words in ["team.csv:2:1:", "team.csv:4:6:", "2 problems"] {
            #expect(answer.error.contains(words), "\(answer.error)")
        }
    }

    @Test(arguments: ["/dev/zero", ".", "old.xls", "nowhere.csv"])
    func whatIsNoListIsRefused(path: String) async throws {
        let folder = try await Self.folder()
        try Data([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]).write(to: folder.file("old.xls"))
        let answer = try await Self.run(["report", "alignment", "--against", path], in: folder)
        #expect(answer.status == 2, "\(answer.error)")
    }

    @Test func aTableThatIsNotThereIsToldWithThoseThatAre() async throws {
        let folder = try await Self.folder()
        let answer = try await Self.run(["report", "ownership", "-o", "ndjson", "--table", "horse"], in: folder)
        #expect(answer.status == 2 && answer.error.contains("gaps, owed, matrix"), "\(answer.error)")
    }

    @Test func aFileThatCannotBeWrittenIsTold() async throws {
        let folder = try await Self.folder()
        for option in ["--html", "--xlsx"] {
            let answer = try await Self.run(["report", "ownership", option, "no/such/folder/x"], in: folder)
            #expect(answer.status == 1 && answer.error.contains("no/such/folder/x"), "\(answer.error)")
        }
    }
}
