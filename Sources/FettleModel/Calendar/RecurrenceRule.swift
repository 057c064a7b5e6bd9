/// When something recurs, in the words of iCalendar's RRULE: RFC 5545, 3.3.10
/// (https://www.rfc-editor.org/rfc/rfc5545#section-3.3.10).
///
/// What a day holds at most is one opening an hour: rules by the second, the minute or the hour are refused, and so are lists and
/// counts beyond what a calendar can hold, so that every rule is expanded in bounded time. Coded as its text.
public struct RecurrenceRule: Hashable, Sendable {
    public var frequency: Frequency
    /// Every so many days, weeks, months or years; from 1 to 10,000.
    public var interval: Int
    public var end: End
    /// From 1 to 12.
    public var months: [Int]
    /// From 1 to 53, or from the end of the year -1 to -53.
    public var weeks: [Int]
    /// From 1 to 366, or from the end of the year -1 to -366.
    public var yearDays: [Int]
    /// From 1 to 31, or from the end of the month -1 to -31.
    public var monthDays: [Int]
    public var weekdays: [WeekdayRule]
    public var hours: [Int]
    public var minutes: [Int]
    public var seconds: [Int]
    /// Which of a period's occurrences count: from 1, or from the last -1.
    public var positions: [Int]
    public var weekStart: Weekday

    public init(
        frequency: Frequency, interval: Int = 1, end: End = .never, months: [Int] = [], weeks: [Int] = [],
        yearDays: [Int] = [], monthDays: [Int] = [], weekdays: [WeekdayRule] = [], hours: [Int] = [],
        minutes: [Int] = [], seconds: [Int] = [], positions: [Int] = [], weekStart: Weekday = .monday
    ) {
        self.frequency = frequency
        self.interval = interval
        self.end = end
        self.months = months
        self.weeks = weeks
        self.yearDays = yearDays
        self.monthDays = monthDays
        self.weekdays = weekdays
        self.hours = hours
        self.minutes = minutes
        self.seconds = seconds
        self.positions = positions
        self.weekStart = weekStart
    }

    public enum Frequency: String, Sendable, CaseIterable {
        case daily = "DAILY"
        case weekly = "WEEKLY"
        case monthly = "MONTHLY"
        case yearly = "YEARLY"
    }

    /// Where the recurrence ends; what falls on the end still counts.
    public enum End: Hashable, Sendable {
        case never
        case count(Int)
        case moment(Timestamp)
        case local(LocalDateTime)
        case day(LocalDate)
    }

    /// `MO`, or the second of them in the month or year, `2MO`, or the last one, `-1MO`.
    public struct WeekdayRule: Hashable, Sendable {
        public var weekday: Weekday
        /// nil: each of them.
        public var ordinal: Int?

        public init(_ weekday: Weekday, ordinal: Int? = nil) {
            self.weekday = weekday
            self.ordinal = ordinal
        }

        public var text: String { (ordinal.map { String($0) } ?? "") + weekday.code }
    }

    /// Openings a day at most.
    public static let mostPerDay = 24
    public static let mostOccurrences = 5_000
    public static let longestText = 2_048

    /// Whether the rule alone tells the days; otherwise it takes them from its start.
    public var namesDays: Bool {
        switch frequency {
        case .daily: true
        case .weekly, .monthly: !(weekdays.isEmpty && monthDays.isEmpty)
        case .yearly: !(weekdays.isEmpty && monthDays.isEmpty && yearDays.isEmpty)
        }
    }

    /// Whether the rule counts from a start: every other week, or ten times.
    public var countsFromStart: Bool {
        if case .count = end { return true }
        return interval > 1
    }
}

extension RecurrenceRule: CustomStringConvertible {
    /// The rule's text, in the order of the standard.
    public var description: String {
        var parts = ["FREQ=\(frequency.rawValue)"]
        switch end {
        case .never: break
        case .count(let count): parts.append("COUNT=\(count)")
        case .moment(let moment): parts.append("UNTIL=\(Self.basic(TimeZoneName.utc.local(at: moment)))Z")
        case .local(let local): parts.append("UNTIL=\(Self.basic(local))")
        case .day(let day): parts.append("UNTIL=\(day.description.filter { $0 != "-" })")
        }
        if interval != 1 { parts.append("INTERVAL=\(interval)") }
        let lists = [
            ("BYSECOND", seconds), ("BYMINUTE", minutes), ("BYHOUR", hours), ("BYMONTHDAY", monthDays),
            ("BYYEARDAY", yearDays), ("BYWEEKNO", weeks), ("BYMONTH", months), ("BYSETPOS", positions),
        ]
        for (name, list) in lists where !list.isEmpty {
            parts.append("\(name)=\(list.map { String($0) }.joined(separator: ","))")
        }
        if !weekdays.isEmpty { parts.append("BYDAY=\(weekdays.map(\.text).joined(separator: ","))") }
        if weekStart != .monday { parts.append("WKST=\(weekStart.code)") }
        return parts.joined(separator: ";")
    }

    private static func basic(_ local: LocalDateTime) -> String {
        local.description.filter { $0 != "-" && $0 != ":" }
    }
}

extension RecurrenceRule: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do throws(RecurrenceProblems) {
            self = try RecurrenceRule(try Self.text(in: container))
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
        }
    }

    private static func text(in container: any SingleValueDecodingContainer) throws(RecurrenceProblems) -> String {
        do { return try container.decode(String.self) } catch {
            throw RecurrenceProblems([.init("not text", hint: nil)])
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Everything that is wrong with a rule's text.
public struct RecurrenceProblems: Error, Sendable, Equatable, CustomStringConvertible {
    public struct Problem: Sendable, Equatable {
        public var message: String
        /// What would be right; nil if nothing is known.
        public var hint: String?

        public init(_ message: String, hint: String?) {
            self.message = message
            self.hint = hint
        }
    }

    /// Never empty.
    public let problems: [Problem]

    init(_ problems: [Problem]) { self.problems = problems }

    public var description: String {
        problems.map { $0.message + ($0.hint.map { "; \($0)" } ?? "") }.joined(separator: "\n")
    }
}
