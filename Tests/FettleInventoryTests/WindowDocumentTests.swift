import FettleInventory
import FettleModel
import Foundation
import Testing

/// docs/windows.md promises that its examples work and that its table of changing clocks is true.
@Suite("The page about windows says what is so")
struct WindowDocumentTests {
    private static let page: String = {
        let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return (try? String(contentsOf: root.appending(path: "docs/windows.md"), encoding: .utf8)) ?? ""
    }()

    private func blocks(_ language: String) -> [String] {
        Self.page.components(separatedBy: "```\(language)\n").dropFirst().map {
            String($0.components(separatedBy: "```")[0])
        }
    }

    @Test func itsExamplesAreReadWithoutAWord() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "fettle-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let calendars = blocks("ics")
        #expect(calendars.count == 1)
        let file = folder.appending(path: "change-freezes.ics")
        try calendars.joined().write(to: file, atomically: true, encoding: .utf8)
        let now = Timestamp("2026-11-23T09:30:00Z")
        let readings = try blocks("yaml").map { text in
            try PolicyFile.parse(text, file: folder.appending(path: "policy.yaml").path, now: now)
        }
        #expect(readings.map(\.warnings) == [[], [], []])
        #expect(readings.map(\.policy.windows.count) == [4, 0, 0])
        #expect(readings.map(\.policy.freezes.count) == [0, 3, 1])
        #expect(readings[2].policy.freezes[0].events.map(\.summary) == ["Black Friday", "Stocktaking"])
    }

    @Test func itsTableOfChangingClocksIsTrue() throws {
        let rows = Self.page.split(separator: "\n").map(String.init).filter {
            $0.hasPrefix("| Europe/") || $0.hasPrefix("| America/")
        }
        #expect(rows.count == 8)
        for row in rows {
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            let night = cells[0].split(separator: " ")
            let window = cells[1].split(separator: " ")
            let policy = try PolicyFile.parse(
                """
                version: 1
                windows: [{id: w, start: "\(window[0])", duration: \(window[2]), timeZone: \(night[0]), recurrence: FREQ=DAILY}]
                """
            ).policy
            let event = try #require(policy.windows.first?.events.first)
            let zone = event.timeZone
            let midnight = zone.moment(of: LocalDateTime(date: try #require(LocalDate(night[1])), secondOfDay: 0))
            let found = try #require(
                event.occurrences(from: midnight, to: midnight.adding(seconds: 86_400)).first { $0.opensAt >= midnight }
            )
            #expect([found.opensAt, found.closesAt].map { Self.text($0, in: zone) } == [cells[2], cells[3]], "\(row)")
        }
    }

    /// `02:30 +01:00`.
    private static func text(_ moment: Timestamp, in zone: TimeZoneName) -> String {
        let minutes = Int((wall(moment, zone) - Double(moment.milliseconds) / 1_000) / 60)
        let offset = TimeOfDay.text(abs(minutes) * 60)
        return "\(TimeOfDay.text(zone.local(at: moment).secondOfDay)) \(minutes < 0 ? "-" : "+")\(offset)"
    }

    private static func wall(_ moment: Timestamp, _ zone: TimeZoneName) -> Double {
        let local = zone.local(at: moment)
        return Double(local.date.dayNumber * 86_400 + local.secondOfDay)
    }
}
