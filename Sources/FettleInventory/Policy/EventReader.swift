internal import FettleModel

/// Reads the times of windows and freezes that `policy.yaml` itself holds.
struct EventReader {
    let reading: Reading

    /// Seconds: a window in which nothing could be begun is a mistake.
    static let shortest = 60
    static let longestDays = 366
    static let mostExceptions = 1_000

    /// Tells keys that have no meaning beside another.
    func allows(_ fields: Fields, _ key: String, not others: [String]) -> Bool {
        let wrong = others.filter { fields[$0] != nil }
        for other in wrong {
            reading.problem("'\(other)' doesn't go with '\(key)'", at: fields.keyPlace(other), hint: "keep one of them")
        }
        return wrong.isEmpty
    }

    /// A window's: with `recurrence`, or once.
    func window(_ fields: Fields) -> CalendarEvent? {
        let zone = timeZone(fields, isRequired: true)
        let length = fields.required("duration", of: "a window", reading, hint: "such as 'duration: 4h'")
            .flatMap { duration($0) }
        let start = fields.required("start", of: "a window", reading, hint: "such as 'start: \"22:00\"'")
            .flatMap { self.start($0) }
        let rule = fields["recurrence"].map { recurrence($0) }
        guard let zone, let length, let start else { return nil }
        return event(fields, start, zone, length, rule)
    }

    /// A freeze that recurs: whole days, unless it says otherwise.
    func recurringFreeze(_ fields: Fields) -> CalendarEvent? {
        let zone = timeZone(fields, isRequired: true)
        let length = fields["duration"].map { duration($0) } ?? CalendarDuration(days: 1)
        let start = fields["start"].map { self.start($0) } ?? Start(date: nil, secondOfDay: 0)
        let rule = fields["recurrence"].map { recurrence($0) }
        guard let zone, let length, let start else { return nil }
        return event(fields, start, zone, length, rule)
    }

    /// A freeze with `from` and `to`. A `to` that is only a day is in it.
    func span(_ fields: Fields) -> CalendarEvent? {
        let from = fields.required("from", of: "a freeze", reading, hint: "such as 'from: 2026-12-18'")
        let to = fields.required(
            "to", of: "a freeze", reading, hint: "a freeze without an end would stop patching for good")
        let times = [from, to].compactMap { $0?.scalar?.text }
        let isWorldTime = times.count == 2 && times.allSatisfy { $0.hasSuffix("Z") }
        let zone = timeZone(fields, isRequired: !isWorldTime) ?? (isWorldTime ? .utc : nil)
        guard let from, let to, let zone else { return nil }
        let begins = bound(from, "from", zone, isEnd: false)
        let ends = bound(to, "to", zone, isEnd: true)
        guard let begins, let ends else { return nil }
        guard begins < ends else {
            reading.problem(
                begins == ends && LocalDate(times[1]) == nil
                    ? "the freeze ends when it begins" : "the freeze ends before it begins", at: to.place,
                hint: "'from' is \(times[0].quoted)")
            return nil
        }
        return CalendarEvent(
            start: zone.local(at: begins), timeZone: zone,
            duration: CalendarDuration(seconds: Int((ends.milliseconds - begins.milliseconds) / 1_000)))
    }

    // MARK: Parts

    private struct Start {
        /// nil: only a time of the day was written.
        var date: LocalDate?
        var secondOfDay: Int
    }

    private func event(
        _ fields: Fields, _ start: Start, _ zone: TimeZoneName, _ length: CalendarDuration, _ given: RecurrenceRule??
    ) -> CalendarEvent? {
        let place = fields.keyPlace("start")
        guard let given else {
            guard let date = start.date else {
                reading.problem(
                    "the window opens at a time of the day, but no day is said", at: place,
                    hint: "give it a recurrence, such as 'recurrence: FREQ=WEEKLY;BYDAY=SU', or a day: "
                        + "'start: 2026-12-05T22:00'")
                return nil
            }
            guard allows(fields, "start", not: ["except", "also"]) else { return nil }
            return CalendarEvent(
                start: LocalDateTime(date: date, secondOfDay: start.secondOfDay), timeZone: zone, duration: length)
        }
        guard let rule = given else { return nil }
        if start.date == nil, !rule.namesDays || rule.countsFromStart {
            reading.problem(
                rule.namesDays
                    ? "the recurrence counts from a first day, but 'start' names none"
                    : "the recurrence takes its day from the first one, but 'start' names none",
                at: fields.keyPlace("recurrence"),
                hint: rule.namesDays
                    ? "such as 'start: 2026-11-29T22:00', the first time" : "such as BYDAY=SU, or BYMONTHDAY=-1")
            return nil
        }
        var event = CalendarEvent(
            start: LocalDateTime(date: start.date ?? LocalDate(dayNumber: 0), secondOfDay: start.secondOfDay),
            timeZone: zone, duration: length, rule: rule)
        guard let first = event.next(from: Timestamp(milliseconds: .min)) else {
            reading.problem(
                "it never takes place", at: fields.keyPlace("recurrence"),
                hint: "no day fits all parts of the rule from its start to its end: leave one out")
            return nil
        }
        if start.date != nil, !event.startIsAnOccurrence {
            reading.problem(
                "'start' is not among what the recurrence gives", at: place,
                hint: "the first time after it is \(Self.text(zone.local(at: first.opensAt)))")
            return nil
        }
        except(fields, &event)
        also(fields, &event)
        return event
    }

