import Testing

@testable import FettleInventory

/// Every mistake in probes is told at once, each with its line and with what would be right.
@Suite struct ProbeProblemTests {
    private static let text = """
        version: 1
        defaults: {environment: dev}
        resources: [web-1]
        groups:
          - id: a
            members: [web-1]
            minimumAvailable: 0
            probes:
              - {prometheus: {url: "http://p", query: up}}
              - {prometheus: {url: "http://p", query: up, over: 1m, below: 1}, samples: 9, maximumAge: 5s, name: b}
              - {log: {file: x, pattern: a, atMost: -1}}
              - {tls: {port: 0, authorities: x, leastDays: 9999}}
              - {cluster: {patroni: {url: "http://{host}:8008/?x"}}}
              - {balancer: }
              - {tcp: 80, samples: 5, interval: 10s, maximumAge: 30s}
            groupProbes:
              - {http: "http://{host}/"}
              - {unit: nginx}
              - {tls: 443}
        """

    private static let told = [
        (9, "'prometheus' has no condition"), (9, "give it exactly one of below, above, atMost, atLeast"),
        (10, "over 60s there are at most 5 values 15s apart, not 9"),
        (10, "9 values 15s apart are not there by the deadline of 60s; a deadline above 120s"),
        (10, "values 15s apart are older than the maximumAge of 5s; at least 15s"),
        (11, "'x' is no absolute path of a file"), (11, "atMost must be a whole number from 0"),
        (12, "port must be a whole number from 1"), (12, "'x' is no absolute path of a file"),
        (12, "leastDays must be a whole number from 0 to 3650"), (13, "is more than the address of a server"),
        (13, "'patroni' has no 'members'"), (8, "the group has no 'traffic'"),
        (15, "the first is older than the maximumAge of 30s"), (17, "speaks of a member's {host} or {id}"),
        (18, "is asked of a member"), (19, "has no 'host'"),
    ]

    @Test func allAreToldAtOnceWithTheirLines() {
        let found = problems { try FleetFile.parse(Self.text, file: "f") }
        for (line, words) in Self.told {
            #expect(
                found.contains { "\($0)".contains("f:\(line):") && "\($0)".contains(words) },
                "line \(line): \(words)\n\(found.map { "\($0)" }.joined(separator: "\n"))")
        }
    }

    @Test func littleAndOldDataAreNotTakenForGranted() {
        let text = Self.text.replacing("query: up}}", with: "query: up, below: 1}}")
        let found = problems { try FleetFile.parse(text, file: "f") }.map { "\($0)" }
        #expect(found.contains { $0.contains("f:9:") && $0.contains("needs 'samples'") })
        #expect(found.contains { $0.contains("f:9:") && $0.contains("needs 'maximumAge'") })
    }

    @Test(arguments: [
        #"{http: "http://carol:hunter2@{host}/"}"#, #"{http: {url: "https://hunter2@{host}:8443/x"}}"#,
        #"{prometheus: {url: "https://carol:hunter2@p", query: up, below: 1, samples: 1, maximumAge: 60s}}"#,
        #"{cluster: {patroni: {url: "http://carol:hunter2@{host}:8008", members: 3}}}"#,
    ])
    func aPasswordInAnAddressIsRefusedAndNotRepeated(probe: String) throws {
        let text = """
            version: 1
            defaults: {environment: dev}
            resources: [web-1]
            groups:
              - {id: a, members: [web-1], minimumAvailable: 0, probes: [\(probe)]}
            """
        let found = problems { try FleetFile.parse(text, file: "f") }.map { "\($0)" }
        #expect(found.contains { $0.contains("f:5:") && $0.contains("holds a user or a password") }, "\(found)")
        #expect(!found.contains { $0.contains("hunter2") }, "\(found)")
    }

    @Test func anAtSignBehindTheHostIsNoPassword() throws {
        let text = """
            version: 1
            defaults: {environment: dev}
            resources: [web-1]
            groups:
              - {id: a, members: [web-1], minimumAvailable: 0, probes: [{http: "http://{host}/users/@carol?x=a@b"}]}
            """
        #expect(problems { try FleetFile.parse(text, file: "f") }.isEmpty)
    }
}
