import FettleReporting
import Foundation
import Testing

/// A report in each of its forms, byte for byte. `FETTLE_WRITE_GOLDENS=1` writes the files anew, and their difference is reviewed.
@Suite struct DocumentGoldenTests {
    private static let folder = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Goldens")

    private func expect(_ text: String, equals name: String) throws {
        let file = Self.folder.appending(path: name)
        if ProcessInfo.processInfo.environment["FETTLE_WRITE_GOLDENS"] == "1" {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(text == (try String(contentsOf: file, encoding: .utf8)), "\(name)")
    }

    @Test func thePage() throws {
        try expect(DocumentPage.html(DocumentSample.document()) + "\n", equals: "document.html")
    }

    @Test func theJSON() throws {
        let text = try DocumentSample.text { try DocumentJSON.write(DocumentSample.document(), to: $0) }
        try expect(text, equals: "document.json")
    }

    @Test func theCSV() throws {
        let text = try DocumentSample.text { try DocumentCSV.write(DocumentSample.document().tables[0], to: $0) }
        try expect(text, equals: "document.csv")
    }
}
