import Foundation
import Testing

@testable import FettleSpreadsheets

/// Workbooks that others made, of which some mean harm.
@Suite struct HostileWorkbookTests {
    private static let link =
        "<Relationships><Relationship Id=\"r1\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
    private static let workbook =
        "<workbook xmlns:r=\"r\"><sheets><sheet name=\"Servers\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"

    private func file(
        sheet: String, shared: String? = nil, workbook: String = workbook, links: String = link
    ) throws -> TestFile {
        let file = try TestFile("book.xlsx")
        let zip = try ZipWriter(path: file.path)
        try zip.add("xl/workbook.xml", workbook)
        try zip.add("xl/_rels/workbook.xml.rels", links)
        try zip.add("xl/worksheets/sheet1.xml", "<worksheet><sheetData>\(sheet)</sheetData></worksheet>")
        if let shared { try zip.add("xl/sharedStrings.xml", "<sst>\(shared)</sst>") }
        try zip.finish()
        return file
    }

    private func rows(_ sheet: String, shared: String? = nil) throws -> [[String]] {
        let file = try file(sheet: sheet, shared: shared)
        return try WorkbookReader.rows(path: file.path).map { $0.map(\.text) }
    }

    private func refusal(_ sheet: String, shared: String? = nil) -> String {
        do {
            _ = try rows(sheet, shared: shared)
            return "nothing"
        } catch {
            return "\(error)"
        }
    }

