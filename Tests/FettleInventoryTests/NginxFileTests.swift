import FettleModel
import Testing

@testable import FettleInventory

/// `traffic: {driver: nginx}`: what that driver cannot do is told when the fleet is read.
@Suite struct NginxFileTests {
    private static func fleet(
        _ endpoint: String = "/etc/nginx/upstreams/web.servers", strategy: String = "rolling",
        probe: String = "{tcp: 80}"
    ) -> String {
        """
        version: 1
        defaults: {environment: dev}
        resources: [{id: "a-[1:2]", failureDomain: a}, {id: "b-[1:2]", failureDomain: b}, lb]
        groups:
          - id: g
            members: ["a-*", "b-*"]
            minimumAvailable: 2
            strategy: \(strategy)
            probes: [\(probe)]
            traffic: {driver: nginx, via: lb, endpoint: "\(endpoint)", backend: web, server: "{id}.example"}
        """
    }

    @Test func itIsWrittenAsItIsRead() throws {
        let fleet = try FleetFile.parse(Self.fleet()).fleet
        let traffic = try #require(fleet.group("g")?.traffic)
        #expect(traffic.driver == "nginx" && traffic.endpoint == "/etc/nginx/upstreams/web.servers")
        #expect(traffic.serverName(of: "a-1") == "a-1.example")
        #expect(try FleetFile.parse(FleetWriter().text(fleet)).fleet == fleet)
    }

    @Test(arguments: ["web.servers", "/etc/../web", "/etc/web;reload", "/etc/$(id)", "/etc//web", "/run/a b"])
    func theFileIsAPlainPath(_ endpoint: String) {
        let found = problems { try FleetFile.parse(Self.fleet(endpoint), file: "f") }
        #expect(found.contains { $0.hasPrefix("f:10") && $0.contains("upstream of nginx") }, "\(found)")
    }

    @Test func whatNginxCannotDoIsTold() {
        let turn = problems { try FleetFile.parse(Self.fleet(strategy: "{blueGreen: {active: a}}"), file: "f") }
        #expect(turn.contains { $0.contains("blueGreen cannot turn the traffic of nginx") }, "\(turn)")
        let check = problems { try FleetFile.parse(Self.fleet(probe: "{balancer: }"), file: "f") }
        #expect(check.contains { $0.contains("nginx does not check its servers") }, "\(check)")
    }
}
