extension RecurrenceRule {
    /// Reads the text of an RRULE, with or without `RRULE:` before it, in capitals or not.
    ///
    /// - Throws: everything that is wrong with it.
    public init(_ text: String) throws(RecurrenceProblems) {
        var reader = RuleReader()
        let rule = reader.read(text)
        guard let rule, reader.problems.isEmpty else { throw RecurrenceProblems(reader.problems) }
        self = rule
    }
}

/// Reads the parts of a rule and holds them against each other.
private struct RuleReader {
    private(set) var problems: [RecurrenceProblems.Problem] = []

    private static let names = [
        "FREQ", "UNTIL", "COUNT", "INTERVAL", "BYSECOND", "BYMINUTE", "BYHOUR", "BYDAY", "BYMONTHDAY", "BYYEARDAY",
        "BYWEEKNO", "BYMONTH", "BYSETPOS", "WKST",
    ]

    private mutating func problem(_ message: String, hint: String? = nil) {
        problems.append(.init(message, hint: hint))
    }

    /// nil after telling why.
    mutating func read(_ text: String) -> RecurrenceRule? {
        guard text.utf8.count <= RecurrenceRule.longestText else {
            problem(
                "the rule is longer than \(RecurrenceRule.longestText) bytes",
                hint: "a rule names a pattern, not every day: BYDAY=SU, or BYMONTHDAY=-1 for the last of a month")
            return nil
        }
        let parts = parts(of: text)
        guard let frequency = frequency(parts["FREQ"]) else { return nil }
        var rule = RecurrenceRule(frequency: frequency)
        if let value = parts["INTERVAL"] { rule.interval = number(value, "INTERVAL", in: 1...10_000) ?? 1 }
        rule.end = end(count: parts["COUNT"], until: parts["UNTIL"])
        rule.months = list(parts["BYMONTH"], "BYMONTH", in: 1...12)
        rule.weeks = list(parts["BYWEEKNO"], "BYWEEKNO", in: 1...53, fromTheEnd: true)
        rule.yearDays = list(parts["BYYEARDAY"], "BYYEARDAY", in: 1...366, fromTheEnd: true)
        rule.monthDays = list(parts["BYMONTHDAY"], "BYMONTHDAY", in: 1...31, fromTheEnd: true)
        rule.weekdays = weekdays(parts["BYDAY"])
        rule.hours = list(parts["BYHOUR"], "BYHOUR", in: 0...23)
        rule.minutes = list(parts["BYMINUTE"], "BYMINUTE", in: 0...59)
        // The 60th second is a leap second's, which no clock of ours shows.
        rule.seconds = list(parts["BYSECOND"], "BYSECOND", in: 0...59)
        rule.positions = list(parts["BYSETPOS"], "BYSETPOS", in: 1...366, fromTheEnd: true)
        if let value = parts["WKST"] {
            if let day = Weekday(code: value) {
                rule.weekStart = day
            } else {
                problem("WKST=\(Self.shown(value)) is no day", hint: "one of \(Weekday.codes.joined(separator: ", "))")
            }
        }
        check(rule)
        return rule
    }

    private mutating func parts(of text: String) -> [String: String] {
        var parts: [String: String] = [:]
        var body = Substring(text.uppercased())
        if body.hasPrefix("RRULE:") { body = body.dropFirst(6) }
        for part in body.split(separator: ";", omittingEmptySubsequences: false) {
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2, !halves[1].isEmpty else {
                problem(
                    "\(Self.shown(part)) is no part of a rule",
                    hint: "parts are NAME=VALUE with ; between them, such as FREQ=WEEKLY;BYDAY=SU")
                continue
            }
            let name = String(halves[0])
            guard Self.names.contains(name) else {
                let hint =
                    name == "RSCALE" || name == "SKIP"
                    ? "only the Gregorian calendar is known: leave it out"
                    : "known parts: \(Self.names.joined(separator: ", "))"
                problem("unknown part \(Self.shown(name)) in a rule", hint: hint)
                continue
            }
            if parts.updateValue(String(halves[1]), forKey: name) != nil { problem("\(name) is given twice") }
        }
        return parts
    }