    @Test func cellsAndRowsThatAreLeftOutAreEmpty() throws {
        #expect(
            try rows("<row r=\"2\"><c r=\"C2\"><v>7</v></c></row><row r=\"4\"><c r=\"A4\" t=\"str\"><v>x</v></c></row>")
                == [
                    [], ["", "", "7"], [], ["x"],
                ])
        #expect(
            try rows("<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>") == [["1", "2"], ["3"]])
    }

    @Test func sharedTextsAreReadWithoutHowTheyAreSpoken() throws {
        let shared =
            "<si><t>web</t></si><si><r><t>nginx </t></r><r><rPr><b/></rPr><t>1.22</t></r><rPh><t>no</t></rPh></si>"
        #expect(
            try rows("<row><c t=\"s\"><v>0</v></c><c t=\"s\"><v>1</v></c></row>", shared: shared) == [
                ["web", "nginx1.22"]
            ])
    }

    @Test func ofAFormulaOnlyItsResultIsRead() throws {
        #expect(try rows("<row><c t=\"str\"><f>WEBSERVICE(\"http://x\")</f><v>ok</v></c></row>") == [["ok"]])
        #expect(try rows("<row><c><f>1+1</f></c><c><v>2</v></c></row>") == [["", "2"]])
    }

    @Test(arguments: [
        ("<row r=\"2\"/><row r=\"1\"/>", "does not follow"), ("<row r=\"0\"/>", "does not follow"),
        ("<row r=\"1048577\"/>", "does not follow"), ("<row r=\"99999999999999999999\"/>", "does not follow"),
        ("<row><c r=\"B1\"><v>1</v></c><c r=\"A1\"><v>1</v></c></row>", "does not follow"),
        ("<row><c r=\"XFD1\"><v>1</v></c></row>", "columns"),
        ("<row><c r=\"ZZZZZZZZZZ1\"><v>1</v></c></row>", "follow"),
        ("<row><c t=\"s\"><v>5</v></c></row>", "a text that is not there"),
        ("<row><c t=\"s\"><v>-1</v></c></row>", "a text that is not there"), ("<c><v>1</v></c>", "outside of a row"),
        ("<row><c>", "damaged XML"),
    ])
    func damageIsToldAndNothingIsTaken(sheet: String, words: String) {
        #expect(refusal(sheet).contains(words), "\(refusal(sheet))")
    }

    @Test func entitiesAreNeverExpandedNorFilesNamed() throws {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;\"><!ENTITY c SYSTEM \"/etc/passwd\">]>"
        let file = try file(sheet: "", workbook: bomb + Self.workbook)
        #expect(throws: SpreadsheetError.self) { try WorkbookReader.rows(path: file.path) }
        let sheet = refusal("<row><c t=\"str\"><v>&c;</v></c></row>")
        #expect(!sheet.contains("root:"))
    }

    /// A megabyte that unpacks to more than a gigabyte.
    @Test func aBombIsRefusedBeforeItHasUnpacked() throws {
        let file = try TestFile("bomb.xlsx")
        let zip = try ZipWriter(path: file.path)
        try zip.add("xl/workbook.xml", Self.workbook)
        try zip.add("xl/_rels/workbook.xml.rels", Self.link)
        try zip.begin("xl/worksheets/sheet1.xml")
        let blanks = [UInt8](repeating: 0x20, count: 1 << 20)
        for _ in 0..<(ZipParts.unpackedLimit >> 20) + 8 { try zip.write(blanks) }
        try zip.finish()
        #expect(try Data(contentsOf: file.url).count < 1 << 20)
        #expect { try WorkbookReader.rows(path: file.path) } throws: { "\($0)".contains("unpacks to more than") }
    }

    @Test func manySparseCellsAreRefused() {
        let row = "<row><c r=\"ALL1\"><v>1</v></c></row>"
        let text = refusal(String(repeating: row, count: SheetHandler.cellLimit / 999))
        #expect(text.contains("more than 5000000 cells"), "\(text)")
    }

    @Test func aLinkOutOfTheWorkbookIsNotFollowed() throws {
        for target in ["../../../etc/passwd", "/etc/passwd", "file:///etc/passwd"] {
            let file = try file(
                sheet: "", links: "<Relationships><Relationship Id=\"r1\" Target=\"\(target)\"/></Relationships>")
            #expect { try WorkbookReader.rows(path: file.path) } throws: { "\($0)".contains("lacks its sheet") }
        }
        let links =
            "<Relationships><Relationship Id=\"r1\" TargetMode=\"External\" Target=\"http://x/\"/></Relationships>"
        let file = try file(sheet: "", links: links)
        #expect { try WorkbookReader.rows(path: file.path) } throws: { "\($0)".contains("does not say where") }
    }

    @Test func aSheetThatIsNotThereIsToldWithThoseThatAre() throws {
        let file = try file(sheet: "")
        #expect { try WorkbookReader.rows(path: file.path, sheet: "servers") } throws: {
            "\($0)".contains("no sheet 'servers'") && "\($0)".contains("'Servers'")
        }
    }

    @Test func whatIsNoWorkbookIsToldWithWhatWouldBeRight() throws {
        let other = try TestFile("notes.ods")
        let zip = try ZipWriter(path: other.path)
        try zip.add("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        try zip.finish()
        #expect { try WorkbookReader.rows(path: other.path) } throws: {
            "\($0)".contains("save it as a workbook (.xlsx)")
        }
        for bytes in [
            [], [0x50, 0x4B, 0x03, 0x04], [0x50, 0x4B, 0x03, 0x04] + [UInt8](repeating: 0xFF, count: 5_000),
        ] {
            let broken = try TestFile("broken.xlsx")
            try Data(bytes as [UInt8]).write(to: broken.url)
            #expect(throws: SpreadsheetError.self) { try WorkbookReader.rows(path: broken.path) }
        }
    }

    /// Whatever is cut off or altered, it is read or refused, and never anything else.
    @Test func aDamagedWorkbookIsReadOrRefused() throws {
        let file = try file(sheet: "<row><c t=\"s\"><v>0</v></c><c><v>2</v></c></row>", shared: "<si><t>web</t></si>")
        let whole = [UInt8](try Data(contentsOf: file.url))
        for place in stride(from: 0, to: whole.count, by: 3) {
            var altered = whole
            altered[place] ^= 0x55
            for bytes in [altered, Array(whole.prefix(place))] {
                try Data(bytes).write(to: file.url)
                _ = try? WorkbookReader.rows(path: file.path)
            }
        }
    }
}
