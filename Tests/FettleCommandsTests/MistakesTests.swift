import FettleInventory
import FettleTestSupport
import Foundation
import Testing

/// Every mistake in the files is told at once: file, line, what is wrong and what would be right.
@Suite struct MistakesTests {
    private static let fleet = """
        version: 1
        environments: [qa, production]
        resources:
          - {id: web-1, environment: production, after: [web-2]}
          - {id: web-2, environment: production, after: [web-1]}
          - {id: web-3, environment: production}
        groups:
          - id: web
            members: [web-1, web-2, web-9]
            minimumAvailable: 7
            strategy: {rolling: {maxUnavailable: "150%"}}
          - id: two
            members: [web-3]
            strategy: {sideways: {}}
        """

    private static let policy = """
        version: 1
        windows:
          - {id: a, recurrence: FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30, start: "02:00", duration: 2h, timeZone: UTC}
          - {id: b, recurrence: FREQ=FORTNIGHTLY, start: "02:00", duration: 2h, timeZone: UTC}
          - {id: c, recurrence: FREQ=DAILY, start: "02:00", duration: 2h, timeZone: Europe/Berln}
          - {id: d, calendar: cut.ics}
        """

    /// What must be told, whatever the order.
    private static let told = [
        "fleet.yaml:5:", "resources wait for each other: web-1 after web-2 after web-1",
        "fleet.yaml:9:", "unknown resource 'web-9'; did you mean 'web-1'?",
        "fleet.yaml:10:", "minimumAvailable is 7, but the group has",
        "fleet.yaml:11:", "a share from 1% to 100%, but it is the text '150%'",
        "fleet.yaml:14:", "unknown strategy 'sideways'; one of: rolling",
        "policy.yaml:3:", "it never takes place",
        "policy.yaml:4:", "'FORTNIGHTLY' is no frequency; one of DAILY",
        "policy.yaml:5:", "unknown time zone 'Europe/Berln'; did you mean 'Europe/Berlin'?",
        "cut.ics:2:", "the file is cut off",
    ]

    private static func folder(fleet: String, policy: String) throws -> TestFolder {
        let folder = try TestFolder()
        try folder.write(fleet, to: "fleet.yaml")
        try folder.write(policy, to: "policy.yaml")
        try folder.write("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20261128T200000Z\n", to: "cut.ics")
        try folder.write("{}", to: "facts.json")
        try folder.write("{}", to: "findings.json")
        return folder
    }

