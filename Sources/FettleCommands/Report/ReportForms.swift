import ArgumentParser
import FettleModel
import FettleReporting
import FettleSpreadsheets
import Foundation

/// The forms in which every report can be had.
struct ReportForms: ParsableArguments {
    @Option(help: "Write the page here: one HTML file that loads nothing.") var html: String?
    @Option(help: "Write a workbook (.xlsx) here, a sheet for each table.") var xlsx: String?
    @Option(help: ArgumentHelp("Write every table as CSV into this folder.", valueName: "dir")) var csv: String?
    @Option(help: "Which table -o csv and -o ndjson write; the first otherwise.") var table: String?

    /// Writes what was asked for into files, each whole or not at all.
    ///
    /// - Parameters:
    ///   - page: the report's own page where it has one; nil: the page of all reports.
    ///   - saying: whether to tell what was written.
    func write(_ document: ReportDocument, page: @autoclosure () -> String? = nil, saying: Bool) throws {
        var written: [String] = []
        if let html {
            let text = page() ?? DocumentPage.html(document)
            try WholeFile.write(html) { sink in try sink(Array(text.utf8)) }
            written.append(html)
        }
        if let xlsx {
            try WholeFile.make(xlsx) { part in
                do throws(SpreadsheetError) {
                    try DocumentWorkbook.write(document, path: part)
                } catch {
                    throw CommandFailure(.failure, "\(xlsx): \(error.message)")
                }
            }
            written.append(xlsx)
        }
        if let csv {
            let folder = URL(fileURLWithPath: csv)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for table in document.tables {
                let path = folder.appendingPathComponent("\(table.name).csv").path
                try WholeFile.write(path) { sink in try DocumentCSV.write(table, to: sink) }
                written.append(path)
            }
        }
        guard saying else { return }
        for path in written { Output.writeLine("wrote \(path.printable)") }
    }

    /// The answer on standard output.
    func answer(_ document: ReportDocument, as format: OutputFormat) throws {
        switch format {
        case .json: try DocumentJSON.write(document) { Output.write($0) }
        case .csv: try DocumentCSV.write(try chosen(document)) { Output.write($0) }
        case .ndjson: try DocumentJSON.writeLines(try chosen(document)) { Output.write($0) }
        case .table, .ics: Output.writeLine(DocumentView(document: document).lines())
        }
    }

    private func chosen(_ document: ReportDocument) throws -> ReportTable {
        let wanted = table ?? document.tables.first?.name
        guard let table = document.tables.first(where: { $0.name == wanted }) else {
            throw CommandFailure(
                .usage,
                "this report has no table '\(wanted ?? "")'\n  --table is one of \(document.tables.map(\.name).joined(separator: ", "))"
            )
        }
        return table
    }
}

/// A file that is there whole or not at all: written beside its place under another name, and put there at the end.
enum WholeFile {
    static func write(_ path: String, _ body: (@escaping ByteSink) throws -> Void) throws {
        try make(path) { part in
            let file = open(part, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0o666)
            guard file >= 0 else { throw trouble(path) }
            defer { close(file) }
            try body { bytes in
                guard Output.write(bytes, to: file) else { throw trouble(path) }
            }
        }
    }

    /// - Parameter body: writes the file whose path it is given.
    static func make(_ path: String, _ body: (String) throws -> Void) throws {
        let part = "\(path).\(UUID().uuidString).part"
        defer { unlink(part) }
        try body(part)
        guard rename(part, path) == 0 else { throw trouble(path) }
    }

    private static func trouble(_ path: String) -> CommandFailure {
        CommandFailure(.failure, "\(path.printable) cannot be written: \(String(cString: strerror(errno)))")
    }
}
