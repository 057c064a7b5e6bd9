import FettleModel
import Foundation
import Testing

@testable import FettleInventory

/// A driver that nobody knows is told when the fleet is read, not when its run starts.
@Suite struct DriverFileTests {
    private static func fleet(_ more: String, strategy: String = "rolling") -> String {
        """
        version: 1
        defaults: {environment: dev}
        resources: [{id: "a-[1:2]", failureDomain: a}, {id: "b-[1:2]", failureDomain: b}, lb]
        groups:
          - id: g
            kind: hypervisorPool
            members: ["a-*", "b-*"]
            minimumAvailable: 2
            strategy: \(strategy)
            \(more)
        """
    }

    @Test func anUnknownDriverOfTrafficIsTold() {
        let text = Self.fleet("traffic: {driver: haprox, via: lb, endpoint: /run/h.sock, backend: web}")
        #expect(
            problems { try FleetFile.parse(text, file: "f") } == [
                "f:10:23: nothing takes members out of traffic by 'haprox'; there is: haproxy, nginx, keepalived, elbv2"
            ])
    }

    @Test func anUnknownDriverOfMachinesIsTold() {
        #expect(
            problems { try FleetFile.parse(Self.fleet("machines: {driver: libvrt}"), file: "f") } == [
                "f:10:24: nothing moves machines by 'libvrt'; there is: libvirt, proxmox, openstack, vcenter"
            ])
    }

    @Test func proxmoxIsReadWithTheWayIntoItsAPI() throws {
        let text = Self.fleet("machines: {driver: proxmox, api: {token: {env: PVE_TOKEN}}}")
        let rules = try #require(try FleetFile.parse(text, file: "f").fleet.groups[0].machines)
        #expect(rules.api == MachineAPI(url: "https://{host}:8006", token: .environment("PVE_TOKEN")))
    }

    /// What has no effect would be believed to hold.
    @Test func whatADriverHasNoUseForIsTold() {
        let found = problems {
            try FleetFile.parse(
                Self.fleet("machines: {driver: proxmox, destination: \"a{host}\", whenTooSlow: postCopy}"), file: "f")
        }
        #expect(found.count == 3, "\(found)")
        #expect(found.contains { $0.contains("needs 'api'") && $0.contains("{token: {file: pve.token}}") })
        #expect(found.contains { $0.contains("takes no 'destination': its nodes know each other") })
        #expect(found.contains { $0.contains("cannot do 'postCopy'") })
        let other = problems {
            try FleetFile.parse(Self.fleet("machines: {driver: libvirt, api: {token: {env: A}}}"), file: "f")
        }
        #expect(other.count == 1 && other[0].contains("asks no API"), "\(other)")
    }

    @Test func openstackIsReadWithItsKeystone() throws {
        let text = Self.fleet(
            "machines: {driver: openstack, sharedDirectories: [/var/lib/nova/instances], "
                + "api: {url: \"https://cloud.example/identity/v3\", token: {file: cloud.credential}}}")
        let rules = try #require(try FleetFile.parse(text, file: "f").fleet.groups[0].machines)
        #expect(
            rules.api == MachineAPI(url: "https://cloud.example/identity/v3", token: .file("cloud.credential")))
        let found = problems {
            try FleetFile.parse(
                Self.fleet(
                    "machines: {driver: openstack, bandwidth: 5, encrypted: true, destination: \"a{host}\", "
                        + "whenTooSlow: postCopy, api: {token: {env: A}}}"), file: "f")
        }
        #expect(found.count == 5, "\(found)")
        for words in [
            "'api' has no 'url'", "takes no 'bandwidth': nova.conf says it", "takes no 'encrypted'",
            "takes no 'destination': its hosts know each other", "cannot do 'postCopy'",
        ] {
            #expect(found.contains { $0.contains(words) }, "\(words)")
        }
    }

    @Test func vcenterIsReadWithItsAddress() throws {
        let text = Self.fleet(
            "machines: {driver: vcenter, timeLimit: 5m, apart: [[a, b]], "
                + "api: {url: \"https://vcenter.example\", token: {file: vcenter.credential}}}")
        let rules = try #require(try FleetFile.parse(text, file: "f").fleet.groups[0].machines)
        #expect(rules.api == MachineAPI(url: "https://vcenter.example", token: .file("vcenter.credential")))
        let found = problems {
            try FleetFile.parse(
                Self.fleet(
                    "machines: {driver: vcenter, bandwidth: 5, encrypted: true, destination: \"a{host}\", "
                        + "sharedDirectories: [/a], whenTooSlow: postCopy, api: {token: {env: A}}}"),
                file: "f")
        }
        #expect(found.count == 6, "\(found)")
        for words in [
            "'api' has no 'url'", "takes no 'bandwidth': vCenter says it", "takes no 'encrypted'",
            "takes no 'sharedDirectories'", "takes no 'destination'", "cannot do 'postCopy'",
        ] {
            #expect(found.contains { $0.contains(words) }, "\(words)")
        }
        for url in ["https://{host}", "https://vcenter.example/sdk", "http://vcenter.example"] {
            let refused = problems {
                try FleetFile.parse(
                    Self.fleet("machines: {driver: vcenter, api: {url: \"\(url)\", token: {env: A}}}"), file: "f")
            }
            #expect(refused.count == 1, "\(url): \(refused)")
        }
    }

    @Test func anUnknownDriverDoesNotLookLikeNone() {
        let text = Self.fleet(
            "traffic: {driver: haprox, via: lb, endpoint: /run/h.sock, backend: web}\n    probes: [{balancer: }]",
            strategy: "{blueGreen: {active: a}}")
        let found = problems { try FleetFile.parse(text, file: "f") }
        #expect(found.contains { $0.hasPrefix("f:10:23: nothing takes members out of traffic") }, "\(found)")
        #expect(!found.contains { $0.contains("no 'traffic'") || $0.contains("needs 'traffic'") }, "\(found)")
    }

    /// Editors offer what the schema lists.
    @Test func theSchemaListsTheDrivers() throws {
        let schema = try #require(try JSONSerialization.jsonObject(with: FleetSchema.json) as? [String: Any])
        let definitions = try #require(schema["$defs"] as? [String: Any])
        let group = try #require((definitions["group"] as? [String: Any])?["properties"] as? [String: Any])
        func listed(_ part: String) throws -> [String] {
            let properties = try #require((group[part] as? [String: Any])?["properties"] as? [String: Any])
            return try #require((properties["driver"] as? [String: Any])?["enum"] as? [String])
        }
        #expect(try listed("traffic") == TrafficReader.drivers)
        #expect(try listed("machines") == MachineRulesReader.drivers)
        #expect(try listed("snapshot") == SnapshotRulesReader.drivers)
    }
}
