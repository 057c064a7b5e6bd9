import FettleModel
import FettleReporting
import Foundation
import Testing

@testable import FettleSpreadsheets

/// Workbooks that Fettle writes, read again.
@Suite struct WorkbookTests {
    private static let time = Timestamp(milliseconds: 1_790_000_000_000)

    private func document(_ rows: [[ReportCell]], columns: Int = 3) -> ReportDocument {
        ReportDocument(
            kind: "test", title: "A title", summary: "A summary.", madeAt: Self.time, verdict: .init("fine", .good),
            figures: [.init("open", "Still open", .count(3))],
            tables: [
                ReportTable(
                    "rows", title: "Rows", columns: (0..<columns).map { .init("c\($0)", "Column \($0)") }, of: rows
                ) { $0 }
            ])
    }

    private func rows(
        of document: ReportDocument, sheet: String? = nil, rowsOnASheet: Int = DocumentWorkbook.mostRows
    ) throws -> [[SheetCell]] {
        let file = try TestFile("book.xlsx")
        try DocumentWorkbook.write(document, path: file.path, rowsOnASheet: rowsOnASheet)
        return try WorkbookReader.rows(path: file.path, sheet: sheet)
    }

    @Test func everyKindOfCellIsReadAsItWasWritten() throws {
        let cells: [ReportCell] = [
            .text("web-1"), .mark("late", .bad), .count(-12), .decimal(1.5), .day(Self.time), .moment(Self.time),
            .flag(true),
            .none, .text("last"),
        ]
        let rows = try rows(of: document([cells], columns: cells.count), sheet: "rows")
        #expect(rows[0].map(\.text) == (0..<9).map { "Column \($0)" })
        let row = rows[1]
        #expect(row.map(\.text) == ["web-1", "late", "-12", "1.5", "46286", "46286.59259259259", "true", "", "last"])
        #expect(row.map(\.isNumber) == [false, false, true, true, true, true, false, false, false])
    }

    /// No text of a report is a formula to a spreadsheet, and each comes back as it is.
    @Test(arguments: [
        "=1+1", "@SUM(A1)", "<b>&\"'", "_x000D_ is no escape", "a\nb", "é漢🦊", "'kept", "-", "  ", "_x_", "]]>", "&#10;",
    ])
    func aTextIsATextWhateverItSays(text: String) throws {
        let file = try TestFile("book.xlsx")
        try DocumentWorkbook.write(document([[.text(text), .none, .text("x")]]), path: file.path)
        let parts = try ZipParts(path: file.path).read { $0.hasPrefix("xl/worksheets/") }
        #expect(parts.count == 2)
        for (_, part) in parts { #expect(!String(decoding: part, as: UTF8.self).contains("<f>")) }
        let read = try WorkbookReader.rows(path: file.path, sheet: "rows")[1][0].text
        #expect(read == text.trimmingCharacters(in: .whitespaces))
    }

    @Test func whatXMLCannotHoldIsLeftOutAndWhatIsTooLongIsCut() throws {
        let text = "a\u{0}\u{1b}[2J\u{FFFE}b" + String(repeating: "x", count: 100_000)
        let read = try rows(of: document([[.text(text)]]), sheet: "rows")[1][0].text
        #expect(read.hasPrefix("a[2Jb"))
        #expect(read.hasSuffix("…"))
        #expect(read.utf16.count <= 32_767)
    }

    @Test func aTableThatIsTooLongForASheetGoesOnInAnother() throws {
        let document = document((0..<25).map { [.count($0)] }, columns: 1)
        #expect(try rows(of: document, sheet: "rows", rowsOnASheet: 10).count == 11)
        #expect(try rows(of: document, sheet: "rows 2", rowsOnASheet: 10).map { $0[0].text }.dropFirst().first == "10")
        #expect(try rows(of: document, sheet: "rows 3", rowsOnASheet: 10).count == 6)
    }

    @Test func theFirstSheetSaysWhatItIs() throws {
        let words = try rows(of: document([])).flatMap { $0.map(\.text) }
        for word in ["Fettle test report", "A title", "A summary.", "fine", "Still open", "3"] {
            #expect(words.contains(word))
        }
    }

    @Test func theSameReportIsTheSameFile() throws {
        let document = document([[.text("a")]])
        let (one, other) = (try TestFile("one.xlsx"), try TestFile("other.xlsx"))
        try DocumentWorkbook.write(document, path: one.path)
        try DocumentWorkbook.write(document, path: other.path)
        #expect(try Data(contentsOf: one.url) == Data(contentsOf: other.url))
    }

    /// The parts by themselves are what stands in the standard: names and places that other programs look for.
    @Test func theParts() throws {
        let file = try TestFile("book.xlsx")
        try DocumentWorkbook.write(document([[.text("a<b"), .count(2), .flag(false)]]), path: file.path)
        let parts = try ZipParts(path: file.path).read { _ in true }
        #expect(
            parts.keys.sorted() == [
                "[Content_Types].xml", "_rels/.rels", "xl/_rels/workbook.xml.rels", "xl/styles.xml", "xl/workbook.xml",
                "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml",
            ])
        let sheet = String(decoding: try #require(parts["xl/worksheets/sheet2.xml"]), as: UTF8.self)
        #expect(
            sheet.contains(
                """
                <row r="2"><c r="A2" t="inlineStr"><is><t xml:space="preserve">a&lt;b</t></is></c><c r="B2"><v>2</v></c>\
                <c r="C2" t="b"><v>0</v></c></row>
                """), "\(sheet)")
        #expect(sheet.contains("<autoFilter ref=\"A1:C2\"/>"))
    }

    @Test func columnsAreCalledAsSpreadsheetsCallThem() {
        #expect(
            [0, 25, 26, 51, 701, 702, 16_383].map(SheetXML.columnName) == ["A", "Z", "AA", "AZ", "ZZ", "AAA", "XFD"])
        for index in 0..<20_000 { #expect(SheetHandler.column(of: SheetXML.columnName(index) + "1") == index) }
    }

    @Test func whereItCannotBeWrittenThatIsTold() {
        #expect(throws: SpreadsheetError.self) {
            try DocumentWorkbook.write(document([]), path: "/nowhere/at/all/book.xlsx")
        }
    }
}

/// A file in a folder of its own, which goes with it.
final class TestFile {
    let url: URL
    var path: String { url.path }

    init(_ name: String) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "fettle-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        url = folder.appending(path: name)
    }

    deinit { try? FileManager.default.removeItem(at: url.deletingLastPathComponent()) }
}
