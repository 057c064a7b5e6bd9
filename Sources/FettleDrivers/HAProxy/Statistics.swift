/// One server's row of `show stat`, the columns that matter here
/// ([Management Guide, 9.1](https://docs.haproxy.org/2.6/management.html#9.1)).
struct ServerStatistics: Sendable, Equatable {
    let name: HAProxyServerName
    /// `UP`, `UP 1/3`, `DOWN`, `NOLB`, `MAINT`, `DRAIN`, `no check` ...
    let status: String
    /// Sessions that the server works on at this moment.
    let currentSessions: Int
    /// Requests that wait for this server and nobody else.
    let queued: Int
    /// What the last health check gave: `L7OK`, `L4CON`, `* L7OK` while one is under way ...; empty without checks.
    let checkStatus: String
    /// In words, as HAProxy tells it.
    let checkWords: String
    let checkHealth: CheckHealth?
    /// Sessions since HAProxy started, and what went wrong with them: connections that failed, answers that broke off or
    /// said 5xx. nil where HAProxy doesn't count them.
    var sessions: Int?
    var errors: Int?

    /// HAProxy counts from 0 (down) to `rise + fall - 1` (fully up): each check that passes is one up, each that fails
    /// one down.
    struct CheckHealth: Sendable, Equatable {
        let rise: Int
        let fall: Int
        let value: Int
        var isFull: Bool { value >= rise + fall - 1 }
    }

    /// Whether the last check passed; nil if there was none.
    var lastCheckPassed: Bool? {
        let status = checkStatus.hasPrefix("* ") ? checkStatus.dropFirst(2) : checkStatus[...]
        switch status {
        case "", "UNK", "INI": return nil
        default: return status.hasSuffix("OK") || status == "L7OKC"
        }
    }
}

/// Reads the answer of `show stat`: CSV whose first line names the columns.
enum StatisticsParser {
    static func parse(_ text: String, place: String) throws(HAProxyError) -> [ServerStatistics] {
        guard text.hasPrefix("# ") else {
            throw HAProxyError(
                .malformed,
                "the answer to `show stat` is no CSV: "
                    + (SafeText.lastLines(of: String(text.prefix(200))) ?? "nothing came"), place: place)
        }
        var rows = CommaSeparated.rows(text.dropFirst(2))
        let header = rows.isEmpty ? [] : rows.removeFirst()
        var index: [String: Int] = [:]
        for (position, name) in header.enumerated() where index[name] == nil { index[name] = position }
        for name in ["pxname", "svname", "qcur", "scur", "status", "type"] where index[name] == nil {
            throw HAProxyError(.malformed, "`show stat` has no column \(name)", place: place)
        }
        guard rows.count <= ServersStateParser.maximumServers else {
            throw HAProxyError(.malformed, "`show stat` told of too many servers", place: place)
        }
        var statistics: [ServerStatistics] = []
        for row in rows {
            func field(_ name: String) -> String {
                guard let position = index[name], position < row.count else { return "" }
                return row[position]
            }
            // 2 is a server; the others are frontends, backends and listeners.
            guard row.count >= min(header.count, (index["type"] ?? 0) + 1) else {
                throw HAProxyError(.malformed, "a line of `show stat` is damaged", place: place)
            }
            guard field("type") == "2" else { continue }
            guard let current = Int(field("scur")), let queued = Int(field("qcur")), current >= 0, queued >= 0 else {
                throw HAProxyError(.malformed, "a line of `show stat` has no number of sessions", place: place)
            }
            statistics.append(
                ServerStatistics(
                    name: try HAProxyServerName(backend: field("pxname"), server: field("svname"), place: place),
                    status: field("status"), currentSessions: current, queued: queued,
                    checkStatus: field("check_status"), checkWords: field("check_desc"),
                    checkHealth: health(field), sessions: Int(field("stot")), errors: errors(field)))
        }
        return statistics
    }

    private static func errors(_ field: (String) -> String) -> Int? {
        var sum = 0
        for name in ["econ", "eresp", "hrsp_5xx"] {
            // `mode tcp` knows no answers.
            guard let count = Int(field(name)) ?? (field(name).isEmpty && name == "hrsp_5xx" ? 0 : nil) else {
                return nil
            }
            sum = sum &+ count
        }
        return sum
    }

    private static func health(_ field: (String) -> String) -> ServerStatistics.CheckHealth? {
        guard let rise = Int(field("check_rise")), let fall = Int(field("check_fall")),
            let value = Int(field("check_health"))
        else { return nil }
        return ServerStatistics.CheckHealth(rise: rise, fall: fall, value: value)
    }
}

/// CSV as HAProxy writes it (RFC 4180): a field with a comma, a quote or a line's end is in double quotes, and a quote in
/// it is doubled. Works on bytes: a few thousand servers are megabytes.
enum CommaSeparated {
    static func rows(_ text: Substring) -> [[String]] {
        var rows: [[String]] = []
        var row: [String] = []
        var field: [UInt8] = []
        var isQuoted = false
        var lastWasQuote = false
        func endOfField() {
            row.append(String(decoding: field, as: UTF8.self))
            field.removeAll(keepingCapacity: true)
        }
        for byte in text.utf8 {
            if isQuoted, byte != UInt8(ascii: "\"") {
                field.append(byte)
                continue
            }
            switch byte {
            case UInt8(ascii: "\""):
                // A quote right behind a closing one was a doubled quote.
                if !isQuoted, lastWasQuote { field.append(byte) }
                isQuoted.toggle()
                lastWasQuote = !isQuoted
                continue
            case UInt8(ascii: ","): endOfField()
            case UInt8(ascii: "\n"):
                if !row.isEmpty || !field.isEmpty {
                    endOfField()
                    rows.append(row)
                    row.removeAll()
                }
            default: field.append(byte)
            }
            lastWasQuote = false
        }
        if !row.isEmpty || !field.isEmpty {
            endOfField()
            rows.append(row)
        }
        return rows
    }
}
