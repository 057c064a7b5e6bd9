/// The local times that a rule gives from its start on: RFC 5545, 3.3.10, by the table on its page 44.
///
/// Period by period (a day, a week, a month or a year), each with the days that fit the rule, each day with its times. What
/// the rule leaves open is as at the start. Ends with the years that calendars may speak of (`LocalDate.years`), so a rule that
/// gives nothing ends too.
struct RecurrenceExpansion {
    let rule: RecurrenceRule
    let start: LocalDateTime
    private let filter: DayFilter
    /// Seconds of the day, sorted.
    private let times: [Int]

    init(_ rule: RecurrenceRule, start: LocalDateTime) {
        self.rule = rule
        self.start = start
        filter = DayFilter(rule, start: start.date)
        let (hour, minute, second) = (start.secondOfDay / 3_600, start.secondOfDay / 60 % 60, start.secondOfDay % 60)
        var times: [Int] = []
        for hour in rule.hours.isEmpty ? [hour] : rule.hours {
            for minute in rule.minutes.isEmpty ? [minute] : rule.minutes {
                for second in rule.seconds.isEmpty ? [second] : rule.seconds {
                    times.append(hour * 3_600 + minute * 60 + second)
                }
            }
        }
        self.times = times.sorted()
    }

    /// Calls `body` with each of them in `range`, in their order, until it returns false.
    func forEach(in range: ClosedRange<LocalDateTime>, _ body: (LocalDateTime) -> Bool) {
        guard range.upperBound >= start else { return }
        var count: Int?
        if case .count(let most) = rule.end { count = most }
        // What is counted must be counted from the start; all else may begin near what is asked for.
        let last = min(range.upperBound.date, Self.lastDay)
        let first = count == nil ? max(start, range.lowerBound).date : start.date
        let anchor = index(of: start.date)
        var period = anchor + max(0, (index(of: first) - anchor) / rule.interval - 1) * rule.interval
        while firstDay(of: period) <= last {
            for local in occurrences(in: period) where local >= start {
                if let left = count {
                    guard left > 0 else { return }
                    count = left - 1
                }
                guard local <= range.upperBound, isBeforeEnd(local) else { return }
                if local >= range.lowerBound, !body(local) { return }
            }
            if count == 0 { return }
            period += rule.interval
        }
    }

    private static let lastDay = LocalDate.counted(year: LocalDate.years.upperBound, month: 12, day: 31)

    private func isBeforeEnd(_ local: LocalDateTime) -> Bool {
        switch rule.end {
        case .never, .count: true
        // Compared as moments by whoever knows the time zone; a day more than any offset lets all of them through.
        case .moment(let moment): local <= TimeZoneName.utc.local(at: moment.adding(seconds: 86_400))
        case .local(let last): local <= last
        case .day(let last): local.date <= last
        }
    }

    // MARK: Periods, counted from 1970

    private func index(of day: LocalDate) -> Int {
        switch rule.frequency {
        case .daily: return day.dayNumber
        case .weekly: return (day.dayNumber - weekShift).floorDivided(by: 7)
        case .monthly:
            let parts = day.parts
            return parts.year * 12 + parts.month - 1
        case .yearly: return day.year
        }
    }

    /// The number of the first day on or after 1970-01-01, a Thursday, on which a week begins.
    private var weekShift: Int { (rule.weekStart.rawValue - Weekday.thursday.rawValue + 7) % 7 }

    private func firstDay(of period: Int) -> LocalDate {
        switch rule.frequency {
        case .daily: LocalDate(dayNumber: period)
        case .weekly: LocalDate(dayNumber: period * 7 + weekShift)
        case .monthly: LocalDate.counted(year: period.floorDivided(by: 12), month: (period % 12 + 12) % 12 + 1, day: 1)
        case .yearly: LocalDate.counted(year: period, month: 1, day: 1)
        }
    }

