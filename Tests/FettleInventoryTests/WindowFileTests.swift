import FettleInventory
import FettleModel
import Foundation
import Testing

@Suite("Windows and freezes of policy.yaml are read")
struct WindowFileTests {
    private let fleet = Fleet(
        environments: [Environment(id: "dev", isProtected: false), Environment(id: "production", isProtected: true)],
        resources: [
            Resource(id: "web-1", address: .ssh("web-1"), environment: "production"),
            Resource(id: "web-2", address: .ssh("web-2"), environment: "production"),
        ],
        groups: [ResourceGroup(id: "web", members: ["web-1", "web-2"], minimumAvailable: .count(1))])

    @Test func everything() throws {
        let reading = try read(
            """
            version: 1
            windows:
              - id: nights
                recurrence: FREQ=WEEKLY;BYDAY=SA,SU
                start: "22:00"
                duration: 4h
                timeZone: Europe/Berlin
                except: [2026-12-26, 2027-01-02T22:00]
                also: [2026-12-28, 2026-12-29T21:30]
                environments: [production]
                groups: [w*]
                resources: ["web-?"]
              - {id: second, start: 2026-12-05T23:00, duration: 1d, timeZone: UTC}
              - {id: odd, start: 2026-11-29T02:00, recurrence: FREQ=WEEKLY;INTERVAL=2, duration: 90m, timeZone: UTC}
            withoutWindow: never
            freezes:
              - {id: year-end, reason: closing, from: 2026-12-18, to: 2027-01-03, timeZone: Europe/Berlin}
              - {id: fair, reason: a fair, from: 2026-11-30T08:00Z, to: 2026-12-01T18:00Z, emergencyMayPass: true}
              - {id: books, reason: books, recurrence: FREQ=MONTHLY;BYMONTHDAY=-1, timeZone: Europe/Berlin, groups: [web]}
            """)
        #expect(reading.warnings == [])
        #expect(reading.declared.isSuperset(of: ["windows", "withoutWindow", "freezes"]))
        let policy = reading.policy
        #expect(policy.withoutWindow == .never)
        let nights = try #require(policy.windows.first)
        #expect(
            nights.scope == CalendarScope(environments: ["production"], groups: ["w*"], resources: ["web-?"]))
        #expect(
            times(nights.events, from: "2026-12-25T00:00:00Z", to: "2027-01-04T00:00:00Z") == [
                "2026-12-27T21:00 2026-12-28T01:00", "2026-12-28T21:00 2026-12-29T01:00",
                "2026-12-29T20:30 2026-12-30T00:30", "2027-01-03T21:00 2027-01-04T01:00",
            ])
        #expect(policy.windows.map(\.id) == ["nights", "second", "odd"])
        #expect(times(policy.windows[1].events, from: "2026-01-01T00:00:00Z", to: "2028-01-01T00:00:00Z").count == 1)
        #expect(
            times(policy.windows[2].events, from: "2026-11-20T00:00:00Z", to: "2026-12-20T00:00:00Z") == [
                "2026-11-29T02:00 2026-11-29T03:30", "2026-12-13T02:00 2026-12-13T03:30",
            ])
        // The last day of a freeze is in it.
        #expect(
            times(policy.freezes[0].events, from: "2026-01-01T00:00:00Z", to: "2028-01-01T00:00:00Z")
                == ["2026-12-17T23:00 2027-01-03T23:00"])
        #expect(
            times(policy.freezes[1].events, from: "2026-01-01T00:00:00Z", to: "2028-01-01T00:00:00Z")
                == ["2026-11-30T08:00 2026-12-01T18:00"])
        #expect(policy.freezes.map(\.emergencyMayPass) == [false, true, false])
        #expect(policy.freezes.map(\.reason) == ["closing", "a fair", "books"])
        #expect(
            times(policy.freezes[2].events, from: "2026-11-01T00:00:00Z", to: "2026-12-15T00:00:00Z")
                == ["2026-11-29T23:00 2026-11-30T23:00"])
        let data = try JSONEncoder().encode(policy)
        #expect(try JSONDecoder().decode(Policy.self, from: data) == policy)
    }

    @Test func everyMistakeIsToldAtOnceWithItsPlaceAndWhatWouldBeRight() {
        let text = """
            version: 1
            windows:
              - {id: a, recurrence: FREQ=HOURLY, start: "22:00", duration: 4h, timeZone: Europe/Berln}
              - {id: a, recurrence: FREQ=DAILY, start: 22, duration: 30s, timeZone: CEST}
              - {id: c, recurrence: FREQ=WEEKLY;INTERVAL=2;BYDAY=SU, start: "22:00", duration: 4h, timeZone: UTC}
              - {id: d, recurrence: FREQ=MONTHLY, start: "22:00", duration: 4h, timeZone: UTC, environments: [prod]}
              - {id: e, recurrence: FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30, start: "22:00", duration: 4h, timeZone: UTC}
              - {id: f, recurrence: FREQ=WEEKLY;BYDAY=SU, start: 2026-11-30T22:00, duration: 4h, timeZone: UTC, groups: [wbe]}
              - {id: g, start: "22:00", duration: 4h, timeZone: UTC, resources: [web-3, "db-*"]}
              - {start: 2026-11-30T22:00, environments: []}
              - {id: h, calendar: a.txt, start: "22:00"}
            withoutWindow: sometimes
            freezes:
              - {id: a, reason: x, from: 2026-12-18, to: 2026-12-17, timeZone: UTC}
              - {id: b, from: 2026-12-18T10:00, to: 2026-12-18T10:00, timeZone: UTC}
              - {id: c, reason: x, from: 2026-12-18, timeZone: UTC}
              - {id: d, reason: x}
              - {id: e, reason: x, from: 2026-02-30, to: 2026-12-18T25:00, timeZone: UTC, start: "10:00"}
              - {id: f, reason: x, from: 2026-12-18, recurrence: FREQ=DAILY, timeZone: UTC}
              - {id: g, reason: x, recurrence: FREQ=DAILY, to: 2026-12-18, timeZone: UTC}
              - {id: h, reason: x, from: 2026-12-18, to: 2026-12-19}
            """
        #expect(
            problems { try PolicyFile.parse(text, file: "p", fleet: fleet) } == [
                "p:3:25: FREQ='HOURLY' is too often: something that recurs within a day is no window; "
                    + "FREQ=DAILY with BYHOUR opens several times a day, such as FREQ=DAILY;BYHOUR=2,14",
                "p:3:78: unknown time zone 'Europe/Berln'; did you mean 'Europe/Berlin'?",
                "p:4:5: the window 'a' is given twice; first in line 3",
                "p:4:44: start must be text, but it is the number 22; put it in quotes",
                "p:4:58: duration must be from 60 to 31622400 seconds, but it is 30",
                "p:4:73: unknown time zone 'CEST'; a name of the IANA database, such as Europe/Berlin or UTC",
                "p:5:13: the recurrence counts from a first day, but 'start' names none; such as 'start: "
                    + "2026-11-29T22:00', the first time",
                "p:6:13: the recurrence takes its day from the first one, but 'start' names none; such as "
                    + "BYDAY=SU, or BYMONTHDAY=-1",
                "p:6:99: unknown environment 'prod'; did you mean 'production'?",
                "p:7:13: it never takes place; no day fits all parts of the rule from its start to its end: "
                    + "leave one out",
                "p:8:47: 'start' is not among what the recurrence gives; the first time after it is "
                    + "2026-12-06T22:00",
                "p:8:110: unknown group 'wbe'; did you mean 'web'?",
                "p:9:13: the window opens at a time of the day, but no day is said; give it a recurrence, "
                    + "such as 'recurrence: FREQ=WEEKLY;BYDAY=SU', or a day: 'start: 2026-12-05T22:00'",
                "p:9:70: unknown resource 'web-3'; did you mean 'web-1'?",
                "p:9:77: no resource fits 'db-*'; known resources: web-1, web-2",
                "p:10:5: a window has no 'id'",
                "p:10:5: there is no 'timeZone'; such as 'timeZone: Europe/Berlin', or UTC",
                "p:10:5: a window has no 'duration'; such as 'duration: 4h'",
                "p:10:45: environments is empty; give a value, or leave the key out for all",
                "p:11:30: 'start' doesn't go with 'calendar'; keep one of them",
                "p:12:16: unknown choice for what has no window 'sometimes'; one of: anyTime, never",
                "p:14:46: the freeze ends before it begins; 'from' is '2026-12-18'",
                "p:15:5: a freeze has no 'reason'; who meets it will ask, such as 'reason: year-end closing'",
                "p:15:41: the freeze ends when it begins; 'from' is '2026-12-18T10:00'",
                "p:16:5: a freeze has no 'to'; a freeze without an end would stop patching for good",
                "p:17:5: a freeze has no time; give it 'from' and 'to', or 'recurrence', or 'calendar'",
                "p:18:79: 'start' doesn't go with 'from'; keep one of them",
                "p:19:42: a freeze has 'from' and 'recurrence'; make two freezes of it",
                "p:20:48: 'to' doesn't go with 'recurrence'; keep one of them",
                "p:21:5: there is no 'timeZone'; such as 'timeZone: Europe/Berlin', or UTC",
            ])
    }

    @Test func wrongTimesAreTold() {
        let text = """
            version: 1
            freezes:
              - {id: e, reason: x, from: 2026-02-30, to: 2026-12-18T25:00, timeZone: UTC}
            windows:
              - {id: a, recurrence: "FREQ=WEEKLY;BYDAY=XX;COUNT=0", start: 2026-1-1, duration: 4h, timeZone: UTC}
              - {id: b, recurrence: FREQ=DAILY, start: "1:00", duration: 367d, timeZone: UTC}
              - {id: c, recurrence: FREQ=DAILY, start: "10:00", duration: 1h, timeZone: UTC, except: [x], also: [2026-12-24T]}
              - {id: d, start: 2026-12-05T10:00, duration: 1h, timeZone: UTC, except: [2026-12-05]}
            """
        #expect(
            problems { try PolicyFile.parse(text, file: "p") } == [
                "p:3:30: from is '2026-02-30', which is no day and no time; such as 2026-12-18, or 2026-12-18T18:00 in the time "
                    + "zone",
                "p:3:46: to is '2026-12-18T25:00', which is no day and no time; such as 2026-12-18, or 2026-12-18T18:00 in the "
                    + "time zone",
                "p:5:25: COUNT='0' must be a whole number from 1 to 5000; UNTIL=20301231 names an end, and without either "
                    + "there is none",
                "p:5:25: BYDAY holds 'XX', which is no day; MO to SU, 2MO for the second Monday, -1FR for the last Friday",
                "p:5:64: start is '2026-1-1', which is no time of the day and no day with one; such as \"22:00\", or "
                    + "2026-12-05T22:00 in the time zone",
                "p:6:44: start is '1:00', which is no time of the day and no day with one; such as \"22:00\", or "
                    + "2026-12-05T22:00 in the time zone",
                "p:6:62: duration must be from 60 to 31622400 seconds, but it is 31708800",
                "p:7:91: 'x' is no day and no time; such as 2026-12-24, or 2026-12-24T22:00",
                "p:7:102: '2026-12-24T' is no day and no time; such as 2026-12-05, or 2026-12-05T22:00",
                "p:8:67: 'except' doesn't go with 'start'; keep one of them",
            ])
    }

    @Test func whatDoesNotOpenWithinAYearIsWarnedOf() throws {
        let now = try #require(Timestamp("2026-11-23T09:30:00Z"))
        let text = """
            version: 1
            windows:
              - {id: over, recurrence: FREQ=WEEKLY;BYDAY=SU;UNTIL=20251231, start: "22:00", duration: 4h, timeZone: UTC}
              - {id: leap, recurrence: FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29, start: "22:00", duration: 4h, timeZone: UTC}
              - {id: soon, recurrence: FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=1, start: "22:00", duration: 4h, timeZone: UTC}
            freezes:
              - {id: past, reason: x, from: 2020-12-18, to: 2020-12-19, timeZone: UTC}
            """
        #expect(
            try PolicyFile.parse(text, file: "p", now: now).warnings.map(\.description) == [
                "p:3:16: the window 'over' doesn't open within a year; it is over: what it is for is never worked on",
                "p:4:16: the window 'leap' doesn't open within a year; it opens next on 2028-02-29",
            ])
        #expect(try PolicyFile.parse(text, file: "p").warnings == [])
    }

    /// Who mistypes Christmas would find the window open.
    @Test func anExceptionOnADayWithoutAWindowIsWarnedOf() throws {
        let reading = try read(
            """
            version: 1
            windows:
              - id: a
                recurrence: FREQ=WEEKLY;BYDAY=SU
                start: "23:30"
                duration: 4h
                timeZone: Pacific/Auckland
                except: [2026-12-27, 2026-12-25, 2027-01-03T22:00, 2027-01-05T23:30]
            """)
        #expect(
            reading.warnings.map(\.description) == [
                "p:8:26: nothing begins on 2026-12-25, so nothing is left out",
                "p:8:56: nothing begins on 2027-01-05, so nothing is left out",
            ])
    }

    /// Where a clock is put back over the end of a freeze, what is in doubt is frozen.
    @Test func aFreezeThatEndsInAnHourThatComesTwiceEndsTheSecondTime() throws {
        let reading = try read(
            """
            version: 1
            freezes:
              - {id: a, reason: x, from: 2026-10-25T02:30, to: 2026-10-25T02:45, timeZone: Europe/Berlin}
            """)
        #expect(
            times(reading.policy.freezes[0].events, from: "2026-10-01T00:00:00Z", to: "2026-11-01T00:00:00Z")
                == ["2026-10-25T00:30 2026-10-25T01:45"])
        // In Cuba midnight itself comes twice.
        let cuba = try read(
            "version: 1\nfreezes: [{id: a, reason: x, from: 2026-10-31, to: 2026-10-31, timeZone: America/Havana}]")
        #expect(
            times(cuba.policy.freezes[0].events, from: "2026-10-01T00:00:00Z", to: "2026-12-01T00:00:00Z")
                == ["2026-10-31T04:00 2026-11-01T05:00"])
    }

    @Test(arguments: [
        "FREQ=DAILY\\u001b[2J", "FREQ=DAILY\\n", "$(reboot)", "-rf", "FREQ=DAILY;BYDAY=\\u202EMO",
        "FREQ=DAILY;COUNT=1e9",
    ])
    func hostileRulesEndInAProblemThatIsSafeToPrint(_ rule: String) {
        let text =
            "version: 1\nwindows: [{id: a, recurrence: \"\(rule)\", start: \"22:00\", duration: 4h, timeZone: UTC}]"
        let found = problems { try PolicyFile.parse(text, file: "p") }
        #expect(!found.isEmpty)
        #expect(
            found.allSatisfy {
                $0.hasPrefix("p:2:") && $0.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7F }
            })
    }

    @Test func manyWindowsThatNeverOpenAreReadSoon() {
        let window = { (number: Int, rule: String) in
            "  - {id: w\(number), recurrence: \(rule), start: \"22:00\", duration: 4h, timeZone: UTC}\n"
        }
        let head = "version: 1\nwindows:\n"
        let never = head + (0..<20).map { window($0, "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30") }.joined()
        #expect(problems { try PolicyFile.parse(never, file: "p") }.count == 20)
        let more = head + (0..<201).map { window($0, "FREQ=DAILY") }.joined()
        #expect(problems { try PolicyFile.parse(more, file: "p") } == ["p:3:3: windows has more than 200 items"])
    }

    private func read(_ text: String) throws -> PolicyReading { try PolicyFile.parse(text, file: "p", fleet: fleet) }
}

/// `opening closing`, each to the minute.
func times(_ events: [CalendarEvent], from: String, to: String) -> [String] {
    guard let from = Timestamp(from), let to = Timestamp(to) else { return [] }
    return events.flatMap { $0.occurrences(from: from, to: to) }.sorted { $0.opensAt < $1.opensAt }.map {
        "\($0.opensAt.description.prefix(16)) \($0.closesAt.description.prefix(16))"
    }
}
