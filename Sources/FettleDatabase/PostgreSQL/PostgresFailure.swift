/// What went wrong below the store, in PostgreSQL's terms. `PostgresSession` decides whether to try again, and says it in
/// words otherwise.
struct PostgresFailure: Error, Equatable {
    enum Kind: Equatable {
        /// No connection could be made.
        case unreachable(Access)
        /// The connection broke. What was under way may or may not have been done.
        case lost
        /// No answer within the limit; the connection was given up.
        case silent
        /// The server refused, with its five-character code (https://www.postgresql.org/docs/15/errcodes-appendix.html).
        case server(state: String)
        /// An answer that does not have the shape that was asked for.
        case malformed
    }

    /// What libpq knows about a connection that was refused.
    enum Access: Equatable { case passwordMissing, passwordRefused, other }

    var kind: Kind
    /// Printable and bounded: it may stand in a message.
    var message: String

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = Self.tidy(message)
    }

    /// In one line, without control characters, at most 500 characters: libpq's words carry what a server said.
    static func tidy(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).map { $0.trimmingSpaces() }.joined(separator: "; ")
        let plain = String(String.UnicodeScalarView(line.unicodeScalars.filter { !Self.isControl($0) }))
        return plain.count <= 500 ? plain : String(plain.prefix(500)) + "..."
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: true
        default: false
        }
    }
}

extension PostgresFailure {
    /// The state of a server's refusal; nil for what the server did not say.
    var state: String? {
        if case .server(let state) = kind { state } else { nil }
    }

    /// The transaction was taken back for another one's sake: the same once more may well succeed.
    var isRace: Bool {
        switch state {
        case "40001", "40P01", "55P03": true  // serialization failure, deadlock, lock not available
        default: false
        }
    }

    /// The connection is of no more use, or not with this server; a new one may be.
    var needsNewConnection: Bool {
        switch kind {
        // A password does not become right by waiting.
        case .unreachable(let access): return access == .other
        case .lost, .silent, .malformed: return true
        case .server(let state):
            // Shut down, crashed, starting up, idle for too long; no longer the primary.
            return state.hasPrefix("57P") || state.hasPrefix("08") || state == "25006" || state == "25P03"
                || state == "53300"
        }
    }
}

extension Substring {
    fileprivate func trimmingSpaces() -> Substring {
        var rest = self
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return rest
    }
}
