import ArgumentParser

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json
}

/// How a command answers; every command takes it.
struct OutputOptions: ParsableArguments {
    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: "table or json: one JSON document on standard output; notes and errors as JSON lines on standard error.")
    var output: OutputFormat = .table

    func validate() throws { if output == .json { Output.usesJSON() } }

    /// Whether the words ask for JSON, for errors that come before they could be parsed.
    static func asksForJSON(_ words: some Collection<String>) -> Bool {
        let words = Array(words.prefix { $0 != "--" })
        return zip(words, words.dropFirst()).contains { ["-o", "--output"].contains($0) && $1 == "json" }
            || words.contains { ["-ojson", "-o=json", "--output=json"].contains($0) }
    }
}
