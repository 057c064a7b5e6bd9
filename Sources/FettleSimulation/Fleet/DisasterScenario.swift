public import FettleModel

/// A made-up fleet to be planned and played among disasters: a `FleetScenario` with what else can go wrong. The members of its clusters
/// have a leader, which hands over first; with some seeds single hosts are hypervisors with machines on them, or the two controllers of
/// a storage system; with some it may be worked on at night alone.
///
/// The same size and seed give the same fleet. Not each can be planned.
public struct DisasterScenario: Sendable {
    public private(set) var fleet: Fleet
    public private(set) var facts: FactSet
    public private(set) var policy: Policy
    public let selection: Selection
    public let time: Timestamp

    /// - Parameters:
    ///   - hosts: exactly so many resources, from 1 on.
    ///   - findings: how the selection names what it was made from.
    public init(hosts: Int, seed: UInt64, at time: Timestamp, findings: StageReference) {
        let scenario = FleetScenario(hosts: hosts, seed: seed, at: time)
        fleet = scenario.fleet
        facts = scenario.facts
        policy = scenario.policy
        selection = scenario.selection(from: findings)
        self.time = time
        var random = SplitMix(seed: seed &* 6_364_136_223_846_793_005)
        policy.limits.failureBudget = Int.random(in: 0...4, using: &random)
        electLeaders(using: &random)
        var singles = singles()
        if singles.count >= 3, Int.random(in: 0..<3, using: &random) == 0 {
            addHypervisors(Array(singles.prefix(3)), using: &random)
            singles.removeFirst(3)
        }
        if singles.count >= 2, Int.random(in: 0..<3, using: &random) == 0 { addStorage(Array(singles.prefix(2))) }
        if Int.random(in: 0..<5, using: &random) == 0 { bindToNights() }
        if seed % 3 == 0, let idle = singles.last(where: isIdle) { addSnapshots(on: idle) }
        fleet.groups.sort { $0.id < $1.id }
    }

    /// Hosts of no group that answer and send nobody's traffic.
    private func singles() -> [ResourceID] {
        let grouped = Set(fleet.groups.flatMap(\.members))
        let answering = Set(facts.hosts.lazy.filter { $0.reachability == .reachable }.map(\.resource))
        return fleet.resources.filter { resource in
            resource.kind == .host && !grouped.contains(resource.id) && answering.contains(resource.id)
        }.map(\.id)
    }

    private mutating func electLeaders(using random: inout SplitMix) {
        for place in fleet.groups.indices where fleet.groups[place].kind == .cluster {
            fleet.groups[place].strategy = .replicasFirst(maxUnavailable: .count(1))
            let group = fleet.groups[place]
            guard let leader = group.members.randomElement(using: &random) else { continue }
            for host in facts.hosts.indices where group.members.contains(facts.hosts[host].resource) {
                facts.hosts[host].clusterRoles = [group.id: facts.hosts[host].resource == leader ? .leader : .replica]
            }
        }
    }

    /// Three, of which one may be out: there is room for its machines on the others.
    private mutating func addHypervisors(_ hosts: [ResourceID], using random: inout SplitMix) {
        move(hosts, kind: .hypervisor)
        fleet.groups.append(
            ResourceGroup(
                id: "hypervisors", kind: .hypervisorPool, members: hosts.sorted(), minimumAvailable: .count(2),
                strategy: .evacuate(maxUnavailable: .count(1)), traffic: nil, probes: [], after: []))
        var number = 0
        for host in hosts {
            let machines = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                number += 1
                return ResidentMachine(
                    name: "vm-\(number)", memoryMebibytes: 1_024 * Int.random(in: 1...8, using: &random), processors: 2)
            }
            guard let place = facts.hosts.firstIndex(where: { $0.resource == host }) else { continue }
            facts.hosts[place].hypervisor = .observed(
                HypervisorFacts(memoryMebibytes: 65_536, processors: 32, residents: machines))
        }
    }

    /// Nothing is to be done on it.
    private func isIdle(_ host: ResourceID) -> Bool { !selection.hosts.contains { $0.resource == host } }

    /// The pools' members are machines on this host, and are patched behind snapshots.
    private mutating func addSnapshots(on host: ResourceID) {
        guard let place = facts.hosts.firstIndex(where: { $0.resource == host }) else { return }
        var machines: Set<ResourceID> = []
        for place in fleet.groups.indices where fleet.groups[place].kind == .pool {
            // They may have a part in a cluster as well.
            fleet.groups[place].snapshot = SnapshotRules(driver: "libvirt", keepSeconds: 60, mayLoseWrites: true)
            machines.formUnion(fleet.groups[place].members)
        }
        move([host], kind: .hypervisor)
        facts.hosts[place].hypervisor = .observed(
            HypervisorFacts(
                memoryMebibytes: 4_096 * machines.count, processors: 2 * machines.count,
                residents: machines.sorted().map { machine in
                    ResidentMachine(
                        name: machine.rawValue, resource: machine, memoryMebibytes: 1_024, processors: 1,
                        uuid: machine.rawValue)
                }))
    }

    private mutating func addStorage(_ controllers: [ResourceID]) {
        move(controllers, kind: .host)
        for (side, controller) in controllers.enumerated() {
            guard let place = fleet.resources.firstIndex(where: { $0.id == controller }) else { continue }
            fleet.resources[place].failureDomain = "controller-\(side + 1)"
        }
        fleet.groups.append(
            ResourceGroup(
                id: "storage", kind: .controllerPair, members: controllers.sorted(), minimumAvailable: .count(1),
                strategy: .oneSideAtATime(bakeSeconds: 60), traffic: nil, probes: [], after: []))
    }

    /// To production, where they are one group.
    private mutating func move(_ hosts: [ResourceID], kind: Resource.Kind) {
        for place in fleet.resources.indices where hosts.contains(fleet.resources[place].id) {
            fleet.resources[place].environment = "production"
            fleet.resources[place].kind = kind
        }
    }

    /// From ten in the evening until four in the morning, by Berlin's clock.
    private mutating func bindToNights() {
        guard let zone = TimeZoneName("Europe/Berlin") else { return }
        let first = LocalDate(dayNumber: Int(time.milliseconds / 86_400_000) - 1)
        let event = CalendarEvent(
            start: LocalDateTime(date: first, secondOfDay: 22 * 3_600), timeZone: zone,
            duration: CalendarDuration(seconds: 6 * 3_600), rule: RecurrenceRule(frequency: .daily))
        policy.windows = [MaintenanceWindow(id: "nights", events: [event])]
    }
}
