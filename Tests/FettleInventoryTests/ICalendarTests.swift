import FettleModel
import Foundation
import Testing

@testable import FettleInventory

@Suite("Calendar files are read")
struct ICalendarTests {
    /// As calendar programs write them: folded in the middle of a character, with a zone of its own, an occurrence that was moved
    /// and one that was cancelled.
    @Test func aCalendarAsProgramsWriteIt() throws {
        let fold = "SUMMARY:Umstellung der Buchhaltung\\, Jahresabschlu\u{DF} und Pr\u{FC}fung"
        var bytes = Array(fold.utf8)
        let middle = try #require(bytes.firstIndex(of: 0xC3)) + 1
        bytes.insert(contentsOf: Array("\r\n ".utf8), at: middle)
        let before = """
            BEGIN:VCALENDAR
            VERSION:2.0
            PRODID:-//Example//EN
            METHOD:PUBLISH
            BEGIN:VTIMEZONE
            TZID:Mitteleuropa
            X-LIC-LOCATION:Europe/Berlin
            BEGIN:DAYLIGHT
            DTSTART:19700329T020000
            RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
            END:DAYLIGHT
            END:VTIMEZONE
            BEGIN:VEVENT
            UID:1@example
            DTSTAMP:20260101T000000Z

            """
        let after = """

            DTSTART;TZID=Mitteleuropa:20261024T220000
            DTEND;TZID="Mitteleuropa":20261025T040000
            RRULE:FREQ=WEEKLY;COUNT=5
            EXDATE;TZID=Mitteleuropa:20261031T220000,20261107T220000
            RDATE;VALUE=PERIOD;TZID=Mitteleuropa:20261230T100000/PT90M
            ATTENDEE;CN="a;b:c";ROLE=X,Y:mailto:a@example.com
            BEGIN:VALARM
            TRIGGER:-PT15M
            DURATION:PT1H
            END:VALARM
            END:VEVENT
            BEGIN:VEVENT
            UID:1@example
            RECURRENCE-ID;TZID=Mitteleuropa:20261114T220000
            DTSTART;TZID=Mitteleuropa:20261115T120000
            DURATION:PT1H
            SUMMARY:moved
            END:VEVENT
            BEGIN:VEVENT
            UID:1@example
            RECURRENCE-ID:20261121T210000Z
            STATUS:CANCELLED
            DTSTART;TZID=Mitteleuropa:20261121T220000
            DURATION:PT1H
            END:VEVENT
            BEGIN:VEVENT
            UID:2@example
            STATUS:CANCELLED
            DTSTART:20261201T000000Z
            DURATION:PT1H
            END:VEVENT
            BEGIN:VTODO
            UID:3
            DTSTART:whenever
            END:VTODO
            END:VCALENDAR

            """
        let crlf = { (text: String) in Array(text.replacing("\n", with: "\r\n").utf8) }
        let (events, problems, warnings) = read(crlf(before) + bytes + crlf(after))
        #expect(problems == [] && warnings == [])
        #expect(events.map(\.summary) == ["Umstellung der Buchhaltung, Jahresabschluß und Prüfung", "moved"])
        #expect(
            times(events, from: "2026-01-01T00:00:00Z", to: "2028-01-01T00:00:00Z") == [
                // Seven hours, because clocks are put back; RFC 5545, 3.8.5.3: with DTEND all are exactly as long as the first.
                "2026-10-24T20:00 2026-10-25T03:00", "2026-11-15T11:00 2026-11-15T12:00",
                "2026-12-30T09:00 2026-12-30T10:30",
            ])
    }

    @Test func daysAreWholeDaysInTheZoneThatIsSaid() {
        let text = calendar("UID:1\nSUMMARY:freeze\nDTSTART;VALUE=DATE:20261218\nDTEND;VALUE=DATE:20270104")
        let (events, problems, _) = read(text, TimeZoneName("Europe/Berlin"))
        #expect(problems == [])
        #expect(
            times(events, from: "2026-01-01T00:00:00Z", to: "2028-01-01T00:00:00Z")
                == ["2026-12-17T23:00 2027-01-03T23:00"])
        let day = read(calendar("UID:1\nDTSTART:20261025\nRRULE:FREQ=MONTHLY;COUNT=2"), TimeZoneName("Europe/Berlin"))
        #expect(
            times(day.events, from: "2026-01-01T00:00:00Z", to: "2028-01-01T00:00:00Z")
                == ["2026-10-24T22:00 2026-10-25T23:00", "2026-11-24T23:00 2026-11-25T23:00"])
        let excluded = read(
            calendar("UID:1\nDTSTART:20261025\nRRULE:FREQ=MONTHLY;COUNT=2\nEXDATE;VALUE=DATE:20261125"), .utc)
        #expect(times(excluded.events, from: "2026-01-01T00:00:00Z", to: "2028-01-01T00:00:00Z").count == 1)
    }

    @Test func aZoneForAllTimesIsTheCallersOrTheCalendars() {
        let event = "BEGIN:VEVENT\nUID:1\nDTSTART:20261218T100000\nDURATION:PT1H\nEND:VEVENT\nEND:VCALENDAR\n"
        let named = "BEGIN:VCALENDAR\nX-WR-TIMEZONE:America/New_York\n" + event
        let opens = { (text: String, zone: TimeZoneName?) in
            times(self.read(text, zone).events, from: "2026-01-01T00:00:00Z", to: "2028-01-01T00:00:00Z").first?.prefix(
                16)
        }
        #expect(opens(named, nil) == "2026-12-18T15:00")
        #expect(opens(named, TimeZoneName("Asia/Tokyo")) == "2026-12-18T01:00")
        #expect(
            read("BEGIN:VCALENDAR\n" + event).problems == [
                "c:4:1: DTSTART is in no time zone; write 'timeZone' beside 'calendar', such as 'timeZone: Europe/Berlin'"
            ])
    }

    @Test func aStartThatTheRuleDoesNotGiveIsTheFirstOccurrenceAndCountsAsOne() {
        // A Tuesday.
        let (events, problems, warnings) = read(
            calendar("UID:1\nDTSTART:20261124T100000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;BYDAY=SA;COUNT=3"))
        #expect(problems == [])
        #expect(
            warnings.count == 1 && warnings.first?.hasPrefix("c:4:1: DTSTART is not among what RRULE gives") == true)
        #expect(
            times(events, from: "2026-01-01T00:00:00Z", to: "2028-01-01T00:00:00Z").map { $0.prefix(10) } == [
                "2026-11-24", "2026-11-28", "2026-12-05",
            ])
        let once = read(calendar("UID:1\nDTSTART:20261124T100000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;BYDAY=SA;COUNT=1"))
        #expect(times(once.events, from: "2026-01-01T00:00:00Z", to: "2028-01-01T00:00:00Z").count == 1)
    }

    @Test(arguments: [
        ("DTSTART:20261124T100000Z", "c:2:1: the event has no length; give it a DTEND or a DURATION"),
        ("UID:1", "c:2:1: the event has no DTSTART"),
        ("DTSTART:20261124T100000Z\nDTEND:20261124T100000Z", "c:4:1: it ends when it begins"),
        ("DTSTART:20261124T100000Z\nDTEND:20261124T090000Z", "c:4:1: it ends before it begins"),
        ("DTSTART;VALUE=DATE:20261124\nDTEND;VALUE=DATE:20261124", "c:4:1: it ends when it begins; the day of DTEND"),
        ("DTSTART;VALUE=DATE:20261124\nDTEND:20261125T000000Z", "c:4:1: it begins with a day and ends with a time"),
        ("DTSTART:20261124T100000Z\nDURATION:-PT1H", "c:4:1: '-PT1H' is no length of time; such as PT4H"),
        ("DTSTART:20261124T100000Z\nDURATION:PT0S", "c:4:1: 'PT0S' is no length"),
        ("DTSTART:20261124T100000Z\nDURATION:P1H", "c:4:1: 'P1H' is no length"),
        ("DTSTART:20261124T100000Z\nDURATION:PT1M1H", "c:4:1: 'PT1M1H' is no length"),
        ("DTSTART:20261124T100000Z\nDURATION:PT9999999999H", "c:4:1: 'PT9999999999H' is no length"),
        ("DTSTART:20261124T100000Z\nDURATION:P999999999W", "c:4:1: 'P999999999W' is no length"),
        ("DTSTART:20261124T100000Z\nDURATION:PT1H\nDTEND:20261124T110000Z", "c:5:1: the event has DTEND and DURATION"),
        ("DTSTART:20261124T100000Z\nDTSTART:20261124T100000Z\nDURATION:PT1H", "c:4:1: the event has DTSTART twice"),
        ("DTSTART:20261324T100000Z\nDURATION:PT1H", "c:3:1: DTSTART holds '20261324T100000Z', which is no time"),
        ("DTSTART:00010101T000000Z\nDURATION:PT1H", "c:3:1: DTSTART holds"),
        (
            "DTSTART;TZID=W. Europe Standard Time:20261124T100000\nDURATION:PT1H",
            "c:3:1: unknown time zone 'W. Europe Stan"
        ),
        (
            "DTSTART;TZID=Europe/Berln:20261124T100000\nDURATION:PT1H",
            "c:3:1: unknown time zone 'Europe/Berln'; did you mean"
        ),
        ("DTSTART:20261124T100000Z\nDURATION:PT1H\nRRULE:FREQ=SECONDLY", "c:5:1: FREQ='SECONDLY' is too often"),
        ("DTSTART:20261124T100000Z\nDURATION:P400D\nRRULE:FREQ=YEARLY", "c:2:1: something that recurs lasts longer"),
        (
            "DTSTART:20261124T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\nEXRULE:FREQ=DAILY",
            "c:6:1: EXRULE is not understood"
        ),
        (
            "DTSTART:20261124T100000Z\nDURATION:PT1H\nRDATE;VALUE=PERIOD:20261124T100000Z",
            "c:5:1: '20261124T100000Z' is no per"
        ),
        (
            "DTSTART:20261124T100000Z\nDURATION:PT1H\nRECURRENCE-ID;RANGE=THISANDFUTURE:20261124T100000Z",
            "c:5:1: RANGE is not understood"
        ),
        ("DTSTART\u{1B}:20261124T100000Z\nDURATION:PT1H", "c:3:1: a control character '\\u{1B}'"),
        ("DTSTART\nDURATION:PT1H", "c:3:1: this is no line of a calendar"),
        ("DTSTART;TZID=\"x:20261124T100000\nDURATION:PT1H", "c:3:1: this is no line"),
        ("EXDATE:" + String(repeating: "20261124T100000Z,", count: 2_001), "c:2:1: the event has no DTSTART"),
    ])
    func whatIsWrongIsToldWithItsLine(_ event: String, _ start: String) {
        let (_, problems, _) = read(calendar(event), .utc)
        #expect(problems.contains { $0.hasPrefix(start) }, "\(problems)")
        #expect(problems.allSatisfy { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 } })
    }

    /// A file that was cut off while it was copied would have less frozen than was meant.
    @Test func aFileThatIsCutOffIsRefusedWhereverItIs() throws {
        let whole = Array(
            calendar("UID:1\nDTSTART:20261124T100000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;BYDAY=TU").utf8)
        #expect(read(whole).problems == [])
        for length in 0..<(whole.count - 2) {
            #expect(!read(Array(whole.prefix(length))).problems.isEmpty, "\(length)")
        }
    }

    @Test(arguments: [
        ("", "c:1:1: the calendar is empty"), ("hello", "c:1:1: this is no line of a calendar"),
        ("BEGIN:VEVENT\nEND:VEVENT\n", "c:1:1: 'VEVENT' cannot begin here"),
        (
            "BEGIN:VCALENDAR\nEND:VEVENT\n",
            "c:2:1: 'VEVENT' ends here but did not begin; VCALENDAR of line 1 is still open"
        ),
        ("UID:1\nBEGIN:VCALENDAR\nEND:VCALENDAR\n", "c:1:1: 'UID' stands outside of a calendar"),
        (String(repeating: "BEGIN:VCALENDAR\n", count: 100_000), "c:2:1: 'VCALENDAR' cannot begin here"),
    ])
    func whatIsNoCalendarIsTold(_ text: String, _ start: String) {
        let problems = read(text).problems
        #expect(problems.first?.hasPrefix(start) == true, "\(problems.prefix(3))")
    }

    @Test func hugeFilesEndSoon() {
        let event = "BEGIN:VEVENT\nDTSTART:20261124T100000Z\nDURATION:PT1H\nEND:VEVENT\n"
        let many = "BEGIN:VCALENDAR\n" + String(repeating: event, count: 1_001) + "END:VCALENDAR\n"
        #expect(
            read(many).problems == [
                "c:4002:1: the calendar has more than 1000 events; leave out what is past, or what is neither a window nor a freeze"
            ])
        let folded = "BEGIN:VCALENDAR\nX:" + String(repeating: "\n x", count: 100_000) + "\nEND:VCALENDAR\n"
        #expect(read(folded).problems.contains("c:2:1: a line is longer than 65536 bytes"))
        let large = [UInt8](repeating: UInt8(ascii: "A"), count: 5 * 1_024 * 1_024)
        #expect(read(large).problems.first == "c:1:1: the calendar is larger than 4 MB; leave out what is past")
        let dates = Array(repeating: "20261124T100000Z", count: 2_001).joined(separator: ",")
        let folds = stride(from: 0, to: dates.count, by: 70).map { String(dates.dropFirst($0).prefix(70)) }
            .joined(separator: "\n ")
        let listed = read(calendar("UID:1\nDTSTART:20261124T100000Z\nDURATION:PT1H\nEXDATE:" + folds))
        #expect(listed.problems == ["c:6:1: EXDATE has more than 2000 times"])
    }

    @Test func textThatIsNotUTF8IsTold() {
        let bytes = Array("BEGIN:VCALENDAR\nX-A:".utf8) + [0xFC, 0x0A] + Array("END:VCALENDAR\n".utf8)
        #expect(read(bytes).problems == ["c:2:1: the text is not UTF-8; save it as UTF-8"])
    }

    // MARK: In a policy

    @Test func aPolicyNamesItsCalendarsFromItsOwnFolder() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "fettle-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let freezes = calendar("UID:1\nSUMMARY:Black Friday\nDTSTART;VALUE=DATE:20261127\nDTEND;VALUE=DATE:20261128")
        try freezes.write(to: folder.appending(path: "freezes.ics"), atomically: true, encoding: .utf8)
        let broken = calendar("UID:1\nDTSTART:20261127T000000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=0")
        try broken.write(to: folder.appending(path: "broken.ics"), atomically: true, encoding: .utf8)
        let policy = folder.appending(path: "policy.yaml")
        let text = { (file: String) in
            "version: 1\nfreezes: [{id: sales, calendar: \(file), timeZone: Europe/Berlin, environments: [dev]}]\n"
        }
        try text("freezes.ics").write(to: policy, atomically: true, encoding: .utf8)
        let freeze = try #require(try PolicyFile.read(path: policy.path).policy.freezes.first)
        #expect(freeze.events.map(\.summary) == ["Black Friday"])
        #expect(freeze.reason == "sales")
        #expect(
            times(freeze.events, from: "2026-01-01T00:00:00Z", to: "2028-01-01T00:00:00Z")
                == ["2026-11-26T23:00 2026-11-27T23:00"])
        for (file, problem) in [
            ("broken.ics", "\(folder.path)/broken.ics:6:1: COUNT='0' must be"),
            ("absent.ics", "\(folder.path)/absent.ics:1:1: there is no such file"),
            ("x.yaml", "\(policy.path):2:33: 'x.yaml' is no"),
            (
                "../\(folder.lastPathComponent)/broken.ics",
                "\(folder.path)/../\(folder.lastPathComponent)/broken.ics:6:1"
            ),
            ("\"a\\nb.ics\"", "\(policy.path):2:33: calendar must be one line"),
        ] {
            try text(file).write(to: policy, atomically: true, encoding: .utf8)
            let found = problems { try PolicyFile.read(path: policy.path) }
            #expect(found.count == 1 && found.first?.hasPrefix(problem) == true, "\(found)")
        }
    }

    // MARK: Helpers

    private func calendar(_ event: String) -> String {
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\n\(event)\nEND:VEVENT\nEND:VCALENDAR\n"
    }

    private typealias Result = (events: [CalendarEvent], problems: [String], warnings: [String])

    private func read(_ text: String, _ zone: TimeZoneName? = nil) -> Result { read(Array(text.utf8), zone) }

    private func read(_ bytes: [UInt8], _ zone: TimeZoneName? = nil) -> Result {
        let reading = Reading(file: "c")
        let events = ICalendarReader(reading: reading, timeZone: zone).events(bytes)
        return (events, reading.problems.map(\.description), reading.warnings.map(\.description))
    }
}
