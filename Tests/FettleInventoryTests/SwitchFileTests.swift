import FettleModel
import Foundation
import Testing

@testable import FettleInventory

/// `switch`: where a load balancer turns two sides at once.
@Suite struct SwitchFileTests {
    static func fleet(_ turn: String, strategy: String = "{blueGreen: {active: blue}}") -> String {
        """
        version: 1
        defaults: {environment: dev}
        resources:
          - {id: "b-[1:2]", failureDomain: blue}
          - {id: "g-[1:2]", failureDomain: "12"}
          - lb
        groups:
          - id: g
            members: ["b-*", "g-*"]
            minimumAvailable: 2
            strategy: \(strategy)
            probes: [{tcp: 80}]
            traffic:
              driver: haproxy
              via: lb
              endpoint: /run/haproxy/admin.sock
              backend: pair
              switch: \(turn)
        """
    }

    static let map = "{map: /etc/haproxy/sides.map, backends: {blue: pair-blue, \"12\": pair-12}}"

    @Test func eachSideHasItsBackendAndTheFleetIsWrittenAsItIsRead() throws {
        let reading = try FleetFile.parse(Self.fleet(Self.map))
        let traffic = try #require(reading.fleet.group("g")?.traffic)
        #expect(
            traffic.sides
                == TrafficSides(
                    map: "/etc/haproxy/sides.map",
                    sides: [
                        TrafficSide(backend: "pair-12", members: ["g-1", "g-2"]),
                        TrafficSide(backend: "pair-blue", members: ["b-1", "b-2"]),
                    ]))
        #expect(traffic.backend(of: "b-2") == "pair-blue" && traffic.backend(of: "g-1") == "pair-12")
        #expect(try FleetFile.parse(FleetWriter().text(reading.fleet)).fleet == reading.fleet)
    }

    @Test(arguments: [
        ("{map: /m}", "'switch' has no 'backends'"),
        ("{backends: {blue: a, \"12\": b}}", "'switch' has no 'map'"),
        ("{map: m, backends: {blue: a, \"12\": b}}", "'m' cannot be the file of a map"),
        ("{map: \"/m;rm -rf /\", backends: {blue: a, \"12\": b}}", "cannot be the file of a map"),
        ("{map: /m/../n, backends: {blue: a, \"12\": b}}", "cannot be the file of a map"),
        ("{map: /m, backends: {blue: a}}", "the backend of each of the two sides"),
        ("{map: /m, backends: {blue: a, \"12\": b, red: c}}", "the backend of each of the two sides"),
        ("{map: /m, backends: {blue: a, gren: b}}", "no member of the group has the failure domain 'gren'"),
        ("{map: /m, backends: {blue: a, \"12\": a}}", "both sides have the backend 'a'"),
        ("{map: /m, backends: {blue: \"a;b\", \"12\": b}}", "the name of a backend"),
        ("[]", "'switch'"),
    ])
    func whatCannotWorkIsToldWithItsPlace(turn: String, words: String) {
        let found = problems { try FleetFile.parse(Self.fleet(turn), file: "f") }
        #expect(found.contains { $0.hasPrefix("f:") && $0.contains(words) }, "\(found)")
    }

    @Test func aMapIsOneGroupsAlone() {
        let text = Self.fleet(Self.map)
        let second = text.components(separatedBy: "groups:\n")[1].replacing("id: g", with: "id: h")
        let found = problems { try FleetFile.parse(text + "\n" + second, file: "f") }
        #expect(found.contains { $0.contains("is the group 'g''s already") }, "\(found)")
    }

    @Test func onlyBlueGreenHasOne() {
        let found = problems { try FleetFile.parse(Self.fleet(Self.map, strategy: "rolling"), file: "f") }
        #expect(found.contains { $0.contains("only blueGreen") }, "\(found)")
    }
}
