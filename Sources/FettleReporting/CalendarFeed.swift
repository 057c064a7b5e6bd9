public import FettleModel

/// Changes as events of a calendar that others subscribe to (RFC 5545, https://www.rfc-editor.org/rfc/rfc5545).
public struct CalendarFeed: Sendable, Equatable {
    public var items: [Item]

    public init(_ items: [Item]) { self.items = items }

    public struct Item: Sendable, Equatable {
        /// The same as long as it is the same change, and no other's anywhere.
        public var uid: String
        /// Goes up whenever the time or the state is another one.
        public var sequence: Int
        public var opensAt: Timestamp
        public var closesAt: Timestamp
        public var status: Status
        public var summary: String
        /// Lines are kept apart by `\n`.
        public var details: String

        public init(
            uid: String, sequence: Int, opensAt: Timestamp, closesAt: Timestamp, status: Status, summary: String,
            details: String
        ) {
            self.uid = uid
            self.sequence = sequence
            self.opensAt = opensAt
            self.closesAt = closesAt
            self.status = status
            self.summary = summary
            self.details = details
        }
    }

    public enum Status: String, Sendable, CaseIterable {
        /// Not approved yet.
        case tentative = "TENTATIVE"
        case confirmed = "CONFIRMED"
        case cancelled = "CANCELLED"
    }

    /// The whole file: lines of at most 75 octets that end with CR LF.
    ///
    /// - Parameter time: when it is written.
    public func text(at time: Timestamp) -> String {
        var lines = [
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Fettle//Changes//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH",
            "X-WR-CALNAME:Fettle changes",
        ]
        for item in items.sorted(by: { ($0.opensAt, $0.uid) < ($1.opensAt, $1.uid) }) {
            lines += [
                "BEGIN:VEVENT", "UID:\(Self.escaped(item.uid))", "DTSTAMP:\(Self.time(time))",
                "SEQUENCE:\(item.sequence)", "DTSTART:\(Self.time(item.opensAt))", "DTEND:\(Self.time(item.closesAt))",
                "STATUS:\(item.status.rawValue)", "SUMMARY:\(Self.escaped(item.summary))",
                "DESCRIPTION:\(Self.escaped(item.details))",
                "TRANSP:\(item.status == .cancelled ? "TRANSPARENT" : "OPAQUE")", "END:VEVENT",
            ]
        }
        lines.append("END:VCALENDAR")
        return lines.map { Self.folded($0) + "\r\n" }.joined()
    }

    /// 3.3.11: four signs have a meaning in a text; a line's end is written as `\n`, other control characters not at all.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\", ";", ",": escaped += "\\\(scalar)"
            case "\n": escaped += "\\n"
            case _ where scalar.properties.generalCategory == .control: escaped += " "
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// 3.1: at most 75 octets a line, and no character of UTF-8 is cut in two. A line that goes on begins with a blank.
    static func folded(_ line: String) -> String {
        var folded = ""
        var octets = 0
        for scalar in line.unicodeScalars {
            let width = String(scalar).utf8.count
            if octets + width > 75 {
                folded += "\r\n "
                octets = 1
            }
            folded.unicodeScalars.append(scalar)
            octets += width
        }
        return folded
    }

    /// Such as `20261128T220000Z`.
    static func time(_ time: Timestamp) -> String {
        String(time.description.prefix(19)).filter { $0 != "-" && $0 != ":" } + "Z"
    }
}
