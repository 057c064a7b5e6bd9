import FettleModel
import FettleReporting

extension OutputFormat {
    /// Whether a list is asked for as lines, one for each record.
    var isLines: Bool { self == .csv || self == .ndjson }
}

extension Output {
    /// A list in the form that was asked for: CSV with a header, or a JSON object in each line with the same names.
    ///
    /// - Parameter format: one of which `isLines` holds.
    static func writeLines(_ table: ReportTable, as format: OutputFormat) throws {
        if format == .csv {
            try DocumentCSV.write(table) { write($0) }
        } else {
            try DocumentJSON.writeLines(table) { write($0) }
        }
    }
}

/// What commands answer as lines (`-o csv`, `-o ndjson`): the columns of each, in their order. docs/output.md has them with an example
/// of each, which a test holds against this. Who reads them relies on names and order: a new column comes last.
enum ListAnswer {
    static func table<Record: Sendable>(
        _ name: String, _ columns: [(name: String, title: String)], of records: [Record],
        row: @escaping @Sendable (Record) -> [ReportCell]
    ) -> ReportTable {
        ReportTable(
            name, title: name, columns: columns.map { ReportTable.Column($0.name, $0.title) }, of: records, row: row)
    }

    /// Several names in one cell, a space between them.
    static func cell(_ names: [String]) -> ReportCell { names.isEmpty ? .none : .text(names.joined(separator: " ")) }
}

extension ReportCell {
    static func optional(_ time: Timestamp?) -> ReportCell { time.map { .moment($0) } ?? .none }
}
