import FettleModel
import Testing

@testable import FettleInventory

/// `traffic: {driver: elbv2}`: members of target groups of AWS's load balancers.
@Suite struct TargetGroupFileTests {
    private static let arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/web/73e2d6bc24d8a067"

    private static func fleet(endpoint: String = arn, backend: String = "web", extra: String = "") -> String {
        """
        version: 1
        defaults: {environment: dev}
        resources: ["web-[1:2]", bastion]
        groups:
          - id: g
            members: ["web-*"]
            minimumAvailable: 1
            traffic: {driver: elbv2, via: bastion, endpoint: "\(endpoint)", backend: \(backend)}
        \(extra)
        """
    }

    @Test func itIsWrittenAsItIsRead() throws {
        let fleet = try FleetFile.parse(Self.fleet()).fleet
        let traffic = try #require(fleet.group("g")?.traffic)
        #expect(traffic.driver == "elbv2" && traffic.endpoint == Self.arn && traffic.via == "bastion")
        #expect(try FleetFile.parse(FleetWriter().text(fleet)).fleet == fleet)
    }

    @Test func whatCannotWorkIsTold() {
        func found(_ text: String, _ words: String) {
            let all = problems { try FleetFile.parse(text, file: "f") }
            #expect(all.contains { $0.contains(words) }, "\(all)")
        }
        for arn in ["web", "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/web/1"] {
            found(Self.fleet(endpoint: arn), "is not the ARN of a target group; such as arn:aws:")
        }
        found(Self.fleet(backend: "api"), "is called 'web', and 'backend' is 'api'; write 'backend: web'")
        found(Self.fleet(extra: "    strategy: {blueGreen: {active: a}}"), "blueGreen cannot turn the traffic of elbv2")
        found(Self.fleet(extra: "    probes: [{balancer: }]"), "elbv2 checks only those that are in")
    }
}