    private mutating func frequency(_ value: String?) -> RecurrenceRule.Frequency? {
        guard let value else {
            problem("the rule has no FREQ", hint: "such as FREQ=WEEKLY;BYDAY=SU")
            return nil
        }
        if let frequency = RecurrenceRule.Frequency(rawValue: value) { return frequency }
        let isTooOften = ["SECONDLY", "MINUTELY", "HOURLY"].contains(value)
        problem(
            "FREQ=\(Self.shown(value)) "
                + (isTooOften ? "is too often: something that recurs within a day is no window" : "is no frequency"),
            hint: isTooOften
                ? "FREQ=DAILY with BYHOUR opens several times a day, such as FREQ=DAILY;BYHOUR=2,14"
                : "one of DAILY, WEEKLY, MONTHLY, YEARLY")
        return nil
    }

    private mutating func end(count: String?, until: String?) -> RecurrenceRule.End {
        if count != nil, until != nil { problem("COUNT and UNTIL are both given", hint: "keep one") }
        if let count {
            let most = RecurrenceRule.mostOccurrences
            guard
                let number = number(
                    count, "COUNT", in: 1...most, hint: "UNTIL=20301231 names an end, and without either there is none")
            else { return .never }
            return .count(number)
        }
        guard let until else { return .never }
        if let day = LocalDate(basic: until) { return .day(day) }
        if until.hasSuffix("Z"), let local = LocalDateTime(basic: until.dropLast()) {
            return .moment(TimeZoneName.utc.moment(of: local))
        }
        if let local = LocalDateTime(basic: until) { return .local(local) }
        problem(
            "UNTIL=\(Self.shown(until)) is no time", hint: "such as UNTIL=20301231 or UNTIL=20301231T225959Z")
        return .never
    }

