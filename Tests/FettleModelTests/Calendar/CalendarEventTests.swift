import Foundation
import Testing

@testable import FettleModel

@Suite("Windows keep to the clock on the wall")
struct CalendarEventTests {
    /// Clocks go from 02:00 to 03:00 on 2026-03-29 and from 03:00 to 02:00 on 2026-10-25.
    private let berlin = TimeZoneName("Europe/Berlin") ?? .utc
    /// From 02:00 to 03:00 on 2026-03-08, from 02:00 to 01:00 on 2026-11-01.
    private let newYork = TimeZoneName("America/New_York") ?? .utc

    /// zincati lengthens, shortens or skips reboot windows where clocks change: they are times on the wall there. (zincati#524)
    @Test(arguments: [
        "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Casablanca",
    ])
    func noWindowIsSkippedOrDoubledOrLongerOrShorterWhereClocksChange(_ name: String) throws {
        let zone = try #require(TimeZoneName(name))
        for minutes in stride(from: 0, to: 24 * 60, by: 30) {
            let event = CalendarEvent(
                start: try local("2026-01-01T00:00").later(minutes: minutes), timeZone: zone,
                duration: CalendarDuration(seconds: 3 * 3_600), rule: RecurrenceRule(frequency: .daily))
            let windows = event.occurrences(
                from: zone.moment(of: try local("2026-01-01T00:00")), to: zone.moment(of: try local("2027-01-01T00:00"))
            )
            #expect(windows.count == 365)
            #expect(Set(windows.map { zone.local(at: $0.opensAt).date }).count == 365)
            #expect(windows.allSatisfy { $0.closesAt.seconds(since: $0.opensAt) == 3 * 3_600 })
            // At the same time on the wall, but where that time is left out: then later by what is left out.
            let other = windows.filter { zone.local(at: $0.opensAt).secondOfDay != minutes * 60 }
            #expect(other.count <= 1)
            #expect(other.allSatisfy { zone.local(at: $0.opensAt).secondOfDay - minutes * 60 <= 3_600 })
        }
    }

