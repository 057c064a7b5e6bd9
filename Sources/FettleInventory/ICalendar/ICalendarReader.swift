internal import FettleModel

/// Reads the events of an iCalendar file (RFC 5545): beginning, length, recurrence, exceptions, and single occurrences that were moved
/// or cancelled. To-dos, journals, alarms and all other properties are passed over.
struct ICalendarReader {
    let reading: Reading
    /// For times that name no zone; nil: as the file says in X-WR-TIMEZONE.
    let timeZone: TimeZoneName?

    static let mostEvents = 1_000
    static let deepest = 8
    /// Of what recurs. A single event may be longer.
    static let longestDays = 366

    private static let kept: Set<String> = [
        "UID", "SUMMARY", "DTSTART", "DTEND", "DURATION", "RRULE", "EXRULE", "EXDATE", "RDATE", "RECURRENCE-ID",
        "STATUS",
    ]

    /// One VEVENT's lines.
    private struct RawEvent {
        var place: Place
        var lines: [String: [ContentLine]] = [:]

        func first(_ name: String) -> ContentLine? { lines[name]?.first }
        func value(_ name: String) -> String? { first(name)?.value }
        var isCancelled: Bool { value("STATUS")?.uppercased() == "CANCELLED" }
    }

    private struct Contents {
        var events: [RawEvent] = []
        var zones: [String: String] = [:]
        var zoneOfCalendar: ContentLine?
    }

    /// In the order of the file; what was told of the file makes it incomplete.
    func events(_ bytes: [UInt8]) -> [CalendarEvent] {
        let contents = collect(ContentLines.read(bytes, reading))
        let values = ICalendarValues(
            reading: reading, floating: timeZone ?? zone(of: contents), described: contents.zones)
        return assemble(contents.events, values)
    }

    private func zone(of contents: Contents) -> TimeZoneName? {
        guard let line = contents.zoneOfCalendar else { return nil }
        // Not of the standard, and only asked for times in no zone: what it is not, is told there.
        return TimeZoneName(line.value)
    }

    // MARK: Components

    private func collect(_ lines: [ContentLine]) -> Contents {
        var contents = Contents()
        var open: [(name: String, line: Int)] = []
        var zone = ""
        for line in lines {
            switch line.name {
            case "BEGIN":
                let name = line.value.uppercased()
                guard open.count < Self.deepest else {
                    reading.problem("components are nested more than \(Self.deepest) deep", at: line.place)
                    return contents
                }
                if open.isEmpty != (name == "VCALENDAR") {
                    reading.problem(
                        "\(name.quoted) cannot begin here", at: line.place,
                        hint: "a calendar begins with BEGIN:VCALENDAR and ends with END:VCALENDAR")
                }
                open.append((name, line.line))
                if name == "VEVENT", open.count == 2 {
                    guard contents.events.count < Self.mostEvents else {
                        reading.problem(
                            "the calendar has more than \(Self.mostEvents) events", at: line.place,
                            hint: "leave out what is past, or what is neither a window nor a freeze")
                        return contents
                    }
                    contents.events.append(RawEvent(place: line.place))
                }
                zone = ""
            case "END":
                guard open.last?.name == line.value.uppercased() else {
                    reading.problem(
                        "\(line.value.quoted) ends here but did not begin", at: line.place,
                        hint: open.last.map { "\($0.name) of line \($0.line) is still open" })
                    return contents
                }
                open.removeLast()
            default: keep(line, in: open.map(\.name), zone: &zone, &contents)
            }
        }
        if let last = open.last {
            reading.problem(
                "\(last.name) begins here and never ends: the file is cut off", at: Place(line: last.line, column: 1))
        } else if lines.isEmpty, reading.problems.isEmpty {
            reading.problem("the calendar is empty", at: .start, hint: "a calendar begins with BEGIN:VCALENDAR")
        }
        return contents
    }

    private func keep(_ line: ContentLine, in open: [String], zone: inout String, _ contents: inout Contents) {
        switch open {
        case []:
            reading.problem(
                "\(line.name.quoted) stands outside of a calendar", at: line.place,
                hint: "a calendar begins with BEGIN:VCALENDAR")
        case ["VCALENDAR"] where line.name == "X-WR-TIMEZONE": contents.zoneOfCalendar = line
        case ["VCALENDAR", "VEVENT"] where Self.kept.contains(line.name):
            contents.events[contents.events.count - 1].lines[line.name, default: []].append(line)
        case ["VCALENDAR", "VTIMEZONE"] where line.name == "TZID": zone = line.value
        case ["VCALENDAR", "VTIMEZONE"] where line.name == "X-LIC-LOCATION":
            if !zone.isEmpty { contents.zones[zone] = line.value }
        default: break
        }
    }

    // MARK: Events

