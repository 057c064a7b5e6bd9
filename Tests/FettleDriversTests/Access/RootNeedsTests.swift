import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

extension RootNeeds {
    static func with(_ change: (inout RootNeeds) -> Void) -> RootNeeds {
        var needs = RootNeeds()
        change(&needs)
        return needs
    }
}

@Suite("What hosts are beside ordinary ones, for their rules")
struct RootNeedsTests {
    private static func fleet(_ groups: ResourceGroup..., hypervisors: Set<String> = []) -> Fleet {
        let hosts = ["lb-1", "web-1", "hv-1", "hv-2", "hv-3", "pve-1"].map { id in
            Resource(
                id: ResourceID(id), kind: hypervisors.contains(id) ? .hypervisor : .host,
                address: .ssh(id == "hv-2" ? "10.0.0.2" : id),
                environment: "production", serviceModel: .onPremises)
        }
        return Fleet(environments: [.init(id: "production", isProtected: true)], resources: hosts, groups: groups)
    }

    @Test func anOrdinaryHostNeedsNothingBesideAndIsNotAmongThem() {
        let web = ResourceGroup(id: "web", members: ["web-1"], minimumAvailable: .count(0))
        #expect(RootNeeds.of(Self.fleet(web)).isEmpty)
    }

    @Test func aLoadBalancerNeedsItsSocketAndTheMapOfItsSidesOnceHoweverManyPoolsItHas() {
        let plain = TrafficBinding(driver: "haproxy", via: "lb-1", endpoint: "/run/haproxy/admin.sock", backend: "web")
        var sided = plain
        sided.sides = TrafficSides(map: "/etc/haproxy/sides.map", sides: [])
        let groups = [plain, plain, sided].enumerated().map { place, traffic in
            ResourceGroup(
                id: GroupID("pool-\(place)"), members: ["web-1"], minimumAvailable: .count(0), traffic: traffic)
        }
        let needs = RootNeeds.of(Self.fleet(groups[0], groups[1], groups[2]))
        #expect(Array(needs.keys) == ["lb-1"])
        #expect(needs["lb-1"]?.haproxySockets == ["/run/haproxy/admin.sock"])
        #expect(needs["lb-1"]?.haproxyMaps == ["/etc/haproxy/sides.map"])
    }

    @Test func aHypervisorReachesTheOthersOfItsPoolByTheirAddressesAndServesAllMachinesOfTheFleet() {
        let pool = ResourceGroup(
            id: "hv", kind: .hypervisorPool, members: ["hv-1", "hv-2", "hv-3"], minimumAvailable: .count(2),
            machines: MachineRules(driver: "libvirt"))
        let machines = ResourceGroup(
            id: "web", members: ["web-1"], minimumAvailable: .count(0),
            strategy: .replace(
                image: "base", maxUnavailable: .count(1), maxSurge: .count(0),
                machines: ImageMachines(driver: "libvirt", images: "/srv/images", bakeSeconds: 0, keepSeconds: 60)),
            snapshot: SnapshotRules(driver: "libvirt"))
        let needs = RootNeeds.of(Self.fleet(pool, machines))
        #expect(Set(needs.keys) == ["hv-1", "hv-2", "hv-3"])
        #expect(needs["hv-1"]?.hypervisors == ["qemu+tls://10.0.0.2/system", "qemu+tls://hv-3/system"])
        #expect(needs["hv-2"]?.images == ["/srv/images"])
        #expect(needs["hv-2"]?.snapshots == true && needs["hv-2"]?.disks == [])
    }

    @Test func aLoneHypervisorIsStillAskedForItsMachines() throws {
        let pool = ResourceGroup(
            id: "hv", kind: .hypervisorPool, members: ["hv-1"], minimumAvailable: .count(0),
            machines: MachineRules(driver: "libvirt"))
        let needs = try #require(RootNeeds.of(Self.fleet(pool))["hv-1"])
        let rules = Set(try BuiltInDrivers.sudoRules(for: needs)).subtracting(try BuiltInDrivers.sudoRules())
        #expect(!rules.isEmpty)
        #expect(rules.allSatisfy { $0.program == VirshCommand.program && $0.reasonIfExact == "Reads only." })
    }

    /// As docs/hypervisors.md has it: a pool without `machines` is emptied by libvirt.
    @Test func aPoolWithoutRulesIsLibvirtsAndSoIsAHypervisorInNoPool() {
        let pool = ResourceGroup(
            id: "hv", kind: .hypervisorPool, members: ["hv-1", "hv-2"], minimumAvailable: .count(1))
        let web = ResourceGroup(
            id: "web", members: ["web-1"], minimumAvailable: .count(0), snapshot: SnapshotRules(driver: "libvirt"))
        let needs = RootNeeds.of(Self.fleet(pool, web, hypervisors: ["hv-1", "hv-2", "hv-3"]))
        #expect(needs["hv-1"]?.hypervisors == ["qemu+tls://10.0.0.2/system"])
        #expect(needs["hv-3"]?.hypervisors == [] && needs["hv-3"]?.snapshots == true)
    }

    /// `virsh define` is as much as root.
    @Test func machinesOfOneEnvironmentGiveNoRightsOnHypervisorsOfAnother() {
        let pool = ResourceGroup(
            id: "hv", kind: .hypervisorPool, members: ["hv-1", "hv-2"], minimumAvailable: .count(1))
        let web = ResourceGroup(
            id: "web", members: ["web-1"], minimumAvailable: .count(0), snapshot: SnapshotRules(driver: "libvirt"))
        var fleet = Self.fleet(pool, web)
        fleet.environments.append(.init(id: "dev", isProtected: false))
        for place in fleet.resources.indices where fleet.resources[place].id == "web-1" {
            fleet.resources[place].environment = "dev"
        }
        #expect(RootNeeds.of(fleet)["hv-1"]?.snapshots == false)
    }

    @Test func onlyWhoIsShutDownForGoodMayBe() throws {
        let sides = ResourceGroup(
            id: "web", members: ["web-1", "hv-1"], minimumAvailable: .count(1),
            strategy: .blueGreen(active: "blue", keepSeconds: 60, then: .retire))
        let needs = RootNeeds.of(Self.fleet(sides))
        #expect(needs["web-1"]?.retires == true && needs["lb-1"] == nil)
        func mayPowerOff(_ needs: RootNeeds) throws -> Bool {
            try BuiltInDrivers.sudoRules(for: needs).contains { $0.permits(SystemRules.powerOff) }
        }
        #expect(try mayPowerOff(try #require(needs["web-1"])))
        #expect(try !mayPowerOff(RootNeeds()))
    }

    @Test func aNodeOfProxmoxHasTheRulesOfItsOwnNameAlone() throws {
        let pool = ResourceGroup(
            id: "pve", kind: .hypervisorPool, members: ["pve-1", "hv-1"], minimumAvailable: .count(1),
            machines: MachineRules(driver: "proxmox"))
        let needs = RootNeeds.of(Self.fleet(pool))
        #expect(needs["pve-1"]?.proxmoxNodes == ["pve-1"] && needs["hv-1"]?.proxmoxNodes == ["hv-1"])
        #expect(needs["pve-1"]?.hypervisors == nil)
    }
}