    @Test func aTimeThatIsLeftOutIsCountedWithTheOffsetFromBefore() throws {
        // The RFC's own example, 3.3.5, a year's worth of rules later: half past two is half past three.
        #expect(newYork.moment(of: try local("2007-03-11T02:30")) == Timestamp("2007-03-11T07:30:00Z"))
        #expect(
            windows("2026-03-27T02:30", berlin, "FREQ=DAILY;COUNT=4", hours: 2) == [
                "2026-03-27T01:30 2026-03-27T03:30", "2026-03-28T01:30 2026-03-28T03:30",
                "2026-03-29T01:30 2026-03-29T03:30", "2026-03-30T00:30 2026-03-30T02:30",
            ])
    }

    @Test func aTimeThatComesTwiceIsTheFirst() throws {
        #expect(newYork.moment(of: try local("2007-11-04T01:30")) == Timestamp("2007-11-04T05:30:00Z"))
        #expect(
            newYork.moment(of: try local("2007-11-04T01:30"), repeated: .second) == Timestamp("2007-11-04T06:30:00Z"))
        #expect(
            windows("2026-10-24T02:30", berlin, "FREQ=DAILY;COUNT=3", hours: 2) == [
                "2026-10-24T00:30 2026-10-24T02:30", "2026-10-25T00:30 2026-10-25T02:30",
                "2026-10-26T01:30 2026-10-26T03:30",
            ])
    }

    /// As RFC 5545, 3.3.6: days are the calendar's, hours are exact.
    @Test func aDayIsAsLongAsItsClocksMakeIt() throws {
        let day = { (start: String) in
            CalendarEvent(
                start: LocalDateTime(start) ?? LocalDateTime(seconds: 0), timeZone: self.berlin,
                duration: CalendarDuration(days: 1))
        }
        let length = { (event: CalendarEvent) in
            event.next(from: Timestamp(milliseconds: 0)).map { $0.closesAt.seconds(since: $0.opensAt) / 3_600 }
        }
        #expect(length(day("2026-03-29T00:00")) == 23)
        #expect(length(day("2026-10-25T00:00")) == 25)
        #expect(length(day("2026-06-25T00:00")) == 24)
    }

    @Test func aDayThatAZoneLeftOutIsTheNextOne() throws {
        // Samoa went from the 29th of December 2011 to the 31st.
        let apia = try #require(TimeZoneName("Pacific/Apia"))
        #expect(apia.local(at: apia.moment(of: try local("2011-12-30T10:00"))) == LocalDateTime("2011-12-31T10:00"))
    }

    @Test func momentsAndLocalTimesAgreeInEveryZone() throws {
        var random = SplitMix(seed: 7)
        for name in TimeZoneName.suggestions {
            let zone = try #require(TimeZoneName(name), "\(name)")
            for _ in 0..<20 {
                let moment = Timestamp(milliseconds: Int64.random(in: 0...4_000_000_000, using: &random) * 1_000)
                let local = zone.local(at: moment)
                // Where a time comes twice, the moment is one of the two.
                let both = [zone.moment(of: local), zone.moment(of: local, repeated: .second)]
                #expect(both.contains(moment), "\(name) \(moment)")
                #expect(both[0] <= both[1])
            }
        }
    }

    @Test func whatIsExcludedDoesNotTakePlaceAndWhatIsAddedDoes() throws {
        var event = CalendarEvent(
            start: try local("2026-12-01T22:00"), timeZone: berlin, duration: CalendarDuration(seconds: 3_600),
            rule: try RecurrenceRule("FREQ=DAILY;UNTIL=20261205"))
        event.excludedDays = [try #require(LocalDate("2026-12-02"))]
        event.excluded = [try moment("2026-12-04T21:00:00Z"), try moment("2026-12-10T21:00:00Z")]
        event.additional = [
            .init(startsAt: try moment("2026-12-06T12:00:00Z"), duration: CalendarDuration(seconds: 60)),
            .init(startsAt: try moment("2026-12-10T21:00:00Z")),
            // The rule gives it too: it takes place once, as long as it says here.
            .init(startsAt: try moment("2026-12-03T21:00:00Z"), duration: CalendarDuration(days: 1)),
        ]
        #expect(
            text(event) == [
                "2026-12-01T21:00 2026-12-01T22:00", "2026-12-03T21:00 2026-12-04T21:00",
                "2026-12-05T21:00 2026-12-05T22:00", "2026-12-06T12:00 2026-12-06T12:01",
            ])
    }

    @Test func anEndInWorldTimeIsKeptToTheMinute() throws {
        let rule = { (until: String) in "FREQ=DAILY;UNTIL=\(until)" }
        #expect(windows("2026-12-01T22:00", berlin, rule("20261203T210000Z"), hours: 1).count == 3)
        #expect(windows("2026-12-01T22:00", berlin, rule("20261203T205959Z"), hours: 1).count == 2)
        #expect(windows("2026-12-01T22:00", berlin, rule("20261203T220000"), hours: 1).count == 3)
        #expect(windows("2026-12-01T22:00", berlin, rule("20261203"), hours: 1).count == 3)
    }

    @Test func whatBeganEarlierAndLastsIsFound() throws {
        let event = CalendarEvent(
            start: try local("2026-01-01T00:00"), timeZone: berlin, duration: CalendarDuration(days: 40),
            rule: try RecurrenceRule("FREQ=YEARLY"))
        let found = event.occurrences(from: try moment("2030-02-05T00:00:00Z"), to: try moment("2030-02-06T00:00:00Z"))
        #expect(found.map(\.opensAt) == [try moment("2029-12-31T23:00:00Z")])
        // The end is not in it.
        #expect(
            event.occurrences(from: try moment("2030-02-09T23:00:00Z"), to: try moment("2030-12-01T00:00:00Z")).isEmpty)
    }

    @Test func theNextOneIsFoundHoweverFarItIs() throws {
        let event = CalendarEvent(
            start: try local("2026-01-01T12:00"), timeZone: .utc, duration: CalendarDuration(seconds: 60),
            rule: try RecurrenceRule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=SU"))
        #expect(event.next(from: try moment("2026-01-01T00:00:00Z"))?.opensAt == (try moment("2032-02-29T12:00:00Z")))
        #expect(event.next(from: try moment("2032-02-29T12:00:01Z"))?.opensAt == (try moment("2060-02-29T12:00:00Z")))
        let never = CalendarEvent(
            start: try local("2026-01-01T12:00"), timeZone: .utc, duration: CalendarDuration(seconds: 60),
            rule: try RecurrenceRule("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"))
        #expect(never.next(from: Timestamp(milliseconds: .min)) == nil)
        #expect(never.occurrences(from: Timestamp(milliseconds: .min), to: Timestamp(milliseconds: .max)).isEmpty)
    }

    @Test func aStartThatTheRuleDoesNotGiveIsTold() throws {
        func fits(_ rule: String) throws -> Bool {
            CalendarEvent(
                start: try local("2026-11-29T02:00"), timeZone: berlin, duration: CalendarDuration(seconds: 60),
                rule: try RecurrenceRule(rule)
            ).startIsAnOccurrence
        }
        #expect(try fits("FREQ=WEEKLY;BYDAY=SU"))
        #expect(try !fits("FREQ=WEEKLY;BYDAY=MO"))
        #expect(try fits("FREQ=WEEKLY"))
    }

    @Test(arguments: [
        "PST", "GMT+2", "+0200", "Foo/Bar", "europe/berlin", "W. Europe Standard Time", "", "Europe/Berlin ",
        "../etc/passwd",
        "America/New_York\u{0}x", "Etc/GMT+99", "Europe/Berlin\n", "-x/y", String(repeating: "a/", count: 50),
    ])
    func whatIsNoIANAZoneIsNone(_ name: String) {
        #expect(TimeZoneName(name) == nil)
    }

    @Test(arguments: ["Europe/Berlin", "Europe/Kyiv", "US/Eastern", "UTC", "Etc/UTC", "America/Argentina/Buenos_Aires"])
    func namesOfTheDatabaseAreKept(_ name: String) throws {
        let zone = try #require(TimeZoneName(name))
        #expect(zone.name == name)
        #expect(try JSONDecoder().decode([TimeZoneName].self, from: JSONEncoder().encode([zone])) == [zone])
    }

    @Test func daysAreCountedAsTheCalendarDoes() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        for number in stride(from: 0, through: 84_000, by: 13) {
            let day = LocalDate(dayNumber: number)
            let parts = calendar.dateComponents(
                [.year, .month, .day, .weekday], from: Date(timeIntervalSince1970: Double(number) * 86_400))
            #expect(day.parts.year == parts.year && day.parts.month == parts.month && day.parts.day == parts.day)
            #expect(day.weekday.rawValue == ((parts.weekday ?? 0) + 5) % 7)
            #expect(LocalDate(day.description) == day)
        }
    }

    @Test(arguments: [
        "2026-02-29", "2026-13-01", "2026-1-1", "26-01-01", "2026-11-31", "1969-12-31", "2200-01-01", "2026-01-01Z",
        "٢٠٢٦-01-01",
    ])
    func whatIsNoDayIsNone(_ text: String) { #expect(LocalDate(text) == nil) }

    @Test(arguments: [
        "2026-01-01", "2026-01-01T24:00", "2026-01-01T1:00", "2026-01-01T10:60", "2026-01-01 10:00",
        "2026-01-01T10:00Z",
    ])
    func whatIsNoLocalTimeIsNone(_ text: String) { #expect(LocalDateTime(text) == nil) }

    // MARK: Helpers

    private func windows(_ start: String, _ zone: TimeZoneName, _ rule: String, hours: Int) -> [String] {
        guard let start = LocalDateTime(start), let rule = try? RecurrenceRule(rule) else { return [] }
        return text(
            CalendarEvent(start: start, timeZone: zone, duration: CalendarDuration(seconds: hours * 3_600), rule: rule))
    }

    private func text(_ event: CalendarEvent) -> [String] {
        event.occurrences(from: Timestamp(milliseconds: 0), to: Timestamp(milliseconds: .max)).map { window in
            "\(window.opensAt.description.prefix(16)) \(window.closesAt.description.prefix(16))"
        }
    }

    private func local(_ text: String) throws -> LocalDateTime { try #require(LocalDateTime(text)) }
    private func moment(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }
}

extension LocalDateTime {
    fileprivate func later(minutes: Int) -> LocalDateTime { LocalDateTime(seconds: seconds + minutes * 60) }
}
