public import FettleReporting

/// A report as a workbook: a first sheet that says what it is, and one for each table.
public enum DocumentWorkbook {
    /// Rows that a sheet holds below its headings, by Excel's limit.
    public static let mostRows = 1_048_575

    /// - Parameters:
    ///   - path: written over.
    ///   - rowsOnASheet: of a table with more rows, the rest goes on in another sheet; never more than a sheet can hold.
    /// - Throws: `SpreadsheetError`.
    public static func write(
        _ document: ReportDocument, path: String, rowsOnASheet: Int = DocumentWorkbook.mostRows
    ) throws(SpreadsheetError) {
        let most = max(1, min(rowsOnASheet, mostRows))
        let sheets = [summary(document)] + document.tables.flatMap { parts(of: $0, most: most) }
        let zip = try ZipWriter(path: path)
        try zip.add("[Content_Types].xml", WorkbookParts.contentTypes(sheets: sheets.count))
        try zip.add("_rels/.rels", WorkbookParts.relationships)
        try zip.add("xl/workbook.xml", WorkbookParts.workbook(names(of: sheets)))
        try zip.add("xl/_rels/workbook.xml.rels", WorkbookParts.workbookRelationships(sheets: sheets.count))
        try zip.add("xl/styles.xml", WorkbookParts.styles)
        for (index, sheet) in sheets.enumerated() {
            try zip.begin("xl/worksheets/sheet\(index + 1).xml")
            try write(sheet, to: zip)
        }
        try zip.finish()
    }

    /// Some rows of a table.
    private struct Sheet {
        var table: ReportTable
        var rows: Range<Int>
    }

    private static func parts(of table: ReportTable, most: Int) -> [Sheet] {
        guard table.count > 0 else { return [Sheet(table: table, rows: 0..<0)] }
        return stride(from: 0, to: table.count, by: most).map {
            Sheet(table: table, rows: $0..<min(table.count, $0 + most))
        }
    }

    /// A sheet's name has at most 31 letters and is there once.
    private static func names(of sheets: [Sheet]) -> [String] {
        var counts: [String: Int] = [:]
        return sheets.map { sheet in
            counts[sheet.table.name, default: 0] += 1
            let count = counts[sheet.table.name] ?? 1
            return String(sheet.table.name.prefix(26)) + (count > 1 ? " \(count)" : "")
        }
    }

    private static func summary(_ document: ReportDocument) -> Sheet {
        var rows: [[ReportCell]] = [
            [.text(document.title), .none], [.text(document.summary), .none],
            [.text("As of"), .moment(document.madeAt)],
        ]
        if let verdict = document.verdict { rows.append([.text("Verdict"), .text(verdict.words)]) }
        rows += document.figures.map { [.text($0.title), $0.value] }
        rows += document.cautions.map { [.text("Not checked"), .text($0)] }
        rows += document.basis.map { [.text("Rests on"), .text($0)] }
        rows += document.tables.map { [.text("Sheet \($0.name)"), .text($0.title)] }
        let table = ReportTable(
            "summary", title: document.title,
            columns: [.init("what", "Fettle \(document.kind) report"), .init("value", "")], of: rows
        ) { $0 }
        return Sheet(table: table, rows: 0..<table.count)
    }

    private static func write(_ sheet: Sheet, to zip: ZipWriter) throws(SpreadsheetError) {
        let columns = Array(sheet.table.columns.prefix(SheetXML.mostColumns))
        var xml = SheetXML(columns: columns.count)
        try zip.write(Array((SheetXML.head + view + widths(columns) + "<sheetData>\n").utf8))
        // The titles are for people; programs read CSV and JSON, whose columns have names.
        var bytes = xml.row(1, columns.map { .text($0.title) }, isHeading: true)
        for (offset, place) in sheet.rows.enumerated() {
            bytes += xml.row(offset + 2, sheet.table.row(place))
            guard bytes.count > 64 << 10 else { continue }
            try zip.write(bytes)
            bytes.removeAll(keepingCapacity: true)
        }
        try zip.write(bytes)
        let last = "\(SheetXML.columnName(max(0, columns.count - 1)))\(sheet.rows.count + 1)"
        let filter = sheet.rows.isEmpty || columns.isEmpty ? "" : "<autoFilter ref=\"A1:\(last)\"/>"
        try zip.write(Array("</sheetData>\(filter)</worksheet>".utf8))
    }

    /// The headings stay in view.
    private static let view = """
        <sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>\
        </sheetView></sheetViews>
        """

    private static func widths(_ columns: [ReportTable.Column]) -> String {
        guard !columns.isEmpty else { return "" }
        let widths = columns.enumerated().map { index, column in
            let width = column.isNumber ? 12 : max(18, min(40, column.title.count + 4))
            return "<col min=\"\(index + 1)\" max=\"\(index + 1)\" width=\"\(width)\" customWidth=\"1\"/>"
        }
        return "<cols>\(widths.joined())</cols>"
    }
}
