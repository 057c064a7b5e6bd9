import FettleModel

/// Text without anything that is more than text.
enum PlainText {
    /// One line, without control characters and marks that turn the direction of writing.
    ///
    /// - Parameter limit: characters at most.
    static func line(_ text: String, limit: Int = 1_000) -> String {
        var line = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .format, .surrogate, .privateUse: line += " "
            default: line.unicodeScalars.append(scalar)
            }
        }
        let words = line.split(separator: " ").joined(separator: " ")
        return words.count <= limit ? words : String(words.prefix(limit)) + "…"
    }
}

/// What people read of an event: a title, and lines of a name and a value. Nothing in it is escaped for any receiver.
struct EventText: Equatable {
    var title: String
    var lines: [(name: String, value: String)]

    init(_ event: MessageEvent) {
        let subject = Self.subject(event)
        title = PlainText.line("Fettle: \(subject)\(subject.isEmpty ? "" : " ")\(event.kind.title)", limit: 200)
        var lines: [(String, String)] = []
        if let resource = event.resource { lines.append(("host", resource.rawValue)) }
        if let reason = event.run?.reason { lines.append(("why", reason)) }
        if let change = event.change {
            lines.append(("change", "\(change.id) (\(change.kind.rawValue)), \(change.phase.rawValue)"))
            lines.append(("reason", change.reason))
            lines.append(("asked by", change.requestedBy.rawValue))
            if let environments = change.environments, !environments.isEmpty {
                lines.append(("environments", environments.map(\.rawValue).joined(separator: ", ")))
            }
            lines.append(("hosts", "\(change.hosts)"))
            if !change.groups.isEmpty {
                lines.append(("groups", change.groups.map(\.rawValue).joined(separator: ", ")))
            }
            if let window = change.window {
                lines.append(("when", "\(window.opensAt) to \(window.closesAt)"))
            }
        }
        if let person = event.by { lines.append(("by", person.rawValue)) }
        lines.append(("at", event.at.description))
        lines.append(("event", event.id))
        self.lines = lines.map { ($0.0, PlainText.line($0.1)) }
    }

    private static func subject(_ event: MessageEvent) -> String {
        let isOfRun = event.kind.rawValue.hasPrefix("run.") || event.kind.rawValue.hasPrefix("host.")
        if isOfRun, let run = event.run { return run.id.rawValue }
        return event.change?.id.rawValue ?? event.run?.id.rawValue ?? ""
    }

    /// All of it, a line each.
    var text: String { ([title, ""] + lines.map { "\($0.name): \($0.value)" }).joined(separator: "\n") }

    static func == (left: Self, right: Self) -> Bool {
        left.title == right.title && left.lines.elementsEqual(right.lines) { $0 == $1 }
    }
}
