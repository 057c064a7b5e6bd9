public import FettleModel

/// Rows of one kind.
public struct ReportTable: Sendable {
    /// As programs call it: a key in JSON, a file's name in CSV, a sheet's in a workbook. Lower case letters and `_`.
    public var name: String
    public var title: String
    /// What the rows mean, in a sentence; empty: the title says it.
    public var note: String
    /// What to say where there are no rows.
    public var ifEmpty: String
    public var columns: [Column]
    /// How many rows there are.
    public var count: Int
    /// How many of them a page shows: those that matter most come first, and the page says how many it leaves out.
    public var shown: Int
    /// A row by its place, with a cell for each column: asked when it is written, and perhaps more than once.
    public var row: @Sendable (Int) -> [ReportCell]

    public struct Column: Sendable, Equatable {
        /// As programs call it, such as `days_overdue`: lower case letters and `_` in reports; commands' lists call it as their JSON does.
        public var name: String
        public var title: String
        public var isNumber: Bool
        /// Left out of a page, which is only so wide: for whoever filters and sorts.
        public var isAside: Bool

        public init(_ name: String, _ title: String, isNumber: Bool = false, isAside: Bool = false) {
            self.name = name
            self.title = title
            self.isNumber = isNumber
            self.isAside = isAside
        }
    }

    /// A page of so many rows is still one that people read.
    public static let shownRows = 200

    public init(
        _ name: String, title: String, note: String = "", ifEmpty: String = "None.", columns: [Column], count: Int,
        shown: Int = ReportTable.shownRows, row: @escaping @Sendable (Int) -> [ReportCell]
    ) {
        self.name = name
        self.title = title
        self.note = note
        self.ifEmpty = ifEmpty
        self.columns = columns
        self.count = count
        self.shown = shown
        self.row = row
    }

    /// A row for each element.
    public init<Element: Sendable>(
        _ name: String, title: String, note: String = "", ifEmpty: String = "None.", columns: [Column],
        of elements: [Element], shown: Int = ReportTable.shownRows,
        row: @escaping @Sendable (Element) -> [ReportCell]
    ) {
        self.init(
            name, title: title, note: note, ifEmpty: ifEmpty, columns: columns, count: elements.count, shown: shown
        ) { row(elements[$0]) }
    }
}

/// What stands in a cell, before it has a form.
public enum ReportCell: Sendable, Equatable {
    case text(String)
    /// A word that a page shows in a frame.
    case mark(String, HTMLPage.Tone)
    case count(Int)
    /// With one digit behind the point.
    case decimal(Double)
    /// As exact as it is, for figures of every size.
    case number(Double)
    case moment(Timestamp)
    /// A moment of which only the day matters.
    case day(Timestamp)
    case flag(Bool)
    /// Nothing is known, or there is nothing: an empty cell, `null` in JSON.
    case none

    public static func optional(_ text: String?) -> ReportCell { text.map { .text($0) } ?? .none }
    public static func optional(_ count: Int?) -> ReportCell { count.map { .count($0) } ?? .none }
    public static func optional(day: Timestamp?) -> ReportCell { day.map { .day($0) } ?? .none }

    /// As people read it, and as CSV has it.
    public var words: String {
        switch self {
        case .text(let text), .mark(let text, _): text
        case .count(let count): "\(count)"
        case .decimal(let number): Self.text(of: number)
        case .number(let number): number.isFinite ? "\(number)" : ""
        case .moment(let time): time.description
        case .day(let time): time.day
        case .flag(let flag): flag ? "yes" : "no"
        case .none: ""
        }
    }

    /// Rounded to a tenth; never an exponent or a word such as `nan`.
    static func text(of number: Double) -> String {
        guard number.isFinite, abs(number) < 1e15 else { return "" }
        let tenths = Int((number * 10).rounded())
        return "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
    }
}