    private func assemble(_ raw: [RawEvent], _ values: ICalendarValues) -> [CalendarEvent] {
        var events: [CalendarEvent] = []
        var masters: [String: Int] = [:]
        for event in raw where event.first("RECURRENCE-ID") == nil && !event.isCancelled {
            guard let read = self.event(event, values) else { continue }
            if let uid = event.value("UID") {
                if masters.updateValue(events.count, forKey: uid) != nil {
                    reading.problem("there are two events with the UID \(uid.quoted)", at: event.place)
                }
            }
            events.append(read)
        }
        // Occurrences that were moved or cancelled: not where the rule has them, but where they say.
        for event in raw {
            guard let line = event.first("RECURRENCE-ID"), let original = values.time(line) else { continue }
            guard line.parameters["RANGE"] == nil else {
                reading.problem(
                    "RANGE is not understood", at: line.place, hint: "end the event with UNTIL and begin another")
                continue
            }
            if let master = event.value("UID").flatMap({ masters[$0] }) {
                if original.isDay {
                    events[master].excludedDays.append(original.local.date)
                } else {
                    events[master].excluded.append(original.moment)
                }
            }
            if !event.isCancelled, let moved = self.event(event, values) { events.append(moved) }
        }
        return events
    }

    private func event(_ raw: RawEvent, _ values: ICalendarValues) -> CalendarEvent? {
        for name in ["DTSTART", "DTEND", "DURATION", "RRULE"] where (raw.lines[name]?.count ?? 0) > 1 {
            reading.problem("the event has \(name) twice", at: raw.lines[name]?.last?.place ?? raw.place)
            return nil
        }
        if let line = raw.first("EXRULE") {
            reading.problem(
                "EXRULE is not understood: RFC 5545 took it away", at: line.place, hint: "name days in EXDATE")
            return nil
        }
        guard let first = raw.first("DTSTART") else {
            reading.problem("the event has no DTSTART", at: raw.place)
            return nil
        }
        guard let start = values.time(first), let length = length(raw, start, values) else { return nil }
        var event = CalendarEvent(
            summary: raw.value("SUMMARY").map(Self.summary) ?? "", start: start.local, timeZone: start.zone,
            duration: length)
        if let line = raw.first("RRULE") {
            guard let rule = rule(line) else { return nil }
            guard length.nominalSeconds <= Self.longestDays * 86_400 else {
                reading.problem("something that recurs lasts longer than \(Self.longestDays) days", at: raw.place)
                return nil
            }
            event.rule = rule
        }
        for line in raw.lines["EXDATE"] ?? [] {
            for time in values.times(line) {
                if time.isDay { event.excludedDays.append(time.local.date) } else { event.excluded.append(time.moment) }
            }
        }
        for line in raw.lines["RDATE"] ?? [] {
            event.additional += values.additions(line).map { .init(startsAt: $0.moment, duration: $1) }
        }
        addStart(&event, first)
        return event
    }

    private func length(_ raw: RawEvent, _ start: ICalendarTime, _ values: ICalendarValues) -> CalendarDuration? {
        switch (raw.first("DTEND"), raw.first("DURATION")) {
        case (let end?, nil): values.time(end).flatMap { values.length(from: start, to: $0, at: end.place) }
        case (nil, let length?): values.duration(length.value, at: length.place)
        case (nil, nil):
            if start.isDay { CalendarDuration(days: 1) } else { tellNoLength(raw) }
        case (let end?, _?): tellTwoEnds(end)
        }
    }

    private func tellNoLength(_ raw: RawEvent) -> CalendarDuration? {
        reading.problem("the event has no length", at: raw.place, hint: "give it a DTEND or a DURATION")
        return nil
    }

    private func tellTwoEnds(_ line: ContentLine) -> CalendarDuration? {
        reading.problem("the event has DTEND and DURATION", at: line.place, hint: "keep one")
        return nil
    }

    private func rule(_ line: ContentLine) -> RecurrenceRule? {
        do throws(RecurrenceProblems) { return try RecurrenceRule(line.value) } catch {
            for problem in error.problems { reading.problem(problem.message, at: line.place, hint: problem.hint) }
            return nil
        }
    }

    /// DTSTART is the first occurrence and counts as one (RFC 5545, 3.8.5.3). What follows where the rule doesn't give it is
    /// "undefined" there: here it takes place all the same.
    private func addStart(_ event: inout CalendarEvent, _ line: ContentLine) {
        guard let rule = event.rule, !event.startIsAnOccurrence else { return }
        reading.warning(
            "DTSTART is not among what RRULE gives: it is taken as the first occurrence", at: line.place,
            hint: "let it begin on the first day that the rule gives")
        event.additional.append(.init(startsAt: event.timeZone.moment(of: event.start)))
        guard case .count(let count) = rule.end else { return }
        if count > 1 { event.rule?.end = .count(count - 1) } else { event.rule = nil }
    }

    /// A line for people: escapes are undone (RFC 5545, 3.3.11), breaks are spaces, and what is too long is cut.
    private static func summary(_ text: String) -> String {
        var result = ""
        var isEscaped = false
        for character in text {
            if isEscaped {
                result.append(character == "n" || character == "N" ? " " : character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                result.append(character)
            }
        }
        return result.shown(limit: 200)
    }
}
