/// A table as CSV (RFC 4180, https://www.rfc-editor.org/rfc/rfc4180): UTF-8, lines ended by CR LF, the first with the columns' names.
public enum DocumentCSV {
    public static func write(_ table: ReportTable, to sink: @escaping ByteSink) throws {
        var output = GatheredBytes(sink)
        try output.append(table.columns.map(\.name).joined(separator: ",") + "\r\n")
        for place in 0..<table.count {
            var line: [UInt8] = []
            for (index, cell) in table.row(place).enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                append(cell, to: &line)
            }
            line += [0x0D, 0x0A]
            try output.append(line)
        }
        try output.flush()
    }

    private static func append(_ cell: ReportCell, to line: inout [UInt8]) {
        switch cell {
        case .text(let text), .mark(let text, _): append(guarded(text), to: &line)
        case .count, .decimal, .number, .moment, .day, .flag, .none: line.append(contentsOf: cell.words.utf8)
        }
    }

    /// What a spreadsheet would take for a formula gets an apostrophe in front, so that nobody's host name, package or reason starts
    /// a program there (OWASP, "CSV Injection", https://owasp.org/www-community/attacks/CSV_Injection). Numbers are none.
    ///
    /// Control characters but the line break are left out: a terminal would obey them.
    public static func guarded(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
            if !isControl || scalar == "\n" { scalars.append(scalar) }
        }
        // Judged as it came, too: a tab or a return in front of a formula is passed over by some of them.
        let isFormula = starts(text.unicodeScalars) || starts(scalars)
        return isFormula ? "'" + String(scalars) : String(scalars)
    }

    /// Whether a spreadsheet would take it for a formula, whatever blanks stand before it.
    public static func isFormula(_ text: String) -> Bool { starts(text.unicodeScalars) }

    /// Those of the wide forms are read as the others by spreadsheets set to Japanese or Chinese.
    private static let begins: Set<Unicode.Scalar> = [
        "=", "+", "-", "@", "\t", "\r", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}",
    ]

    private static func starts(_ scalars: String.UnicodeScalarView) -> Bool {
        scalars.first { $0 != " " && $0 != "\n" }.map { begins.contains($0) } ?? false
    }

    private static func append(_ text: String, to line: inout [UInt8]) {
        let needsQuotes = text.utf8.contains {
            $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: ";") || $0 == 0x0A || $0 == 0x0D
        }
        guard needsQuotes || text.utf8.first == UInt8(ascii: " ") else { return line.append(contentsOf: text.utf8) }
        line.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") { line.append(byte) }
            line.append(byte)
        }
        line.append(UInt8(ascii: "\""))
    }
}