    private mutating func number(
        _ text: String, _ name: String, in range: ClosedRange<Int>, hint: String? = nil
    ) -> Int? {
        if text.utf8.count <= 9, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text),
            range.contains(number)
        {
            return number
        }
        problem(
            "\(name)=\(Self.shown(text)) must be a whole number from \(range.lowerBound) to \(range.upperBound)",
            hint: hint)
        return nil
    }

    /// Sorted, each once.
    private mutating func list(
        _ text: String?, _ name: String, in range: ClosedRange<Int>, fromTheEnd: Bool = false
    ) -> [Int] {
        guard let text else { return [] }
        var numbers: Set<Int> = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let isFromTheEnd = fromTheEnd && item.hasPrefix("-")
            let digits = isFromTheEnd || (fromTheEnd && item.hasPrefix("+")) ? item.dropFirst() : item
            guard (1...3).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = Int(digits), range.contains(number)
            else {
                problem(
                    "\(name) must hold whole numbers from \(range.lowerBound) to \(range.upperBound)"
                        + "\(fromTheEnd ? ", or from the end below 0," : "") but holds \(Self.shown(item))")
                continue
            }
            numbers.insert(isFromTheEnd ? -number : number)
        }
        return numbers.sorted()
    }

    private mutating func weekdays(_ text: String?) -> [RecurrenceRule.WeekdayRule] {
        guard let text else { return [] }
        var days: Set<RecurrenceRule.WeekdayRule> = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let prefix = item.dropLast(2)
            let digits = prefix.hasPrefix("-") || prefix.hasPrefix("+") ? prefix.dropFirst() : prefix
            guard let weekday = Weekday(code: item.suffix(2)),
                prefix.isEmpty || ((1...2).contains(digits.utf8.count) && Int(digits).map((1...53).contains) == true)
            else {
                problem(
                    "BYDAY holds \(Self.shown(item)), which is no day",
                    hint: "MO to SU, 2MO for the second Monday, -1FR for the last Friday")
                continue
            }
            days.insert(.init(weekday, ordinal: prefix.isEmpty ? nil : Int(prefix)))
        }
        return days.sorted { ($0.ordinal ?? 0, $0.weekday.rawValue) < ($1.ordinal ?? 0, $1.weekday.rawValue) }
    }

    /// What the standard forbids together, and what would open too often.
    private mutating func check(_ rule: RecurrenceRule) {
        let frequency = rule.frequency
        if !rule.weeks.isEmpty, frequency != .yearly {
            problem("BYWEEKNO goes only with FREQ=YEARLY", hint: "BYDAY and INTERVAL tell weeks otherwise")
        }
        if !rule.yearDays.isEmpty, frequency != .yearly { problem("BYYEARDAY goes only with FREQ=YEARLY") }
        if !rule.monthDays.isEmpty, frequency == .weekly {
            problem("BYMONTHDAY doesn't go with FREQ=WEEKLY", hint: "FREQ=MONTHLY or FREQ=DAILY")
        }
        let isCounted = rule.weekdays.contains { $0.ordinal != nil }
        if isCounted, frequency == .daily || frequency == .weekly || !rule.weeks.isEmpty {
            problem(
                "BYDAY with a number goes only with FREQ=MONTHLY, or FREQ=YEARLY without BYWEEKNO",
                hint: "such as FREQ=MONTHLY;BYDAY=2TU")
        }
        let inMonth = frequency == .monthly || (frequency == .yearly && !rule.months.isEmpty)
        for day in rule.weekdays where inMonth && abs(day.ordinal ?? 1) > 5 {
            problem("BYDAY holds \(day.text), but no month has more than 5 of a day")
        }
        let others = [
            rule.months, rule.weeks, rule.yearDays, rule.monthDays, rule.hours, rule.minutes, rule.seconds,
        ]
        if !rule.positions.isEmpty, rule.weekdays.isEmpty, others.allSatisfy(\.isEmpty) {
            problem("BYSETPOS picks from what another BY part gives, but there is none", hint: "such as BYDAY=MO,TU")
        }
        let perDay = [rule.hours, rule.minutes, rule.seconds].map { max(1, $0.count) }.reduce(1, *)
        if perDay > RecurrenceRule.mostPerDay {
            problem("the rule opens \(perDay) times a day; at most \(RecurrenceRule.mostPerDay) are planned with")
        }
    }

    /// Quoted, without control characters, and cut: a rule may come from anywhere.
    private static func shown(_ text: some StringProtocol) -> String {
        let plain = text.unicodeScalars.prefix(40).map { $0.value >= 0x20 && $0.value < 0x7F ? Character($0) : "?" }
        return "'\(String(plain))\(text.unicodeScalars.count > 40 ? "..." : "")'"
    }
}

extension LocalDate {
    /// Reads iCalendar's form, `20261123`.
    public init?(basic text: some StringProtocol) {
        guard text.utf8.count == 8, let year = Int(digits: text.prefix(4), count: 4),
            let month = Int(digits: text.dropFirst(4).prefix(2), count: 2),
            let day = Int(digits: text.suffix(2), count: 2)
        else { return nil }
        self.init(year: year, month: month, day: day)
    }
}

extension LocalDateTime {
    /// Reads iCalendar's form, `20261123T093000`; a leap second counts as the second before it.
    public init?(basic text: some StringProtocol) {
        let halves = text.split(separator: "T", omittingEmptySubsequences: false)
        guard halves.count == 2, let date = LocalDate(basic: halves[0]), halves[1].utf8.count == 6,
            let hour = Int(digits: halves[1].prefix(2), count: 2), hour < 24,
            let minute = Int(digits: halves[1].dropFirst(2).prefix(2), count: 2), minute < 60,
            let second = Int(digits: halves[1].suffix(2), count: 2), second <= 60
        else { return nil }
        self.init(date: date, secondOfDay: hour * 3_600 + minute * 60 + min(second, 59))
    }
}
