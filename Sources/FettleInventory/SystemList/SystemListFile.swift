public import FettleModel

/// Reads a team's own list of systems and versions, whatever its columns are called.
///
/// Two shapes: a row for each system with a column for each package, or a row for each package of a system with the columns
/// `package` and `version`.
public enum SystemListFile {
    /// Rows that a list may have.
    public static let maximumRows = 1_000_000
    /// Letters that a cell may have.
    public static let maximumLetters = 256

    public struct Options: Sendable {
        /// What a column means, by its title, where the title does not say it itself: `system`, `package`, `version`, `platform`,
        /// `kernel`, `environment`, `owner`, `package:NAME`, or `none` to pass it over.
        public var meanings: [String: String]
        /// Names of packages that any system has: a column called so is that package.
        public var packages: Set<String>

        public init(meanings: [String: String] = [:], packages: Set<String> = []) {
            self.meanings = meanings
            self.packages = packages
        }
    }

    /// A cell of a spreadsheet.
    public struct Cell: Sendable, Equatable {
        public var text: String
        /// The spreadsheet holds a number and not the text that somebody typed: `1.10` has become `1.1`.
        public var isNumber: Bool

        public init(_ text: String, isNumber: Bool = false) {
            self.text = text
            self.isNumber = isNumber
        }
    }

    public struct Reading: Sendable, Equatable {
        public var list: SystemList
        /// Columns that were passed over, and doubtful cells.
        public var warnings: [InventoryProblem]
    }

    /// CSV as spreadsheets write it: commas, semicolons or tabs.
    ///
    /// - Throws: everything that is wrong, with line and column.
    public static func csv(path: String, options: Options = Options()) throws(InventoryErrors) -> Reading {
        let bytes = try InputText.bytes(path: path, limit: InputText.maximumBytes, ifAbsent: nil)
        return try csv(bytes: bytes, file: path, options: options)
    }

    /// - Parameter file: how problems name the text.
    public static func csv(
        bytes: [UInt8], file: String, options: Options = Options()
    ) throws(InventoryErrors) -> Reading {
        let input = try InputText(bytes: bytes, file: file)
        let reading = FettleInventory.Reading(file: file)
        let table = CSVTable(input, reading)
        let rows = table.rows.map { row in
            SystemListReader.Row(
                cells: row.cells.map { .init(text: $0.text, isNumber: false, place: $0.place) }, place: row.place)
        }
        return try read(rows, reading, options)
    }

    /// Rows of a spreadsheet; a place is a row and a column of it, both from 1. Empty rows and cells are there too.
    ///
    /// - Throws: everything that is wrong, with row and column.
    public static func table(
        rows: [[Cell]], file: String, options: Options = Options()
    ) throws(InventoryErrors) -> Reading {
        let reading = FettleInventory.Reading(file: file)
        let placed = rows.enumerated().map { line, cells in
            SystemListReader.Row(
                cells: cells.enumerated().map { column, cell in
                    .init(
                        text: cell.text, isNumber: cell.isNumber, place: Place(line: line + 1, column: column + 1))
                }, place: Place(line: line + 1, column: 1))
        }.filter { row in row.cells.contains { !$0.text.isEmpty } }
        return try read(placed, reading, options)
    }

    private static func read(
        _ rows: [SystemListReader.Row], _ reading: FettleInventory.Reading, _ options: Options
    ) throws(InventoryErrors) -> Reading {
        let list = SystemListReader(reading: reading, options: options).read(rows)
        let warnings = try reading.finish()
        return Reading(list: list, warnings: warnings)
    }
}
