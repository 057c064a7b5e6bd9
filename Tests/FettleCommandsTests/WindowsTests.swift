import FettleControl
import FettleModel
import Foundation
import Testing

@testable import FettleCommands

/// The coming windows, as the terminal shows them.
@Suite struct WindowsTests {
    private static let fleet = """
        version: 1
        resources:
          - {id: batch-1, environment: qa}
          - {id: "web-[1:2]", environment: production}
        groups:
          - {id: web, members: ["web-*"], minimumAvailable: 1}
        """

    private static let policy = """
        version: 1
        windows:
          - {id: nights, recurrence: "FREQ=WEEKLY;BYDAY=SA,SU", start: "22:00", duration: 4h, timeZone: Europe/Berlin,
             environments: [production]}
        freezes:
          - {id: year-end, reason: closing of the year, from: 2026-12-18, to: 2027-01-03, timeZone: Europe/Berlin,
             environments: [production]}
        """

    private struct Answer {
        var output: String
        var error: String
    }

    private static func run(_ words: [String], policy: String = policy) async throws -> (Answer, Int32) {
        let folder = try TestFolder()
        try folder.write(fleet, to: "fleet.yaml")
        try folder.write(policy, to: "policy.yaml")
        let program = try Program(["windows", "--now", "2026-11-23T09:00:00Z"] + words, in: folder)
        let status = try await program.end()
        // The folder goes with its last name.
        return withExtendedLifetime(folder) { (Answer(output: program.output, error: program.error), status) }
    }

    /// The manual shows these lines (docs/windows.md).
    @Test func windowsAndFreezesAreShownOnTheirOwnClock() async throws {
        let (program, status) = try await Self.run(["--days", "30"])
        #expect(status == 0)
        let lines = program.output.split(separator: "\n").map(String.init)
        #expect(lines.first == "Mon 2026-11-23 10:00 to Wed 2026-12-23 10:00, times in Europe/Berlin")
        let manual = try String(contentsOf: Manual.page("windows.md"), encoding: .utf8)
        for line in lines { #expect(manual.contains("    \(line)\n"), "\(line)") }
        #expect(lines.count == 10)
        #expect(!program.output.contains("2026-12-19"), "what is frozen is not open: \(program.output)")
    }

    @Test func oneNameIsShownAlone() async throws {
        let (web, status) = try await Self.run(["--for", "web-2", "--days", "7", "--time-zone", "UTC"])
        #expect(status == 0)
        #expect(web.output.contains("times in UTC"))
        #expect(web.output.contains("Sat 2026-11-28 21:00  Sun 2026-11-29 01:00"), "\(web.output)")
        #expect(!web.output.contains("batch-1"))
    }

    @Test func whatNeverOpensIsSaidSo() async throws {
        let policy = Self.policy + "\nwithoutWindow: never\n"
        let (program, status) = try await Self.run(["--days", "3"], policy: policy)
        #expect(status == 0)
        #expect(program.output.contains("never: no window is for it"), "\(program.output)")
        #expect(program.output.contains("closed: nothing opens up to"), "\(program.output)")
    }

    @Test(arguments: [
        (["--for", "nobody"], "the fleet has no host, group or environment called nobody"),
        (["--days", "0"], "--days takes a number"),
        (["--days", "999999999999999999999"], "--days"), (["--time-zone", "CEST"], "--time-zone takes a name"),
        (["--now", "yesterday"], "--now"),
    ])
    func aWrongWordIsToldWithWhatWouldBeRight(words: [String], told: String) async throws {
        let (program, status) = try await Self.run(words)
        #expect(status == 2)
        #expect(program.output == "")
        #expect(program.error.contains(told), "\(program.error)")
    }
}

/// The pages under docs.
enum Manual {
    static func page(_ name: String) -> URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../docs/\(name)")
    }
}
