import ArgumentParser

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json
    /// Only for commands that answer with a list (`ListAnswering`): a line a record.
    case csv, ndjson
    /// Only for `change calendar`: a file of iCalendar.
    case ics

    /// Whether notes and errors are JSON lines.
    var isJSON: Bool { self == .json || self == .ndjson }
}

/// A command whose answer is a list of records, which it can also write line by line.
protocol ListAnswering {}

/// How a command answers; every command takes it.
struct OutputOptions: ParsableArguments {
    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: """
            table or json: one JSON document on standard output, notes and errors as JSON lines on standard error. The \
            lists in docs/output.md also as csv or ndjson, a line a record; `change calendar` as ics.
            """)
    var output: OutputFormat = .table

    func validate() throws { if output.isJSON { Output.usesJSON() } }

    /// Whether the words ask for JSON, for errors that come before they could be parsed.
    static func asksForJSON(_ words: some Collection<String>) -> Bool {
        asks(for: "json", words) || asks(for: "ndjson", words)
    }

    /// Whether the words ask for a form in which only lists can be written.
    static func asksForLines(_ words: some Collection<String>) -> Bool {
        asks(for: "csv", words) || asks(for: "ndjson", words)
    }

    /// Whether the words ask for a calendar's file.
    static func asksForCalendar(_ words: some Collection<String>) -> Bool { asks(for: "ics", words) }

    private static func asks(for format: String, _ words: some Collection<String>) -> Bool {
        let words = Array(words.prefix { $0 != "--" })
        return zip(words, words.dropFirst()).contains { ["-o", "--output"].contains($0) && $1 == format }
            || words.contains { ["-o\(format)", "-o=\(format)", "--output=\(format)"].contains($0) }
    }
}