    @Test(arguments: [
        ["inventory", "check"], ["scan"], ["plan"], ["policy"], ["windows"],
        ["plan", "--facts", "facts.json", "--findings", "findings.json", "--now", "2026-11-23T09:00:00Z"],
    ])
    func bothFilesMistakesAreToldAtOnce(words: [String]) async throws {
        let folder = try Self.folder(fleet: Self.fleet, policy: Self.policy)
        let program = try Program(words, in: folder)
        #expect(try await program.end() == 2)
        #expect(program.output == "")
        for word in Self.told { #expect(program.error.contains(word), "\(word)\n\(program.error)") }
        withExtendedLifetime(folder) {}
    }

    /// What is wrong in the fleet hides nothing of the policy: also what only the fleet's names tell.
    @Test(arguments: [
        ["inventory", "check"], ["policy"],
        ["plan", "--facts", "facts.json", "--findings", "findings.json", "--now", "2026-11-23T09:00:00Z"],
    ])
    func theNamesOfAFleetWithMistakesAreKnown(words: [String]) async throws {
        let policy = """
            version: 1
            approvals: {moon: {approvals: 2}}
            windows:
              - {id: a, recurrence: FREQ=DAILY, start: "02:00", duration: 2h, timeZone: UTC, resources: [web-7, web-1]}
              - {id: b, recurrence: FREQ=DAILY, start: "02:00", duration: 2h, timeZone: UTC, groups: [wob, two]}
            """
        let folder = try Self.folder(fleet: Self.fleet, policy: policy)
        let program = try Program(words, in: folder)
        #expect(try await program.end() == 2)
        for word in [
            "unknown strategy 'sideways'", "unknown environment 'moon'", "unknown resource 'web-7'",
            "unknown group 'wob'",
        ] {
            #expect(program.error.contains(word), "\(word)\n\(program.error)")
        }
        #expect(!program.error.contains("unknown group 'two'"), "it is declared, though wrongly\n\(program.error)")
        withExtendedLifetime(folder) {}
    }

    private struct Answer: Decodable {
        struct Problem: Decodable {
            var file: String
            var line: Int
            var column: Int
            var message: String
            var hint: String?
        }
        var problems: [Problem]
        var omitted: Int
        var warnings: [Problem]
        var resources: Int?
    }

    @Test func aProgramIsToldEachProblemByItself() async throws {
        let folder = try Self.folder(fleet: Self.fleet, policy: Self.policy)
        let program = try Program(["inventory", "check", "-o", "json"], in: folder)
        #expect(try await program.end() == 2)
        try MistakesTests.hasTheFormOfItsSchema(program.output)
        let answer = try JSONDecoder().decode(Answer.self, from: Data(program.output.utf8))
        #expect(answer.omitted == 0 && answer.resources == nil)
        let unknown = try #require(answer.problems.first { $0.message == "unknown resource 'web-9'" })
        #expect(unknown.file.hasSuffix("/fleet.yaml") && unknown.line == 9 && unknown.column == 29)
        #expect(unknown.hint == "did you mean 'web-1'?")
        #expect(
            Set(answer.problems.map { $0.file.split(separator: "/").last }) == ["fleet.yaml", "policy.yaml", "cut.ics"])
        #expect(program.error == "", "the answer has it all")

        // Other commands fail, and tell programs the same.
        let scan = try Program(["scan", "-o", "json"], in: folder)
        #expect(try await scan.end() == 2)
        #expect(scan.output == "")
        struct Failure: Decodable {
            struct Error: Decodable { var problems: [Answer.Problem] }
            var error: Error
        }
        let last = scan.error.split(separator: "\n").last ?? ""
        #expect(
            try JSONDecoder().decode(Failure.self, from: Data(last.utf8)).error.problems.count == answer.problems.count)
        withExtendedLifetime(folder) {}
    }

    @Test func rightFilesHaveNoProblemsAndTheirWarningsAreTold() async throws {
        let policy = "version: 1\nneverRestart: []\n"
        let folder = try Self.folder(
            fleet: "version: 1\nresources: [{id: web-1, environment: dev}]\n", policy: policy)
        let program = try Program(["inventory", "check", "-o", "json"], in: folder)
        #expect(try await program.end() == 0)
        try MistakesTests.hasTheFormOfItsSchema(program.output)
        let answer = try JSONDecoder().decode(Answer.self, from: Data(program.output.utf8))
        #expect(answer.problems.isEmpty && answer.resources == 1)
        #expect(answer.warnings.map(\.message).contains { $0.hasPrefix("neverRestart doesn't hold") })
        withExtendedLifetime(folder) {}
    }

    private static func hasTheFormOfItsSchema(_ text: String) throws {
        var schema = JSONSchema(try JSONValue(parsing: ProblemsSchema.json))
        #expect(schema.problems(of: try JSONValue(parsing: Data(text.utf8))) == [])
    }

    /// Names of the policy are held against the fleet, and a window that is over is told.
    @Test func aPolicyIsHeldAgainstTheFleetAndTheTime() async throws {
        let fleet = "version: 1\nresources: [{id: web-1, environment: dev}]\n"
        let window = { (scope: String) in
            "version: 1\nwindows:\n  - {id: w, start: 2020-11-28T20:00, duration: 2h, timeZone: UTC, \(scope)}\n"
        }
        let folder = try Self.folder(fleet: fleet, policy: window("resources: [nope]"))
        let unknown = try Program(["inventory", "check"], in: folder)
        #expect(try await unknown.end() == 2)
        #expect(unknown.error.contains("policy.yaml:3:"))
        #expect(unknown.error.contains("unknown resource 'nope'"), "\(unknown.error)")
        try folder.write(window("environments: [dev]"), to: "policy.yaml")
        let over = try Program(["inventory", "check"], in: folder)
        #expect(try await over.end() == 0)
        #expect(over.error.contains("'w' doesn't open within a year"), "\(over.error)")
    }
}
