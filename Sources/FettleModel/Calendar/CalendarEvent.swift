/// Something with a beginning and a length in a time zone, once or again and again: what windows and freezes are made of. As a
/// VEVENT of iCalendar (RFC 5545, 3.6.1).
///
/// It begins at the same local time on both sides of daylight saving. A beginning that comes twice, because clocks are put back, is the
/// first of the two; one that is left out, because they are put forward, is counted with the offset from before: 02:30 is
/// then 03:30. So no occurrence is lost or comes twice. RFC 5545 says that at the end of 3.3.10; a sentence before it would
/// skip what is left out, and a window would be missing once a year (zincati#524).
public struct CalendarEvent: Codable, Sendable, Equatable {
    /// For people; empty if nothing was said.
    public var summary: String
    public var start: LocalDateTime
    public var timeZone: TimeZoneName
    public var duration: CalendarDuration
    /// nil: it takes place once. What the rule leaves open is as at `start`; `start` itself counts only if the rule gives it.
    public var rule: RecurrenceRule?
    /// Besides what the rule gives (RDATE).
    public var additional: [Addition]
    /// Beginnings that the rule gives and that don't take place (EXDATE).
    public var excluded: [Timestamp]
    /// Days, in its time zone, on which none begins.
    public var excludedDays: [LocalDate]

    public init(
        summary: String = "", start: LocalDateTime, timeZone: TimeZoneName, duration: CalendarDuration,
        rule: RecurrenceRule? = nil, additional: [Addition] = [], excluded: [Timestamp] = [],
        excludedDays: [LocalDate] = []
    ) {
        self.summary = summary
        self.start = start
        self.timeZone = timeZone
        self.duration = duration
        self.rule = rule
        self.additional = additional
        self.excluded = excluded
        self.excludedDays = excludedDays
    }

    public struct Addition: Codable, Sendable, Equatable {
        public var startsAt: Timestamp
        /// nil: as long as the others.
        public var duration: CalendarDuration?

        public init(startsAt: Timestamp, duration: CalendarDuration? = nil) {
            self.startsAt = startsAt
            self.duration = duration
        }
    }
}

/// A length of time: days that are as long as the calendar makes them, and seconds that are exact (RFC 5545, 3.3.6). A day over which
/// clocks are put forward has 23 hours; 24 hours have 24.
public struct CalendarDuration: Codable, Sendable, Hashable {
    public var days: Int
    public var seconds: Int

    public init(days: Int = 0, seconds: Int = 0) {
        self.days = days
        self.seconds = seconds
    }

    /// About: a day over which clocks change is an hour longer or shorter.
    public var nominalSeconds: Int { days * 86_400 + seconds }
}

extension CalendarEvent {
    /// What of it lies between the two moments, by its beginning: occurrences that end after `from` and begin before `to`, whole.
    ///
    /// - Parameters:
    ///   - from: what ends at it or before is left out.
    ///   - to: what begins at it or later is left out.
    ///   - limit: how many at most. No rule gives more than 24 a day (`RecurrenceRule.mostPerDay`).
    public func occurrences(from: Timestamp, to: Timestamp, limit: Int = .max) -> [TimeWindow] {
        guard from < to else { return [] }
        var found: [TimeWindow] = []
        func take(_ window: TimeWindow) {
            if window.closesAt > from, window.opensAt < to { found.append(window) }
        }
        var skipped = Set(excluded)
        for addition in additional where !skipped.contains(addition.startsAt) {
            // What the rule gives as well takes place once.
            skipped.insert(addition.startsAt)
            take(window(timeZone.local(at: addition.startsAt), at: addition.startsAt, addition.duration ?? duration))
        }
        let days = Set(excludedDays)
        forEachStart(from: from, to: to) { local in
            let opensAt = timeZone.moment(of: local)
            if case .moment(let last)? = rule?.end, opensAt > last { return false }
            if !skipped.contains(opensAt), !days.contains(local.date) { take(window(local, at: opensAt, duration)) }
            return found.count < limit
        }
        // Near a change of clocks what comes later on the wall may begin earlier.
        found.sort { ($0.opensAt, $0.closesAt) < ($1.opensAt, $1.closesAt) }
        return found.count > limit ? Array(found.prefix(limit)) : found
    }

    /// The first occurrence that begins at the moment or later, in all the years that calendars may speak of; nil if none does.
    public func next(from: Timestamp) -> TimeWindow? {
        let added = additional.filter { $0.startsAt >= from && !excluded.contains($0.startsAt) }
            .map { window(timeZone.local(at: $0.startsAt), at: $0.startsAt, $0.duration ?? duration) }
        var first = added.min { $0.opensAt < $1.opensAt }
        let (skipped, days) = (Set(excluded), Set(excludedDays))
        forEachStart(from: from, to: Timestamp(milliseconds: .max)) { local in
            let opensAt = timeZone.moment(of: local)
            if case .moment(let last)? = rule?.end, opensAt > last { return false }
            guard opensAt >= from, !skipped.contains(opensAt), !days.contains(local.date) else { return true }
            if first.map({ opensAt < $0.opensAt }) ?? true { first = window(local, at: opensAt, duration) }
            return false
        }
        return first
    }

    /// Whether the rule gives its own start, as a rule should.
    public var startIsAnOccurrence: Bool {
        guard let rule else { return true }
        var isGiven = false
        RecurrenceExpansion(rule, start: start).forEach(in: start...start) { _ in
            isGiven = true
            return false
        }
        return isGiven
    }

    private func forEachStart(from: Timestamp, to: Timestamp, _ body: (LocalDateTime) -> Bool) {
        // What began before `from` may still last, and clocks differ by less than two days.
        let slack = duration.nominalSeconds + 2 * 86_400
        let lower = Self.clamped(from).adding(seconds: -slack)
        let range = timeZone.local(at: lower)...timeZone.local(at: Self.clamped(to).adding(seconds: 2 * 86_400))
        guard let rule else {
            if range.contains(start) { _ = body(start) }
            return
        }
        RecurrenceExpansion(rule, start: start).forEach(in: range, body)
    }

    private func window(_ local: LocalDateTime, at opensAt: Timestamp, _ duration: CalendarDuration) -> TimeWindow {
        guard duration.days > 0 else {
            return TimeWindow(opensAt: opensAt, closesAt: opensAt.adding(seconds: duration.seconds))
        }
        let end = LocalDateTime(date: local.date.adding(days: duration.days), secondOfDay: local.secondOfDay)
        return TimeWindow(
            opensAt: opensAt, closesAt: timeZone.moment(of: end).adding(seconds: duration.seconds))
    }

    /// Within the years that calendars may speak of, and a little.
    private static func clamped(_ moment: Timestamp) -> Timestamp {
        min(max(moment, Timestamp(milliseconds: -86_400_000)), Timestamp(milliseconds: 7_289_654_400_000))
    }
}
