import FettleModel
import Testing

@testable import FettleInventory

/// `traffic: {driver: keepalived}`: members that hand an address to each other.
@Suite struct KeepalivedFileTests {
    private static func fleet(
        endpoint: String = "/etc/keepalived/fettle/priority", backend: String = "10.0.0.100", via: String = "lb-1",
        members: String = "\"lb-*\""
    ) -> String {
        """
        version: 1
        defaults: {environment: dev}
        resources: ["lb-[1:2]", web-1]
        groups:
          - id: g
            members: [\(members)]
            minimumAvailable: \(members == "lb-1" ? 0 : 1)
            traffic: {driver: keepalived, via: \(via), endpoint: "\(endpoint)", backend: "\(backend)"}
        """
    }

    @Test func itIsWrittenAsItIsRead() throws {
        let fleet = try FleetFile.parse(Self.fleet()).fleet
        let traffic = try #require(fleet.group("g")?.traffic)
        #expect(traffic.driver == "keepalived" && traffic.backend == "10.0.0.100")
        #expect(try FleetFile.parse(FleetWriter().text(fleet)).fleet == fleet)
    }

    @Test func whatCannotWorkIsTold() {
        func found(_ text: String, _ words: String) {
            let all = problems { try FleetFile.parse(text, file: "f") }
            #expect(all.contains { $0.hasPrefix("f:8") && $0.contains(words) }, "\(all)")
        }
        for path in ["/run/keepalived/priority", "/var/run/x", "priority", "/etc/$(id)", "/etc/../x"] {
            found(Self.fleet(endpoint: path), "the track file of keepalived")
        }
        for address in ["web", "10.0.0", "10.0.0.256", "10.0.0.1.1"] {
            found(Self.fleet(backend: address), "no virtual address")
        }
        found(Self.fleet(via: "web-1"), "is none of the group")
        found(Self.fleet(members: "lb-1"), "no other member")
    }

    /// - Parameter groups: the members and the balancer of each group behind the pair.
    private static func behind(_ groups: [(members: String, via: String)]) -> String {
        let head = """
            version: 1
            defaults: {environment: dev}
            resources: ["lb-[1:3]", "web-[1:3]", other]
            groups:
              - id: pair
                members: ["lb-*"]
                minimumAvailable: 1
                traffic: {driver: keepalived, via: lb-1, endpoint: /etc/keepalived/fettle/priority, backend: "10.0.0.100"}
            """
        let rest = groups.enumerated().map { index, group in
            """
              - id: web-\(group.via)-\(index)
                members: [\(group.members)]
                minimumAvailable: 1
                traffic: {driver: nginx, via: \(group.via), endpoint: /etc/nginx/up/web.servers, backend: web}
            """
        }
        return ([head] + rest).joined(separator: "\n")
    }

    @Test func whoIsOutAtOneBalancerOfAPairAloneIsNotOut() throws {
        let pool = "web-1, web-2"
        for groups in [
            [(pool, "lb-1")], [(pool, "lb-2"), (pool, "lb-1")], [(pool, "lb-1"), (pool, "lb-2"), ("web-1", "lb-3")],
        ] {
            let found = problems { try FleetFile.parse(Self.behind(groups), file: "f") }
            #expect(found.contains { $0.contains("hands its address to") && $0.contains("lb-3") }, "\(found)")
        }
        let all = problems {
            try FleetFile.parse(Self.behind([(pool, "lb-1"), ("web-2, web-1", "lb-2"), (pool, "lb-3")]), file: "f")
        }
        #expect(all == [])
        #expect(problems { try FleetFile.parse(Self.behind([(pool, "other")]), file: "f") } == [])
    }
}
