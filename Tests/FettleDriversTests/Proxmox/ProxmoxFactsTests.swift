import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

/// What the cluster tells before a plan is made.
@Suite("Proxmox VE, facts") struct ProxmoxFactsTests {
    static func facts(
        _ cluster: PretendCluster, _ members: [ResourceID] = ["pve1", "pve2", "pve3"], asked: Set<ResourceID>? = nil,
        rules: MachineRules? = ProxmoxSteps.rules
    ) async -> [ResourceID: Observed<HypervisorFacts>] {
        let group = ResourceGroup(
            id: "compute", kind: .hypervisorPool, members: members, minimumAvailable: .count(1), machines: rules)
        return await ProxmoxFacts(connect: { _ in cluster }).machines(
            of: group, at: members.reduce(into: [:]) { $0[$1] = .ssh($1.rawValue) }, asked: asked ?? Set(members))
    }

    @Test func aNodesGuestsAreToldWithWhatBindsThem() async throws {
        let cluster = ProxmoxSteps.cluster { state in
            state.guests[103] = .init(name: "gpu", node: "pve1", device: "hostpci0")
            state.guests[104] = .init(name: "disk", node: "pve1", localDisk: "local-lvm:vm-104-disk-0")
            state.guests[105] = .init(name: "nowhere", node: "pve1", barred: ["pve2", "pve3"])
            state.guests[106] = .init(name: "saved", node: "pve1", lock: "backup")
            state.guests[107] = .init(name: nil, node: "pve1", isRunning: false)
            state.guests[108] = .init(name: "box", node: "pve1", type: "lxc", gibibytes: 1, processors: 1)
            state.guests[109] = .init(name: "mould", node: "pve1", isRunning: false, isTemplate: true)
        }
        let known = try #require(await Self.facts(cluster)["pve1"]?.value)
        #expect(known.memoryMebibytes == 32 * 1_024 && known.processors == 16)
        let bound = known.residents.reduce(into: [String: String]()) { $0[$1.name] = $1.isBoundBecause ?? "free" }
        #expect(
            bound == [
                "web-1": "free", "db-1": "free", "gpu": "a resource of the hypervisor is given to it (hostpci0)",
                "disk": "its disk local-lvm:vm-104-disk-0 is on this hypervisor only",
                "nowhere": "it may go to no other: pve2: no storage fast, pve3: no storage fast",
                "saved": "it is locked (backup) at the moment", "VM 107": "free",
                "box": "it is a container, which cannot be moved while it runs",
            ])
        let database = try #require(known.residents.first { $0.name == "db-1" })
        #expect(database.memoryMebibytes == 8_192 && database.processors == 2 && database.isRunning)
        #expect(database.resource == "db-1")
        #expect(known.residents.first { $0.name == "VM 107" }?.isRunning == false)
        #expect(known.residents.first { $0.name == "VM 107" }?.resource == nil)
        #expect(cluster.now.acts.isEmpty)
    }

    @Test func onlyThoseThatWereAskedForAreTold() async {
        let cluster = ProxmoxSteps.cluster()
        #expect(await Self.facts(cluster, asked: ["pve2"]).keys.sorted() == ["pve2"])
        #expect(await Self.facts(cluster, rules: MachineRules(driver: "libvirt")).isEmpty)
        #expect(await Self.facts(cluster, rules: nil).isEmpty)
    }

    @Test func whatIsNoNodeOrIsOfflineIsNotObserved() async {
        let cluster = ProxmoxSteps.cluster { $0.nodes["pve2"] = false }
        let facts = await Self.facts(cluster, ["pve1.example.com", "pve2", "other", "a_b"])
        #expect(facts["pve1.example.com"]?.value?.residents.count == 2, "a node's name is a host's without its domain")
        #expect(facts["pve2"]?.reasonMissing == "pve2 is not in the cluster at the moment")
        #expect(facts["other"]?.reasonMissing == "the cluster has no node named as other")
        #expect(facts["a_b"]?.reasonMissing == "the cluster has no node named as a_b")
    }

    @Test func aClusterThatDoesNotAnswerIsNotObserved() async {
        let cluster = ProxmoxSteps.cluster { $0.silent = ["pve1", "pve2", "pve3"] }
        let facts = await Self.facts(cluster)
        #expect(facts.count == 3)
        #expect(facts.values.allSatisfy { $0.reasonMissing?.contains("nobody answers") == true })
    }

    @Test func aClusterThatTakesTooLongForAllOfItIsNotObserved() async {
        let group = ResourceGroup(
            id: "compute", kind: .hypervisorPool, members: ["pve1"], minimumAvailable: .count(1),
            machines: ProxmoxSteps.rules)
        let cluster = ProxmoxSteps.cluster()
        let facts = await ProxmoxFacts(connect: { _ in cluster }, limit: .zero).machines(
            of: group, at: ["pve1": .ssh("pve1")], asked: ["pve1"])
        #expect(facts["pve1"]?.reasonMissing == "Proxmox VE: its answers take too long")
    }

    @Test func aTokenThatCannotBeReadIsTheReason() async {
        let group = ResourceGroup(
            id: "compute", kind: .hypervisorPool, members: ["pve1"], minimumAvailable: .count(1),
            machines: ProxmoxSteps.rules)
        let facts = await ProxmoxFacts(connect: { _ throws(StepFailure) in
            throw StepFailure(code: .refused, message: "the variable PVE_TOKEN of the environment is not set")
        }).machines(of: group, at: ["pve1": .ssh("pve1")], asked: ["pve1"])
        #expect(facts["pve1"]?.reasonMissing == "the variable PVE_TOKEN of the environment is not set")
    }
}