    private func recurrence(_ value: YAMLValue) -> RecurrenceRule? {
        guard let text = reading.text(value, "recurrence", limit: RecurrenceRule.longestText) else { return nil }
        do throws(RecurrenceProblems) { return try RecurrenceRule(text) } catch {
            for problem in error.problems { reading.problem(problem.message, at: value.place, hint: problem.hint) }
            return nil
        }
    }

    func timeZone(_ fields: Fields, isRequired: Bool) -> TimeZoneName? {
        guard let value = fields["timeZone"] else {
            if isRequired {
                reading.problem(
                    "there is no 'timeZone'", at: fields.place, hint: "such as 'timeZone: Europe/Berlin', or UTC")
            }
            return nil
        }
        guard let name = reading.text(value, "timeZone") else { return nil }
        if let zone = TimeZoneName(name) { return zone }
        reading.problem(
            "unknown time zone \(name.quoted)", at: value.place,
            hint: Suggestion.nearest(to: name, in: TimeZoneName.suggestions).map { "did you mean \($0.quoted)?" }
                ?? "a name of the IANA database, such as Europe/Berlin or UTC")
        return nil
    }

    /// `4h`, `90m`, exact; `1d`, as long as the calendar's day.
    private func duration(_ value: YAMLValue) -> CalendarDuration? {
        let range = Self.shortest...Self.longestDays * 86_400
        guard let seconds = reading.seconds(value, "duration", in: range) else { return nil }
        guard value.scalar?.text.last == "d" else { return CalendarDuration(seconds: seconds) }
        return CalendarDuration(days: seconds / 86_400)
    }

    private func start(_ value: YAMLValue) -> Start? {
        guard let text = reading.text(value, "start") else { return nil }
        if let second = TimeOfDay.seconds(text) { return Start(date: nil, secondOfDay: second) }
        if let local = LocalDateTime(text) { return Start(date: local.date, secondOfDay: local.secondOfDay) }
        reading.problem(
            "start is \(text.quoted), which is no time of the day and no day with one", at: value.place,
            hint: "such as \"22:00\", or 2026-12-05T22:00 in the time zone")
        return nil
    }

    /// A day, a day with a time in the zone, or with `Z` in UTC. An end that comes twice is the later one: what is in doubt is frozen.
    private func bound(_ value: YAMLValue, _ name: String, _ zone: TimeZoneName, isEnd: Bool) -> Timestamp? {
        guard let text = reading.text(value, name) else { return nil }
        if let day = LocalDate(text) {
            return zone.moment(
                of: LocalDateTime(date: day.adding(days: isEnd ? 1 : 0), secondOfDay: 0),
                repeated: isEnd ? .second : .first)
        }
        if text.hasSuffix("Z"), let local = LocalDateTime(text.dropLast()) { return TimeZoneName.utc.moment(of: local) }
        if let local = LocalDateTime(text) { return zone.moment(of: local, repeated: isEnd ? .second : .first) }
        reading.problem(
            "\(name) is \(text.quoted), which is no day and no time", at: value.place,
            hint: "such as 2026-12-18, or 2026-12-18T18:00 in the time zone")
        return nil
    }

    // MARK: Exceptions

    private func except(_ fields: Fields, _ event: inout CalendarEvent) {
        guard let value = fields["except"] else { return }
        let whole = event
        var days: [(day: LocalDate, place: Place)] = []
        for item in reading.list(value, "except", limit: Self.mostExceptions) ?? [] {
            guard let text = reading.text(item, "an exception") else { continue }
            if let day = LocalDate(text) {
                days.append((day, item.place))
                event.excludedDays.append(day)
            } else if let local = LocalDateTime(text) {
                days.append((local.date, item.place))
                event.excluded.append(event.timeZone.moment(of: local))
            } else {
                reading.problem(
                    "\(text.quoted) is no day and no time", at: item.place,
                    hint: "such as 2026-12-24, or 2026-12-24T22:00")
            }
        }
        // Who mistypes Christmas would find the window open.
        guard let taken = Self.daysTaken(by: whole, among: days.map(\.day)) else { return }
        for (day, place) in days where !taken.contains(day) {
            reading.warning("nothing begins on \(day), so nothing is left out", at: place)
        }
    }

    /// On which days it begins, from the first to the last of these; nil if there are too many to look.
    private static func daysTaken(by event: CalendarEvent, among days: [LocalDate]) -> Set<LocalDate>? {
        guard let first = days.min(), let last = days.max() else { return nil }
        let midnight = { (day: LocalDate) in event.timeZone.moment(of: LocalDateTime(date: day, secondOfDay: 0)) }
        let limit = 20_000
        let times = event.occurrences(from: midnight(first), to: midnight(last.adding(days: 1)), limit: limit)
        return times.count < limit ? Set(times.map { event.timeZone.local(at: $0.opensAt).date }) : nil
    }

    private func also(_ fields: Fields, _ event: inout CalendarEvent) {
        guard let value = fields["also"] else { return }
        for item in reading.list(value, "also", limit: Self.mostExceptions) ?? [] {
            guard let text = reading.text(item, "a time") else { continue }
            let local = LocalDate(text).map { LocalDateTime(date: $0, secondOfDay: event.start.secondOfDay) }
            guard let local = local ?? LocalDateTime(text) else {
                reading.problem(
                    "\(text.quoted) is no day and no time", at: item.place,
                    hint: "such as 2026-12-05, or 2026-12-05T22:00")
                continue
            }
            event.additional.append(.init(startsAt: event.timeZone.moment(of: local)))
        }
    }

    private static func text(_ local: LocalDateTime) -> String {
        "\(local.date)T\(TimeOfDay.text(local.secondOfDay))"
    }
}
