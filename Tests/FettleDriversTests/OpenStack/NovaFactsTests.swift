import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

/// What Nova tells before a plan is made.
@Suite("OpenStack, facts") struct NovaFactsTests {
    static func facts(
        _ cloud: PretendCloud, _ members: [ResourceID] = ["cmp1", "cmp2", "cmp3"], asked: Set<ResourceID>? = nil,
        rules: MachineRules? = NovaSteps.rules
    ) async -> [ResourceID: Observed<HypervisorFacts>] {
        let group = ResourceGroup(
            id: "compute", kind: .hypervisorPool, members: members, minimumAvailable: .count(1), machines: rules)
        return await NovaFacts(connect: { _ in cloud }).machines(of: group, asked: asked ?? Set(members))
    }

    private static func cloud(_ specifications: [String: [String: String]]) -> PretendCloud {
        NovaSteps.cloud { state in
            for (number, entry) in specifications.sorted(by: { $0.key < $1.key }).enumerated() {
                state.servers[PretendCloud.id(100 + number)] = .init(
                    name: entry.key, host: "cmp1", specifications: entry.value)
            }
        }
    }

    @Test func whatBindsAServerIsTold() async throws {
        let cloud = Self.cloud([
            "gpu": ["pci_passthrough:alias": "a100:1"], "vgpu": ["resources:VGPU": "1"],
            "vgpu-group": ["resources1:VGPU": "1"], "fpga": ["accel:device_profile": "p"],
            "port": ["resources:CUSTOM_FPGA": "1"], "sev": ["hw:mem_encryption": "True"],
            "tpm": ["hw:tpm_version": "2.0"], "pinned": ["hw:cpu_policy": "dedicated"],
            "mixed": ["hw:cpu_policy": "mixed"], "pcpu": ["resources:PCPU": "2"],
            "pages": ["hw:mem_page_size": "1GB"], "plain": ["hw:cpu_policy": "shared", "hw:mem_page_size": "any"],
            "plain-2": ["quota:cpu_shares": "1", "resources:VCPU": "2", "hw:mem_encryption": "false"],
        ])
        let known = try #require(await Self.facts(cloud)["cmp1"]?.value)
        #expect(known.memoryMebibytes == 32 * 1_024 && known.processors == 16)
        let free = known.residents.filter { $0.isBoundBecause == nil }.map(\.name).sorted()
        #expect(free == ["db-1", "plain", "plain-2", "web-1"])
        func reason(_ name: String) -> String? { known.residents.first { $0.name == name }?.isBoundBecause }
        #expect(
            reason("gpu") == "a device of the hypervisor is given to it (pci_passthrough:alias=a100:1)")
        #expect(reason("pinned")?.contains("hw:cpu_policy=dedicated") == true)
        #expect(cloud.now.acts.isEmpty)
    }

    @Test func whatAServersStateMeansIsTold() async throws {
        let cloud = NovaSteps.cloud { state in
            for (number, entry) in [
                ("paused", 3), ("rescued", 1), ("resized", 1), ("error", 1), ("building", 0), ("stopped", 4),
                ("suspended", 7), ("shelved", 4), ("soft-delete", 4),
            ].enumerated() {
                state.servers[PretendCloud.id(100 + number)] = .init(
                    name: entry.0, host: "cmp1", vmState: entry.0, powerState: entry.1)
            }
            state.servers[PretendCloud.id(120)] = .init(name: "busy", host: "cmp1", taskState: "image_snapshot")
            state.servers[PretendCloud.id(121)] = .init(name: "away", host: nil, vmState: "shelved_offloaded")
        }
        let residents = try #require(await Self.facts(cloud)["cmp1"]?.value).residents
        let running = residents.filter(\.isRunning).map(\.name).sorted()
        #expect(running == ["building", "busy", "db-1", "error", "paused", "rescued", "resized", "web-1"])
        let movable = residents.filter { $0.isRunning && $0.isBoundBecause == nil }.map(\.name).sorted()
        #expect(movable == ["db-1", "web-1"])
        #expect(residents.first { $0.name == "busy" }?.isBoundBecause?.contains("image_snapshot") == true)
        #expect(!residents.contains { $0.name == "away" }, "it is on no host")
    }

    @Test func disksThatAreNoVolumesNeedADirectoryThatIsSeenAlike() async throws {
        let cloud = NovaSteps.cloud { state in
            state.servers[PretendCloud.id(1)]?.hasImage = true
            state.servers[PretendCloud.id(2)]?.hasConfigDrive = true
            state.servers[PretendCloud.id(4)] = .init(name: "volumes", host: "cmp1")
        }
        let known = try #require(await Self.facts(cloud)["cmp1"]?.value)
        var rules = NovaSteps.rules
        func bound() -> [String] {
            known.ruled(by: rules).residents.filter { $0.isBoundBecause != nil }.map(\.name)
        }
        #expect(bound() == ["db-1", "web-1"])
        rules.sharedDirectories = ["/var/lib/nova/instances"]
        #expect(bound() == [])
    }

    @Test func groupsOfServersAreRulesOfTheirs() async throws {
        let cloud = NovaSteps.cloud { state in
            let (web, db, mail) = (PretendCloud.id(1), PretendCloud.id(2), PretendCloud.id(3))
            state.servers[PretendCloud.id(4)] = .init(name: "cache", host: "cmp1")
            state.groups = [
                .init(name: "spread", policy: "anti-affinity", most: 1, members: [web, mail, PretendCloud.id(99)]),
                .init(name: "some", policy: "anti-affinity", most: 2, members: [db, mail]),
                .init(name: "wish", policy: "soft-anti-affinity", members: [db, mail]),
                .init(name: "near", policy: "affinity", members: [db, PretendCloud.id(4)]),
                .init(name: "alone", policy: "affinity", members: [web]),
            ]
            state.pageSize = 2
        }
        let facts = await Self.facts(cloud)
        let residents = try #require(facts["cmp1"]?.value).residents
        func resident(_ name: String) -> ResidentMachine? { residents.first { $0.name == name } }
        #expect(resident("web-1")?.apartFrom == ["mail-1"] && resident("web-1")?.isBoundBecause == nil)
        #expect(resident("db-1")?.apartFrom == [])
        #expect(
            resident("db-1")?.isBoundBecause == "its server group near (affinity) keeps it beside cache")
        #expect(facts["cmp2"]?.value?.residents.first?.apartFrom == ["web-1"])
    }

    @Test func everyPageIsRead() async throws {
        let cloud = NovaSteps.cloud { state in
            for number in 100..<120 {
                state.servers[PretendCloud.id(number)] = .init(name: "s-\(number)", host: "cmp1")
            }
            state.pageSize = 3
        }
        let facts = await Self.facts(cloud)
        #expect(facts["cmp1"]?.value?.residents.count == 22 && facts["cmp2"]?.value?.residents.count == 1)
        #expect(facts["cmp3"]?.value?.memoryMebibytes == 32 * 1_024, "hypervisors come in pages too")
    }

    /// Without `os_compute_api:servers:allow_all_filters` the filter is dropped without a word.
    @Test func aFilterThatIsIgnoredIsMadeGood() async throws {
        let cloud = NovaSteps.cloud { $0.ignoresFilters = true }
        let facts = await Self.facts(cloud)
        #expect(facts["cmp1"]?.value?.residents.map(\.name) == ["db-1", "web-1"])
        #expect(facts["cmp3"]?.value?.residents.isEmpty == true)
    }

    @Test func onlyThoseThatWereAskedForAreTold() async {
        let cloud = NovaSteps.cloud()
        #expect(await Self.facts(cloud, asked: ["cmp2"]).keys.sorted() == ["cmp2"])
        #expect(await Self.facts(cloud, rules: MachineRules(driver: "libvirt")).isEmpty)
        #expect(await Self.facts(cloud, rules: nil).isEmpty)
    }

    @Test func aHostIsKnownByItsNameWithOrWithoutItsDomain() async {
        let cloud = NovaSteps.cloud { state in
            state.hosts["cmp4.one.example"] = .init(id: PretendCloud.id(904))
            state.hosts["cmp4.two.example"] = .init(id: PretendCloud.id(905))
            state.hosts["cmp5.example"] = .init(id: PretendCloud.id(906))
        }
        let facts = await Self.facts(
            cloud, ["cmp1.example.com", "cmp4.one.example", "cmp4", "cmp5", "cmp5.other", "none"])
        #expect(facts["cmp1.example.com"]?.value?.residents.count == 2)
        #expect(facts["cmp4.one.example"]?.value != nil && facts["cmp5"]?.value != nil)
        #expect(facts["cmp4"]?.reasonMissing?.contains("more than one compute service") == true)
        for other: ResourceID in ["cmp5.other", "none"] {
            #expect(facts[other]?.reasonMissing?.contains("no compute service on a host named as") == true)
        }
    }

    @Test func aHostThatIsDownOrKeptDisabledTakesNobody() async throws {
        let cloud = NovaSteps.cloud { state in
            state.hosts["cmp1"]?.isEnabled = false
            state.hosts["cmp1"]?.reason = "repair"
            state.hosts["cmp2"]?.isUp = false
            state.hosts["cmp3"]?.isEnabled = false
        }
        let facts = await Self.facts(cloud)
        #expect(facts["cmp1"]?.reasonMissing?.contains("disabled (repair)") == true)
        #expect(facts["cmp2"]?.reasonMissing == "the compute service of cmp2 does not report to Nova")
        let empty = try #require(facts["cmp3"]?.value)
        #expect(empty == HypervisorFacts(memoryMebibytes: 0, processors: 0, residents: []))
    }

    @Test func aCloudThatDoesNotLetOneInOrTakesTooLongIsNotObserved() async {
        let closed = await Self.facts(NovaSteps.cloud { $0.isClosed = true })
        #expect(closed.count == 3)
        #expect(closed.values.allSatisfy { $0.reasonMissing?.contains("Keystone does not let it in") == true })
        let group = ResourceGroup(
            id: "compute", kind: .hypervisorPool, members: ["cmp1"], minimumAvailable: .count(1),
            machines: NovaSteps.rules)
        let cloud = NovaSteps.cloud()
        let late = await NovaFacts(connect: { _ in cloud }, limit: .zero).machines(of: group, asked: ["cmp1"])
        #expect(late["cmp1"]?.reasonMissing == "OpenStack: its answers take too long")
        let unread = await NovaFacts(connect: { _ throws(StepFailure) in
            throw StepFailure(code: .refused, message: "the variable CLOUD of the environment is not set")
        }).machines(of: group, asked: ["cmp1"])
        #expect(unread["cmp1"]?.reasonMissing == "the variable CLOUD of the environment is not set")
    }
}
