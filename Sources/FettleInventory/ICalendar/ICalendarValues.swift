internal import FettleModel

/// A time as a calendar file writes it, with the time zone it is in.
struct ICalendarTime {
    var local: LocalDateTime
    var zone: TimeZoneName
    /// Only a day was written (VALUE=DATE).
    var isDay: Bool

    var moment: Timestamp { zone.moment(of: local) }
}

/// Times, lengths and zones of calendar files: RFC 5545, 3.3.
struct ICalendarValues {
    let reading: Reading
    /// For times that name no zone.
    let floating: TimeZoneName?
    /// The time zones that the file itself describes, by their names there: what they are called in the IANA database.
    let described: [String: String]

    /// One time; nil after telling what is wrong.
    func time(_ line: ContentLine) -> ICalendarTime? { time(line.value[...], of: line) }

    /// Times with commas between them.
    func times(_ line: ContentLine) -> [ICalendarTime] {
        items(line).compactMap { time($0, of: line) }
    }

    /// Times, or with VALUE=PERIOD times with a length of their own.
    func additions(_ line: ContentLine) -> [(ICalendarTime, CalendarDuration?)] {
        guard line.parameters["VALUE"]?.uppercased() == "PERIOD" else { return times(line).map { ($0, nil) } }
        return items(line).compactMap { item in
            let halves = item.split(separator: "/", omittingEmptySubsequences: false)
            guard halves.count == 2, let start = time(halves[0], of: line) else {
                if halves.count != 2 {
                    reading.problem(
                        "\(item.quoted) is no period", at: line.place,
                        hint: "a beginning and an end or a length, such as 20261205T220000Z/PT4H")
                }
                return nil
            }
            if halves[1].uppercased().hasPrefix("P") {
                return duration(halves[1], at: line.place).map { (start, $0) }
            }
            return time(halves[1], of: line).flatMap { length(from: start, to: $0, at: line.place) }.map { (start, $0) }
        }
    }

    private func items(_ line: ContentLine) -> [Substring] {
        let items = line.value.split(separator: ",", omittingEmptySubsequences: false)
        guard items.count <= Self.mostTimes else {
            reading.problem("\(line.name) has more than \(Self.mostTimes) times", at: line.place)
            return []
        }
        return items
    }

    static let mostTimes = 2_000

    private func time(_ text: Substring, of line: ContentLine) -> ICalendarTime? {
        if let day = LocalDate(basic: text) {
            guard let zone = zone(of: line) else { return nil }
            return ICalendarTime(local: LocalDateTime(date: day, secondOfDay: 0), zone: zone, isDay: true)
        }
        let isWorldTime = text.hasSuffix("Z")
        guard let local = LocalDateTime(basic: isWorldTime ? text.dropLast() : text) else {
            reading.problem(
                "\(line.name) holds \(text.quoted), which is no time of the years \(LocalDate.years.lowerBound) to "
                    + "\(LocalDate.years.upperBound)", at: line.place,
                hint: "such as 20261205T220000, 20261205T210000Z or 20261205")
            return nil
        }
        guard let zone = isWorldTime ? .utc : zone(of: line) else { return nil }
        return ICalendarTime(local: local, zone: zone, isDay: false)
    }

    private func zone(of line: ContentLine) -> TimeZoneName? {
        guard let name = line.parameters["TZID"] else {
            if let floating { return floating }
            reading.problem(
                "\(line.name) is in no time zone", at: line.place,
                hint: "write 'timeZone' beside 'calendar', such as 'timeZone: Europe/Berlin'")
            return nil
        }
        if let zone = TimeZoneName(name) ?? described[name].flatMap({ TimeZoneName($0) }) { return zone }
        reading.problem(
            "unknown time zone \(name.quoted)", at: line.place,
            hint: Suggestion.nearest(to: name, in: TimeZoneName.suggestions).map { "did you mean \($0.quoted)?" }
                ?? "names of the IANA database are known, such as Europe/Berlin, and zones whose VTIMEZONE names one in "
                + "X-LIC-LOCATION")
        return nil
    }

    // MARK: Lengths

    /// Exact, or whole days between days. nil, after telling it, if there is nothing between the two.
    func length(from start: ICalendarTime, to end: ICalendarTime, at place: Place) -> CalendarDuration? {
        guard start.isDay == end.isDay else {
            reading.problem("it begins with a day and ends with a time, or the other way round", at: place)
            return nil
        }
        let length =
            start.isDay
            ? CalendarDuration(days: end.local.date.dayNumber - start.local.date.dayNumber)
            : CalendarDuration(seconds: Int((end.moment.milliseconds - start.moment.milliseconds) / 1_000))
        guard length.nominalSeconds > 0 else {
            reading.problem(
                length.nominalSeconds == 0 ? "it ends when it begins" : "it ends before it begins", at: place,
                hint: start.isDay ? "the day of DTEND is the first that is not in it any more" : nil)
            return nil
        }
        return length
    }

    /// `P1D`, `PT4H30M`, `P2W`.
    func duration(_ text: some StringProtocol, at place: Place) -> CalendarDuration? {
        let longest = LocalDate.years.count * 366 * 86_400
        guard let length = Self.duration(text), (1...longest).contains(length.nominalSeconds) else {
            reading.problem(
                "\(String(text).quoted) is no length of time", at: place, hint: "such as PT4H, PT90M, P1D or P2W")
            return nil
        }
        return length
    }

    private static func duration(_ text: some StringProtocol) -> CalendarDuration? {
        var rest = Substring(text.uppercased())
        if rest.first == "+" { rest = rest.dropFirst() }
        guard rest.first == "P" else { return nil }
        rest = rest.dropFirst()
        var length = CalendarDuration()
        var units = ["W", "D", "T", "H", "M", "S"][...]
        var isTime = false
        var isEmpty = true
        while !rest.isEmpty {
            if rest.first == "T" {
                guard !isTime else { return nil }
                isTime = true
                rest = rest.dropFirst()
                continue
            }
            let digits = rest.prefix { ("0"..."9").contains($0) }
            guard (1...9).contains(digits.utf8.count), let number = Int(digits) else { return nil }
            rest = rest[digits.endIndex...]
            guard let unit = rest.first.map({ String($0) }), let place = units.firstIndex(of: unit),
                isTime == ["H", "M", "S"].contains(unit)
            else { return nil }
            rest = rest.dropFirst()
            units = units[(place + 1)...]
            isEmpty = false
            switch unit {
            case "W": length.days += number * 7
            case "D": length.days += number
            case "H": length.seconds += number * 3_600
            case "M": length.seconds += number * 60
            default: length.seconds += number
            }
        }
        return isEmpty ? nil : length
    }
}
