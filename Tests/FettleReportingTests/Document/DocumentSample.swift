import FettleModel
import FettleReporting

/// A report with everything that a report can have, and words from outside that would do harm.
enum DocumentSample {
    static let time = Timestamp(milliseconds: 1_790_000_000_000)
    static let hostile = "<script>alert(1)</script>\"'&\u{1b}[2J=cmd|'/c calc'!A1"

    static func document(rows: Int = 3, text: String = "web-1") -> ReportDocument {
        ReportDocument(
            kind: "compliance", title: "Are fixes in place? \(text)", summary: "Three are missing on \(text).",
            madeAt: time,
            verdict: .init("1 overdue", .bad),
            figures: [
                .init("open", "Still missing", .count(3)), .init("overdue", "Overdue", .mark("1", .bad)),
                .init("percent", "In time", .decimal(66.666)), .init("oldest", "Oldest", .none),
            ],
            cautions: ["\(text) could not be judged"],
            charts: [
                ReportChart(
                    "By environment", note: "How many.", .bars, labels: ["dev", text],
                    series: [.init("overdue", .bad, [0, 12]), .init("in time", .accent, [40, nil])]),
                ReportChart(
                    "Over time", .lines, labels: ["09-01", "09-08", "09-15"],
                    series: [.init("open", .accent, [3, nil, 7]), .init("overdue", .bad, [0, 1, 2])]),
            ],
            tables: [
                table(rows: rows, text: text),
                ReportTable("empty", title: "Nothing here", columns: [], count: 0) { _ in [] },
            ],
            basis: ["Facts facts-1"])
    }

    static func table(rows: Int, text: String) -> ReportTable {
        ReportTable(
            "systems", title: "Systems", note: "Each of them.",
            columns: [
                .init("system", "System"), .init("state", "State"), .init("open", "Open", isNumber: true),
                .init("days", "Days", isNumber: true), .init("due", "Due"), .init("seen", "Seen"),
                .init("offered", "Offered"),
                .init("owner", "Owner"),
            ], count: rows
        ) { place in
            [
                .text("\(text) \(place)"), .mark("late", .bad), .count(place), .decimal(-1.25), .day(time),
                .moment(time),
                .flag(place % 2 == 0), place == 1 ? .none : .text("a, \"b\"\nc"),
            ]
        }
    }

    static func text(_ write: (@escaping ByteSink) throws -> Void) throws -> String {
        let gathered = Gathered()
        try write { gathered.bytes += $0 }
        return String(decoding: gathered.bytes, as: UTF8.self)
    }

    private final class Gathered {
        var bytes: [UInt8] = []
    }
}
