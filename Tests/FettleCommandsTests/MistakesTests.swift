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
