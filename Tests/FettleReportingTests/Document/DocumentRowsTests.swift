import FettleModel
import FettleReporting
import Foundation
import Testing

/// Reports for programs.
@Suite struct DocumentRowsTests {
    @Test(arguments: ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n=1", "\u{FF1D}1", "\u{1b}=1"])
    func aTextThatASpreadsheetWouldComputeIsGuarded(text: String) throws {
        let table = ReportTable("t", title: "T", columns: [.init("a", "A")], of: [text]) { [.text($0)] }
        let csv = try DocumentSample.text { try DocumentCSV.write(table, to: $0) }
        let field = csv.dropFirst("a\r\n".unicodeScalars.count - 1)
        #expect(field.contains("'"), "\(csv.debugDescription)")
        #expect(!csv.contains("\t") && !csv.contains("\u{1b}"))
    }

    @Test func whatIsNoFormulaStaysAsItIs() {
        for text in ["web-1", "1-2", "a=b", "openssl 3.0.22-1~deb12u1", "", "'quoted'"] {
            #expect(DocumentCSV.guarded(text) == text)
        }
    }

    /// A reader of RFC 4180 gets back what went in, for any text.
    @Test func whatIsWrittenAsCSVIsReadAgain() throws {
        var random = SplitMix(seed: 7)
        let letters: [Unicode.Scalar] = ["a", ",", "\"", "\n", ";", " ", "=", "é", "漢", "'"]
        let texts = (0..<300).map { _ in
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                text.append(letters.randomElement(using: &random) ?? "a")
            }
            return String(text)
        }
        let table = ReportTable("t", title: "T", columns: [.init("a", "A"), .init("b", "B")], of: texts) {
            [.text($0), .text("end")]
        }
        let csv = try DocumentSample.text { try DocumentCSV.write(table, to: $0) }
        let rows = Self.parsed(csv)
        #expect(rows.count == texts.count + 1)
        for (row, text) in zip(rows.dropFirst(), texts) { #expect(row == [DocumentCSV.guarded(text), "end"]) }
    }

    /// By RFC 4180 alone.
    private static func parsed(_ text: String) -> [[String]] {
        var rows: [[String]] = []
        var row: [String] = []
        var field = String.UnicodeScalarView()
        var isQuoted = false
        var rest = Array(text.unicodeScalars)[...]
        while let scalar = rest.popFirst() {
            if isQuoted {
                guard scalar == "\"" else {
                    field.append(scalar)
                    continue
                }
                if rest.first == "\"" { field.append(rest.removeFirst()) } else { isQuoted = false }
            } else if scalar == "\"" {
                isQuoted = true
            } else if scalar == "," || scalar == "\r" {
                row.append(String(field))
                field = String.UnicodeScalarView()
                guard scalar == "\r" else { continue }
                rest = rest.dropFirst()
                rows.append(row)
                row = []
            } else {
                field.append(scalar)
            }
        }
        return rows
    }

    @Test func theJSONOfHostileWordsIsOneDocumentThatSaysThem() throws {
        let text = try DocumentSample.text {
            try DocumentJSON.write(DocumentSample.document(text: DocumentSample.hostile), to: $0)
        }
        let value = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let tables = try #require(value["tables"] as? [String: [[String: Any]]])
        #expect(tables["systems"]?[0]["system"] as? String == DocumentSample.hostile + " 0")
        #expect(tables["systems"]?[1]["owner"] is NSNull)
        #expect(tables["systems"]?[2]["days"] as? Double == -1.3)
        #expect(tables["empty"]?.isEmpty == true)
        #expect(!text.contains("\u{1b}"))
    }

    @Test func linesAreADocumentEach() throws {
        let text = try DocumentSample.text {
            try DocumentJSON.writeLines(DocumentSample.table(rows: 20, text: "x"), to: $0)
        }
        let lines = text.split(separator: "\n")
        #expect(lines.count == 20)
        for line in lines { #expect(try JSONSerialization.jsonObject(with: Data(line.utf8)) is [String: Any]) }
    }

    @Test func aNumberThatIsNoneIsNoWord() throws {
        let table = ReportTable(
            "t", title: "T", columns: [.init("a", "A")], of: [Double.nan, .infinity, -.infinity, 1e300]
        ) {
            [.decimal($0)]
        }
        let text = try DocumentSample.text { try DocumentJSON.writeLines(table, to: $0) }
        for line in text.split(separator: "\n") {
            #expect((try? JSONSerialization.jsonObject(with: Data(line.utf8))) != nil, "\(line)")
        }
    }
}
