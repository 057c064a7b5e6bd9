import FettleSpreadsheets
import Foundation
import Testing

/// Workbooks that other programs wrote: LibreOffice 7.4 from a CSV file, and openpyxl 3.1.
@Suite struct RealWorkbookTests {
    private static let folder = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "Fixtures")

    @Test(arguments: ["libreoffice.xlsx", "openpyxl.xlsx"])
    func whatAnotherProgramWroteIsRead(name: String) throws {
        let rows = try WorkbookReader.rows(path: Self.folder.appending(path: name).path)
        #expect(rows[0].map(\.text) == ["Server", "OS", "openssl", "nginx", "Notes"])
        #expect(rows[1].map(\.text).prefix(4) == ["web-1", "Debian 12", "3.0.22-1~deb12u2", "1.22.1"])
        #expect(rows[2].map(\.text) == ["WEB-2", "", "3.0.20", "1.1", "a <b> & c"])
        #expect(rows[2].map(\.isNumber) == [false, false, false, true, false])
    }

    @Test func ofSeveralSheetsTheOneThatIsMeantIsRead() throws {
        let path = Self.folder.appending(path: "openpyxl.xlsx").path
        #expect(try WorkbookReader.rows(path: path, sheet: "Other").map { $0.map(\.text) } == [["x"]])
    }
}
