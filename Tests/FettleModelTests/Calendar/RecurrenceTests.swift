import Foundation
import Testing

@testable import FettleModel

@Suite("Recurrence rules are expanded as RFC 5545 says")
struct RecurrenceTests {
    /// The RFC's own examples and random rules, as another implementation expands them: Tests/Fixtures/Recurrence.
    @Test func rulesGiveWhatAnotherImplementationGives() throws {
        let file = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/Recurrence/rules.txt")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        #expect(lines.count > 300)
        for line in lines {
            let fields = line.split(separator: "|")
            try #require(fields.count == 3)
            let start = try #require(LocalDateTime(basic: fields[0]))
            let expected = fields[2] == "none" ? [] : try fields[2].split(separator: " ").map(basic)
            let rule = try RecurrenceRule(String(fields[1]))
            #expect(starts(rule, start, limit: 8) == expected, "\(line)")
            // Text and rule are the same thing.
            #expect(try RecurrenceRule(rule.description) == rule)
        }
    }

    /// Where only a part is asked for, the expansion begins near it and not at the start.
    @Test(arguments: [
        "FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU", "FREQ=MONTHLY;INTERVAL=5;BYDAY=-1FR",
        "FREQ=YEARLY;INTERVAL=3;BYMONTH=2,8;BYMONTHDAY=-1", "FREQ=WEEKLY;BYDAY=TU;COUNT=90",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1", "FREQ=YEARLY;BYWEEKNO=1,53;BYDAY=SU",
    ])
    func aPartOfTheExpansionIsThatPartOfTheWhole(_ text: String) throws {
        let rule = try RecurrenceRule(text)
        let start = try local("2011-02-03T04:05:06")
        let whole = starts(rule, start, limit: 1_500)
        for day in stride(from: 0, to: 4_000, by: 37) {
            let from = LocalDateTime(date: start.date.adding(days: day - 100), secondOfDay: 14_706)
            let to = LocalDateTime(date: from.date.adding(days: 70), secondOfDay: 14_706)
            var part: [LocalDateTime] = []
            RecurrenceExpansion(rule, start: start).forEach(in: from...to) {
                part.append($0)
                return true
            }
            #expect(part == whole.filter { (from...to).contains($0) })
        }
    }

