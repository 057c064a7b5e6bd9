import FettleAssessment
import FettleControl
import FettleDriverKit
import FettleModel
import FettleStore
import FettleTestSupport
import Testing

/// What a look at a part of the fleet leaves of what was known of the rest.
@Suite struct ScanServiceTests {
    let store = InMemoryStore()

    private var fleet: Fleet {
        var builder = FleetBuilder()
        for name in ["api-1", "dev-1", "web-1"] as [ResourceID] { builder.host(name) }
        return builder.fleet
    }

    private func scan(
        _ names: [ResourceID], at milliseconds: Int64, in other: (any Store)? = nil
    ) async throws -> ScanService.Scan {
        let time = Timestamp(milliseconds: milliseconds)
        let fleet = fleet
        let tools = Tools(
            inspector: PendingUpdate(time: time), resolver: NoAnswers(), drivers: NoDrivers(), observer: NoMembers(),
            now: { time })
        return try await ScanService(store: other ?? store, tools: tools).scan(
            fleet.resources.filter { names.contains($0.id) }, fleet: fleet, policy: Policy(), feeds: .none)
    }

    @Test func theRestOfTheFleetKeepsWhatWasKnownOfIt() async throws {
        _ = try await scan(["api-1", "dev-1"], at: 1_000)
        let part = try await scan(["api-1"], at: 2_000)
        #expect(part.facts.hosts.map(\.resource) == ["api-1"])
        #expect(Set(part.findings.findings.map(\.resource)) == ["api-1"])

        let keeper = StageKeeper(store: store)
        let facts = try #require(try await keeper.newest(FactSet.self, .facts)).value
        #expect(facts.hosts.map(\.resource) == ["api-1", "dev-1"])
        #expect(facts.hosts.map(\.observedAt.milliseconds) == [2_000, 1_000])
        let findings = try #require(try await keeper.newest(FindingSet.self, .findings)).value
        #expect(Set(findings.findings.map(\.resource)) == ["api-1", "dev-1"])
    }

    @Test func whoLooksAtTheWholeFleetReadsNothingOfBefore() async throws {
        let watched = InterruptedStore(inner: store)
        _ = try await scan(["api-1", "dev-1", "web-1"], at: 1_000, in: watched)
        _ = try await scan(["api-1", "dev-1", "web-1"], at: 2_000, in: watched)
        #expect(await !watched.read.contains(.facts))
        _ = try await scan(["api-1", "dev-1"], at: 3_000, in: watched)
        #expect(await watched.read.contains(.facts))
        let facts = try #require(try await StageKeeper(store: store).newest(FactSet.self, .facts)).value
        #expect(facts.hosts.map(\.observedAt.milliseconds) == [3_000, 3_000, 2_000])
    }

    /// A hypervisor is asked for its packages, and what manages it for its machines.
    @Test func whatManagesHypervisorsTellsOfTheirMachines() async throws {
        var builder = FleetBuilder()
        let nodes = ["pve1", "pve2", "pve3"].map { builder.host($0, kind: .hypervisor) }
        builder.group(
            "compute", nodes, minimum: .count(1), strategy: .evacuate(maxUnavailable: .count(1)), probes: [],
            kind: .hypervisorPool)
        var fleet = builder.fleet
        fleet.groups[0].machines = MachineRules(
            driver: "proxmox", api: MachineAPI(url: "https://{host}", token: .environment("A")))
        let seen = HypervisorFacts(memoryMebibytes: 1_024, processors: 1, residents: [])
        let tools = Tools(
            inspector: PendingUpdate(time: Timestamp(milliseconds: 1)), resolver: NoAnswers(),
            machines: { group, addresses, asked in
                #expect(group.id == "compute" && addresses.keys.sorted() == nodes && asked == ["pve1", "pve2"])
                return ["pve1": .observed(seen), "pve2": .notObserved(reason: "offline")]
            }, drivers: NoDrivers(), observer: NoMembers(), now: { Timestamp(milliseconds: 1) })
        let scan = try await ScanService(store: store, tools: tools).scan(
            fleet.resources.filter { $0.id != "pve3" }, fleet: fleet, policy: Policy(), feeds: .none)
        #expect(scan.facts.hosts.map(\.hypervisor) == [.observed(seen), .notObserved(reason: "offline")])
    }

    /// A leader of before would be one of two, and none would hand over to the other.
    @Test func aClusterTellsWhoLeadsOfAllItsMembersWheneverOneIsLookedAt() async throws {
        var builder = FleetBuilder()
        let members = ["db-1", "db-2", "db-3"].map { builder.host($0, kind: .database) }
        builder.group(
            "db", members, minimum: .count(2), strategy: .replicasFirst(maxUnavailable: .count(1)), probes: [],
            kind: .cluster)
        builder.group("pool", ["db-3"], minimum: .count(0), probes: [])
        let fleet = builder.fleet
        func scan(_ names: [ResourceID], leader: ResourceID?, at time: Int64) async throws -> [ClusterRole?] {
            let tools = Tools(
                inspector: PendingUpdate(time: Timestamp(milliseconds: time)), resolver: NoAnswers(),
                roles: { group, addresses in
                    #expect(group.id == "db" && addresses.keys.sorted() == members)
                    guard let leader else { return [:] }
                    return members.reduce(into: [:]) { $0[$1] = $1 == leader ? .leader : .replica }
                }, drivers: NoDrivers(), observer: NoMembers(), now: { Timestamp(milliseconds: time) })
            _ = try await ScanService(store: store, tools: tools).scan(
                fleet.resources.filter { names.contains($0.id) }, fleet: fleet, policy: Policy(), feeds: .none)
            let facts = try #require(try await StageKeeper(store: store).newest(FactSet.self, .facts)).value
            return facts.hosts.map { $0.clusterRoles?["db"] }
        }
        #expect(try await scan(members, leader: "db-1", at: 1_000) == [.leader, .replica, .replica])
        #expect(try await scan(["db-2"], leader: "db-3", at: 2_000) == [.replica, .replica, .leader])
        #expect(try await scan(["db-3"], leader: nil, at: 3_000) == [.replica, .replica, nil], "it does not answer")
    }

    @Test func whatWasNeverLookedAtIsSaid() async throws {
        _ = try await scan(["api-1", "dev-1"], at: 1_000)
        let findings = try #require(try await StageKeeper(store: store).newest(FindingSet.self, .findings)).value
        #expect(findings.notJudged == [.init(resource: "web-1", reason: "never looked at")])
    }
}

private struct PendingUpdate: HostInspector {
    let time: Timestamp

    func inspect(_ resource: ResourceID, at address: ResourceAddress) async -> HostFacts {
        FactSample.host(
            resource, packages: [FactSample.package("openssl", "1")],
            updates: [FactSample.update("openssl", from: "1", to: "2")], at: time)
    }
}
