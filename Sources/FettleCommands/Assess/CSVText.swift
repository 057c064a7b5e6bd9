import FettleReporting

/// Fields of CSV (RFC 4180).
enum CSVText {
    /// In quotation marks where it needs them, or where a spreadsheet would take it for a formula.
    static func quoted(_ text: String) -> String {
        // What a terminal would obey comes from feeds and lists too.
        let text = text.printable
        let safe = DocumentCSV.isFormula(text) ? "'" + text : text
        guard safe.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return safe }
        return "\"" + safe.replacing("\"", with: "\"\"") + "\""
    }
}