    @Test func weekdaysWithAndWithoutNumbersAddUp() throws {
        let start = try local("2026-11-01T09:00")
        #expect(
            starts(try RecurrenceRule("FREQ=MONTHLY;BYDAY=SU,2MO"), start, limit: 6).map { "\($0.date)" } == [
                "2026-11-01", "2026-11-08", "2026-11-09", "2026-11-15", "2026-11-22", "2026-11-29",
            ])
    }

    /// What a period holds is picked from before the start cuts the first one off.
    @Test func positionsCountInWholePeriods() throws {
        // A Wednesday: the week's first of Monday and Friday is past.
        let start = try local("2026-11-25T09:00")
        #expect(
            starts(try RecurrenceRule("FREQ=WEEKLY;BYDAY=MO,FR;BYSETPOS=1"), start, limit: 2).map { "\($0.date)" } == [
                "2026-11-30", "2026-12-07",
            ])
    }

    @Test func aWeekAloneTakesTheStartsDay() throws {
        let start = try local("2026-01-07T09:00")
        #expect(
            starts(try RecurrenceRule("FREQ=YEARLY;BYWEEKNO=2,-1"), start, limit: 4).map { "\($0.date)" } == [
                "2026-01-07", "2026-12-30", "2027-01-13", "2027-12-29",
            ])
    }

    @Test(arguments: [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=YEARLY;BYYEARDAY=1;BYMONTH=2",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30;COUNT=5000", "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
        "FREQ=WEEKLY;INTERVAL=10000;BYDAY=MO;BYMONTH=7;COUNT=5000",
    ])
    func aRuleThatGivesNothingEnds(_ text: String) throws {
        #expect(starts(try RecurrenceRule(text), try local("2026-01-01T00:00"), limit: 1).isEmpty)
    }

    @Test(arguments: [
        ("FREQ=SECONDLY", "'SECONDLY' is too often", "FREQ=DAILY with BYHOUR"),
        ("FREQ=HOURLY;BYDAY=SU", "'HOURLY' is too often", "BYHOUR=2,14"),
        ("FREQ=DAILY;COUNT=1000000000", "COUNT='1000000000' must be a whole number from 1 to 5000", "UNTIL=20301231"),
        ("FREQ=DAILY;COUNT=0", "from 1 to 5000", nil), ("FREQ=DAILY;COUNT=-1", "from 1 to 5000", nil),
        ("FREQ=DAILY;INTERVAL=99999999999999999999", "INTERVAL", nil),
        ("FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=1,2,3,4,5", "opens 25 times a day", nil),
        ("FREQ=WEEKLY;BYDAY=MANY", "longer than 2048", "BYDAY"),
        ("BYDAY=SU", "has no FREQ", "FREQ=WEEKLY;BYDAY=SU"), ("", "is no part of a rule", "NAME=VALUE"),
        ("FREQ=FORTNIGHTLY", "is no frequency", "DAILY, WEEKLY"),
        ("FREQ=WEEKLY;BYDAY=2MO", "with a number", "BYDAY=2TU"),
        ("FREQ=MONTHLY;BYDAY=6MO", "no month has more than 5", nil), ("FREQ=MONTHLY;BYDAY=0MO", "no day", nil),
        ("FREQ=DAILY;BYDAY=XX", "'XX', which is no day", "MO to SU"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "doesn't go with", nil),
        ("FREQ=MONTHLY;BYWEEKNO=1", "only with FREQ=YEARLY", nil), ("FREQ=DAILY;BYSETPOS=1", "but there is none", nil),
        ("FREQ=DAILY;COUNT=1;UNTIL=20300101", "both given", "keep one"),
        ("FREQ=DAILY;UNTIL=tomorrow", "is no time", nil),
        ("FREQ=DAILY;UNTIL=20260230", "is no time", nil), ("FREQ=DAILY;FREQ=DAILY", "given twice", nil),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY must hold", nil), ("FREQ=MONTHLY;BYMONTHDAY=32", "holds '32'", nil),
        ("FREQ=YEARLY;BYMONTH=-1", "BYMONTH must hold", nil), ("FREQ=DAILY;BYHOUR=24", "BYHOUR must hold", nil),
        ("RSCALE=CHINESE;FREQ=YEARLY", "unknown part 'RSCALE'", "Gregorian"),
        ("FREQ=DAILY;X=1", "unknown part 'X'", "FREQ"),
        ("FREQ=DAILY;BYDAY=\u{1B}[31m\nMO", "'?[31M?MO'", nil), ("FREQ=DAILY;WKST=1", "WKST='1' is no day", nil),
        ("FREQ=DAILY;BYMONTH=١", "BYMONTH must hold", nil), ("FREQ=DAILY;;", "'' is no part", nil),
    ])
    func whatIsWrongOrTooMuchIsRefusedWithWhatWouldBeRight(_ text: String, _ message: String, _ hint: String?) throws {
        let many = Array(repeating: "MO", count: 10_000).joined(separator: ",")
        let error = #expect(throws: RecurrenceProblems.self) { try RecurrenceRule(text.replacing("MANY", with: many)) }
        let problems = try #require(error).problems
        let told = try #require(problems.first { $0.message.contains(message) }, "\(problems)")
        if let hint { #expect(told.hint?.contains(hint) == true, "\(told)") }
        #expect(problems.allSatisfy { $0.message.utf8.count < 300 })
    }

    @Test func everythingThatIsWrongIsToldAtOnce() {
        let error = #expect(throws: RecurrenceProblems.self) {
            try RecurrenceRule("FREQ=WEEKLY;BYDAY=XX,YY;COUNT=0;BYMONTH=13;WEEKDAY=MO")
        }
        #expect(error?.problems.count == 5)
    }

    @Test func capitalsAndTheNameBeforeItDoNotMatter() throws {
        let rule = try RecurrenceRule("rrule:freq=weekly;byday=su,mo;wkst=su")
        #expect(rule.description == "FREQ=WEEKLY;BYDAY=MO,SU;WKST=SU")
        let data = try JSONEncoder().encode([rule])
        #expect(try JSONDecoder().decode([RecurrenceRule].self, from: data) == [rule])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([RecurrenceRule].self, from: Data("[\"FREQ=HOURLY\"]".utf8))
        }
    }

    private func starts(_ rule: RecurrenceRule, _ start: LocalDateTime, limit: Int) -> [LocalDateTime] {
        var found: [LocalDateTime] = []
        let end = LocalDateTime(date: .counted(year: 2300, month: 1, day: 1), secondOfDay: 0)
        RecurrenceExpansion(rule, start: start).forEach(in: start...end) {
            found.append($0)
            return found.count < limit
        }
        return found
    }

    private func basic(_ text: some StringProtocol) throws -> LocalDateTime { try #require(LocalDateTime(basic: text)) }
    private func local(_ text: String) throws -> LocalDateTime { try #require(LocalDateTime(text)) }
}
