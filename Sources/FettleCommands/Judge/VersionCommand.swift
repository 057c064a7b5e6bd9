import ArgumentParser
import FettleVersions

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "The order of version numbers, as each package manager sees it.",
        subcommands: [Compare.self])

    struct Compare: ParsableCommand, ListAnswering {
        static let configuration = CommandConfiguration(
            abstract: "Compares two versions, or checks comparisons.",
            discussion: """
                Prints <, = or >. With --stdin each line holds a comparison, such as `1.0~rc1 < 1.0`; those that are wrong are
                printed as they stand, and the command ends with 1 if there is one, with 2 if a line could not be read.
                """)

        @OptionGroup var form: OutputOptions
        @Option(
            help: ArgumentHelp("Whose order: \(VersionScheme.allNames).", valueName: "name"),
            transform: VersionScheme.named)
        var scheme: VersionScheme
        @Flag(help: "Check the comparisons on standard input, one on each line.")
        var stdin = false
        @Argument(help: "Two versions, unless --stdin is given.") var versions: [String] = []

        func validate() throws {
            if stdin && !versions.isEmpty { throw ValidationError("--stdin takes no versions beside it") }
            if !stdin && versions.count != 2 {
                throw ValidationError("two versions are needed, or --stdin; put -- before one that begins with a dash")
            }
        }

        func run() throws {
            if stdin { return try checkLines() }
            let (left, right) = (versions[0], versions[1])
            for version in versions where !scheme.isValid(version) {
                Output.note("\(version) is no valid \(scheme.rawValue) version: its place in the order is a guess")
            }
            let sign = scheme.compare(left, right).sign
            let comparison = Comparison(left: left, sign: sign, right: right)
            switch form.output {
            case .json: try Output.writeJSON(comparison)
            case .csv, .ndjson:
                try Output.writeLines(ListAnswer.comparisons([(nil, nil, comparison)]), as: form.output)
            case .table, .ics: Output.writeLine(sign)
            }
        }

        private func checkLines() throws {
            var check = VersionCheck(scheme: scheme)
            while let line = readLine() { check.take(line) }
            for line in check.unreadable.prefix(20) { Output.note("line \(line) is no comparison such as 1.0 < 1.1") }
            for wrong in check.wrong.prefix(20) {
                Output.note("line \(wrong.line): it is \(wrong.right.left) \(wrong.right.sign) \(wrong.right.right)")
            }
            switch form.output {
            case .json: try Output.writeJSON(check)
            case .csv, .ndjson:
                try Output.writeLines(
                    ListAnswer.comparisons(check.wrong.map { ($0.line, $0.text, $0.right) }), as: form.output)
            case .table, .ics:
                for wrong in check.wrong { Output.writeLine(wrong.text) }
            }
            if !check.unreadable.isEmpty { throw ExitStatus.usage.code }
            if !check.wrong.isEmpty { throw ExitStatus.failure.code }
        }
    }
}

struct Comparison: Codable, Equatable {
    var left: String
    /// `<`, `=` or `>`.
    var sign: String
    var right: String
}

/// Comparisons that somebody wrote down, held against the order.
struct VersionCheck: Encodable {
    let scheme: VersionScheme
    private(set) var lines = 0
    private(set) var wrong: [Wrong] = []
    /// Numbers of the lines that are no comparison.
    private(set) var unreadable: [Int] = []

    struct Wrong: Encodable, Equatable {
        /// Counted from 1.
        var line: Int
        /// As it was written.
        var text: String
        var right: Comparison
    }

    init(scheme: VersionScheme) { self.scheme = scheme }

    mutating func take(_ line: String) {
        lines += 1
        let words = line.split(whereSeparator: \.isWhitespace)
        // As the lists of versions of other projects' tests have them.
        if words.isEmpty || words[0].hasPrefix("//") || words[0].hasPrefix("#") { return }
        guard words.count == 3, ["<", "=", "==", ">"].contains(words[1]) else { return unreadable.append(lines) }
        let sign = scheme.compare(words[0], words[2]).sign
        guard sign != words[1].prefix(1) else { return }
        let right = Comparison(left: String(words[0]), sign: sign, right: String(words[2]))
        wrong.append(Wrong(line: lines, text: line, right: right))
    }
}

extension VersionOrdering {
    fileprivate var sign: String {
        switch self {
        case .less: "<"
        case .equal: "="
        case .greater: ">"
        }
    }
}

extension VersionScheme {
    fileprivate static var allNames: String { allCases.map(\.rawValue).joined(separator: ", ") }

    fileprivate static func named(_ name: String) throws -> VersionScheme {
        guard let scheme = VersionScheme(rawValue: name) else {
            throw ValidationError("there is no scheme \(name); `fettle version compare --help` names them: \(allNames)")
        }
        return scheme
    }
}
