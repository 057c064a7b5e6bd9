internal import FettleDriverKit
internal import FettleModel

/// Lines of a log on the resource that say that something is wrong.
struct LogProbe: Sendable {
    let source: LogSource
    let pattern: String
    let atMost: Int

    func command(_ target: ProbeTarget, _ moment: ProbeMoment, timeout: Duration) -> RemoteCommand? {
        let mark = moment.marks[LogMark.key(source, on: target.resource)]
        guard mark != LogMark.unknown else { return nil }
        return LogScript.command(source, pattern: pattern, since: mark, timeout: timeout)
    }

    /// nil: it can be asked.
    func refusal(_ target: ProbeTarget, _ moment: ProbeMoment) -> ProbeAnswer? {
        guard moment.marks[LogMark.key(source, on: target.resource)] == LogMark.unknown else { return nil }
        return .inconclusive("where its log ended before the change was not found out")
    }

    func judge(_ result: CommandResult, isSinceAct: Bool) -> ProbeAnswer {
        let said = SafeText.lastLines(of: result.errorText)
        switch result.status {
        case 91: return .fail(said ?? "there is no such log")
        case 92: return .error(said ?? "the log cannot be read")
        default: break
        }
        var numbers: [Substring: Int] = [:]
        var lines: [String] = []
        for line in result.outputText.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            if parts[0] == "line" { lines.append(String(parts[1])) } else { numbers[parts[0]] = Int(parts[1]) }
        }
        guard result.succeeded, let read = numbers["read"], let found = numbers["grep"], let count = numbers["count"]
        else { return .error("the log cannot be read: \(said ?? "status \(result.status)")") }
        guard found <= 1 else { return .error("the pattern cannot be used: \(said ?? "grep ends with \(found)")") }
        // What was found counts even where more is there than was read.
        if count > atMost {
            let first = lines.first.flatMap { SafeText.lastLines(of: $0) }.map { ": \($0)" } ?? ""
            return .fail("\(count) lines match, \(atMost) may\(first)")
        }
        switch read {
        case 0: break
        case 93: return .inconclusive("its log was rotated, and what was written in between is not there any more")
        case 141: return .inconclusive("more than \(LogScript.mostBytes / 1_048_576) MiB were written since the change")
        default: return .error("the log cannot be read: \(said ?? "status \(read)")")
        }
        if said?.contains("No journal files") == true { return .error("its host keeps no journal") }
        guard isSinceAct else { return .pass("the log can be read; nothing was changed that it could speak of") }
        return .pass(count == 0 ? "no line matches since the change" : "\(count) lines match, \(atMost) may")
    }
}

/// What the journal needs as root.
enum LogRules {
    static let program = "/usr/bin/journalctl"
    private static let words = ["--no-pager", "--output=cat"]

    /// - Parameter since: as systemd.time(7) has it: `now`, or seconds since 1970; empty: not known.
    static func journal(of unit: String, since: String) -> RootCommand? {
        guard isUnit(unit), !since.isEmpty else { return nil }
        return RootCommand([program] + words + ["--since=" + (since == "now" ? since : "@" + since), "--unit=\(unit)"])
    }

    /// A name that a rule can hold: without the `\` of escaped paths.
    private static func isUnit(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= 255, name.contains(".") else { return false }
        return (DebianNames.alphanumerics + "_").utf8.contains(first)
            && name.utf8.allSatisfy(DebianNames.unitFollowing.utf8.contains)
    }

    static func rules() throws(SudoRuleError) -> [SudoRule] {
        let time = try SudoWord(prefix: "--since=@", first: "0123456789", following: "0123456789.")
            .or(try SudoWord(prefix: "--since=", first: "n", following: "ow"))
        let unit = try SudoWord(
            prefix: "--unit=", first: DebianNames.alphanumerics + "_", following: DebianNames.unitFollowing)
        return [
            try SudoRule(
                program: program, arguments: words.map { .exact($0) } + [.word(time), .word(unit)],
                reason: "Gates: lines of a unit's journal.", reasonIfExact: "Reads only.")
        ]
    }
}
