import Testing

@testable import FettleInventory

/// A word in braces that nothing stands for is told when the fleet is read, not by a gate in the middle of a run.
@Suite struct PlaceholderTests {
    private static func fleet(_ probe: String, _ key: String = "probes") -> String {
        """
        version: 1
        defaults: {environment: dev}
        resources: [web-1]
        groups:
          - id: a
            members: [web-1]
            minimumAvailable: 0
            \(key): [\(probe)]
        """
    }

    private static let brace = "a brace itself is written %7B"

    @Test(arguments: [
        (#"{http: "http://{hst}:80/x"}"#, 21, "'{hst}' in the url; did you mean '{host}'?"),
        (#"{http: {url: "https://{Host}/"}}"#, 27, "'{Host}' in the url; did you mean '{host}'?"),
        (#"{http: "http://{host}/{id}"}"#, 21, "'{id}' in the url; there is {host} for the member's host; \(brace)"),
        (
            #"{cluster: {patroni: {url: "http://{hots}:8008", members: 3}}}"#, 40,
            "'{hots}' in the url; did you mean '{host}'?"
        ),
        (
            #"{prometheus: {url: "http://{shop}", query: up, below: 1}, samples: 1, maximumAge: 1m}"#, 33,
            "'{shop}' in the url; there is {host} for the member's host, {id} for its id; \(brace)"
        ),
    ])
    func anUnknownOneIsTold(probe: String, column: Int, words: String) {
        #expect(
            problems { try FleetFile.parse(Self.fleet(probe), file: "f") } == [
                "f:8:\(column): nothing stands for \(words)"
            ])
    }

    @Test func aGroupsProbeKnowsNone() {
        let text = Self.fleet(#"{http: "https://shop.example/{hots}"}"#, "groupProbes")
        #expect(
            problems { try FleetFile.parse(text, file: "f") } == [
                "f:8:26: nothing stands for '{hots}' in the url; the probe is asked once for the whole group: write it "
                    + "out; \(Self.brace)"
            ])
        let member = problems { try FleetFile.parse(Self.fleet(#"{http: "http://{id}/"}"#, "groupProbes"), file: "f") }
        #expect(member.count == 1 && member.first?.contains("speaks of a member's {host} or {id}") == true, "\(member)")
    }

    @Test(arguments: [
        #"{http: "http://{host}:80/{host}?a={}&b={1}&c=%7Bhots%7D"}"#,
        #"{http: {url: "http://{host}/", contains: "{hots}"}}"#, #"{log: {unit: nginx, pattern: "{hots}|a{2}"}}"#,
        #"{prometheus: {url: "http://{id}", query: 'up{job="{hots}"}', below: 1}, samples: 1, maximumAge: 1m}"#,
        #"{manual: "Does {hots} look right?"}"#,
        #"{command: [/bin/x, "%{host}", "${id}", "{print}", '{"host": 1}', "{}"]}"#,
    ])
    func otherBracesAreLeftAlone(probe: String) throws {
        #expect(try FleetFile.parse(Self.fleet(probe)).warnings == [])
    }

    /// `jq '{id}'` is right, so that a command is not refused.
    @Test func inACommandOneIsDoubted() throws {
        let text = Self.fleet(#"{command: [/bin/x, "{hots}", "a{id}b"]}"#)
        let hint = "in a command: the program gets it as it is; a command runs on the member itself, and can ask there"
        #expect(
            try FleetFile.parse(text, file: "f").warnings.map(\.description) == [
                "f:8:33: nothing stands for '{hots}' \(hint)", "f:8:43: nothing stands for '{id}' \(hint)",
            ])
    }
}
