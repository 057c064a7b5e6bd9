import FettleModel
import FettleReporting
import Foundation
import Testing

/// RFC 5545, read back by a reader of the test's own.
@Suite struct CalendarFeedTests {
    private static let time = Timestamp(milliseconds: 1_795_000_000_000)

    private func item(
        _ uid: String = "change-1-abc@fettle", summary: String = "change-1: patches", details: String = "a\nb",
        status: CalendarFeed.Status = .confirmed, sequence: Int = 2
    ) -> CalendarFeed.Item {
        CalendarFeed.Item(
            uid: uid, sequence: sequence, opensAt: Self.time, closesAt: Self.time.adding(seconds: 7_200),
            status: status,
            summary: summary, details: details)
    }

    /// Unfolds and unescapes; the properties of each event.
    private func events(_ text: String) throws -> [[String: String]] {
        #expect(text.hasSuffix("END:VCALENDAR\r\n"))
        for line in text.components(separatedBy: "\r\n") {
            #expect(line.utf8.count <= 75)
            #expect(!line.unicodeScalars.contains { $0.properties.generalCategory == .control })
        }
        let lines = text.replacingOccurrences(of: "\r\n ", with: "", options: .literal).components(separatedBy: "\r\n")
        var events: [[String: String]] = []
        for line in lines {
            if line == "BEGIN:VEVENT" { events.append([:]) }
            let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
            guard parts.count == 2, !events.isEmpty else { continue }
            var value = ""
            var isEscaped = false
            for character in parts[1] {
                if isEscaped {
                    value.append(character == "n" ? "\n" : character)
                    isEscaped = false
                } else if character == "\\" {
                    isEscaped = true
                } else {
                    value.append(character)
                }
            }
            events[events.count - 1][parts[0]] = value
        }
        return events
    }

    @Test func aChangeIsAnEventWithAStableName() throws {
        let event = try #require(try events(CalendarFeed([item()]).text(at: Self.time)).first)
        #expect(event["UID"] == "change-1-abc@fettle" && event["SEQUENCE"] == "2" && event["STATUS"] == "CONFIRMED")
        #expect(event["DTSTART"] == "20261118T110640Z" && event["DTEND"] == "20261118T130640Z")
        #expect(event["SUMMARY"] == "change-1: patches" && event["DESCRIPTION"] == "a\nb")
    }

    @Test func whatIsGivenUpIsCancelledAndBlocksNobody() throws {
        let event = try #require(try events(CalendarFeed([item(status: .cancelled)]).text(at: Self.time)).first)
        #expect(event["STATUS"] == "CANCELLED" && event["TRANSP"] == "TRANSPARENT")
    }

    @Test(arguments: [
        "a;b,c\\d", "x\r\nBEGIN:VALARM\r\nACTION:AUDIO", "\u{0007}bell", String(repeating: "漢字", count: 200),
        String(repeating: "👩‍👩‍👧", count: 60), String(repeating: "a\\,", count: 100), "",
    ])
    func whateverStandsInAReasonIsText(reason: String) throws {
        let text = CalendarFeed([item(summary: reason), item("other@fettle")]).text(at: Self.time)
        let events = try events(text)
        #expect(events.count == 2 && !text.contains("\r\nBEGIN:VALARM"))
        let wanted = String(
            String.UnicodeScalarView(
                reason.unicodeScalars.map { $0 != "\n" && $0.properties.generalCategory == .control ? " " : $0 }))
        #expect(events.contains { ($0["SUMMARY"] ?? "") == wanted }, "\(events)")
    }

    @Test func theOrderDoesNotDependOnWhereItCameFrom() {
        let items = (0..<20).map { item("change-\($0)@fettle") }
        #expect(
            CalendarFeed(items).text(at: Self.time) == CalendarFeed(items.reversed()).text(at: Self.time))
    }
}