    private func occurrences(in period: Int) -> [LocalDateTime] {
        var all: [LocalDateTime] = []
        for number in firstDay(of: period).dayNumber..<firstDay(of: period + 1).dayNumber {
            let day = LocalDate(dayNumber: number)
            guard filter.lets(day) else { continue }
            for time in times { all.append(LocalDateTime(date: day, secondOfDay: time)) }
        }
        guard !rule.positions.isEmpty else { return all }
        let places = Set(rule.positions.map { $0 > 0 ? $0 - 1 : all.count + $0 })
        return places.sorted().filter(all.indices.contains).map { all[$0] }
    }
}

/// Which days a rule lets through.
private struct DayFilter {
    private let months: Set<Int>
    private let weeks: Set<Int>
    private let yearDays: Set<Int>
    private let monthDays: Set<Int>
    private let weekdays: [Weekday: Set<Int>]
    private let weekStart: Weekday
    /// The span in which the numbers of BYDAY count.
    private let countsInMonth: Bool

    init(_ rule: RecurrenceRule, start: LocalDate) {
        var months = rule.months
        var monthDays = rule.monthDays
        var weekdays = rule.weekdays
        if !rule.namesDays {
            switch rule.frequency {
            case .daily: break
            case .weekly: weekdays = [.init(start.weekday)]
            case .monthly: monthDays = [start.parts.day]
            case .yearly where !rule.weeks.isEmpty: weekdays = [.init(start.weekday)]
            case .yearly:
                monthDays = [start.parts.day]
                if months.isEmpty { months = [start.parts.month] }
            }
        }
        self.months = Set(months)
        self.monthDays = Set(monthDays)
        weeks = Set(rule.weeks)
        yearDays = Set(rule.yearDays)
        // 0 stands for each of them.
        self.weekdays = weekdays.reduce(into: [:]) { $0[$1.weekday, default: []].insert($1.ordinal ?? 0) }
        weekStart = rule.weekStart
        countsInMonth = rule.frequency == .monthly || !rule.months.isEmpty
    }

    func lets(_ day: LocalDate) -> Bool {
        let (year, month, dayOfMonth) = day.parts
        guard months.isEmpty || months.contains(month) else { return false }
        let monthLength = LocalDate.days(inMonth: month, of: year)
        guard monthDays.isEmpty || Self.holds(monthDays, dayOfMonth, of: monthLength) else { return false }
        let dayOfYear = day.dayNumber - LocalDate.counted(year: year, month: 1, day: 1).dayNumber + 1
        let yearLength = LocalDate.days(inYear: year)
        guard yearDays.isEmpty || Self.holds(yearDays, dayOfYear, of: yearLength) else { return false }
        if !weeks.isEmpty {
            let (week, count) = week(of: day, year: year)
            guard Self.holds(weeks, week, of: count) else { return false }
        }
        guard !weekdays.isEmpty else { return true }
        guard let ordinals = weekdays[day.weekday] else { return false }
        if ordinals.contains(0) { return true }
        let (place, length) = countsInMonth ? (dayOfMonth, monthLength) : (dayOfYear, yearLength)
        return ordinals.contains((place - 1) / 7 + 1) || ordinals.contains(-((length - place) / 7 + 1))
    }

    private static func holds(_ wanted: Set<Int>, _ number: Int, of count: Int) -> Bool {
        wanted.contains(number) || wanted.contains(number - count - 1)
    }

    /// The week's number in its own year, and how many weeks that year has: the first is the one with at least four days in it.
    private func week(of day: LocalDate, year: Int) -> (week: Int, count: Int) {
        var year = year
        if day < firstWeek(of: year) { year -= 1 } else if day >= firstWeek(of: year + 1) { year += 1 }
        let first = firstWeek(of: year)
        let count = (firstWeek(of: year + 1).dayNumber - first.dayNumber) / 7
        return ((day.dayNumber - first.dayNumber) / 7 + 1, count)
    }

    /// The first day of week 1.
    private func firstWeek(of year: Int) -> LocalDate {
        let fourth = LocalDate.counted(year: year, month: 1, day: 4)
        let past = (fourth.weekday.rawValue - weekStart.rawValue + 7) % 7
        return fourth.adding(days: -past)
    }
}
