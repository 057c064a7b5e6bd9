import FettleModel

/// Finds what runs beside those of a bake: what must not suffer from the change, and the same beside the controls.
///
/// A neighbour is a member of a group with probes: at the same address, on the same hypervisor, after the changed group or resource
/// by the fleet's `after`, or in the same declared failure domain but of another group. Left out is whoever the plan itself may
/// have out meanwhile, with what runs on it, and whoever the facts show as unreachable.
struct NeighbourSearch: Sendable {
    /// Of those that are watched, and as many of the controls: the nearest.
    static let mostOfSide = BakeNeighbour.most / 2

    private let index: PlanningIndex
    private let groupOrder: GroupOrder
    /// Places in the line of those that the plan works on.
    private let places: [ResourceID: Int]
    private let hosts: [HostWork]
    /// For a machine the places of those with which it goes down, or off which it is moved.
    private let carriers: [ResourceID: Set<Int>]
    private let byAddress: [String: [ResourceID]]
    private let byDomain: [String: [ResourceID]]
    private let byHome: [ResourceID: [ResourceID]]
    private let followers: [ResourceID: [ResourceID]]
    private let followingGroups: [GroupID: [ResourceGroup]]

    init(_ layout: WaveLayout, _ index: PlanningIndex, _ groupOrder: GroupOrder) {
        self.index = index
        self.groupOrder = groupOrder
        hosts = layout.hosts
        places = Dictionary(
            layout.hosts.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
        var homes: [ResourceID: [ResourceID]] = [:]
        for (machine, home) in index.residency.homes { homes[home, default: []].append(machine) }
        byHome = homes.mapValues { $0.sorted() }
        var carriers: [ResourceID: Set<Int>] = [:]
        for (place, host) in layout.hosts.enumerated() {
            let machines = homes[host.id] == nil ? [] : index.residency.houses(of: host.id)
            for machine in (host.residence?.carries ?? []) + machines { carriers[machine, default: []].insert(place) }
        }
        self.carriers = carriers
        var addresses: [String: [ResourceID]] = [:]
        var domains: [String: [ResourceID]] = [:]
        var followers: [ResourceID: [ResourceID]] = [:]
        for resource in index.resources {
            if let name = Self.machine(resource.address) { addresses[name, default: []].append(resource.id) }
            if let domain = resource.failureDomain { domains[domain, default: []].append(resource.id) }
            for earlier in resource.after { followers[earlier, default: []].append(resource.id) }
        }
        byAddress = addresses.mapValues { $0.sorted() }
        byDomain = domains.mapValues { $0.sorted() }
        self.followers = followers.mapValues { $0.sorted() }
        var following: [GroupID: [ResourceGroup]] = [:]
        for group in index.groups { for earlier in group.after { following[earlier, default: []].append(group) } }
        followingGroups = following
    }

    /// nil: no machine that another resource could be on.
    private static func machine(_ address: ResourceAddress) -> String? {
        switch address.transport {
        case .local: "local"
        case .ssh, .none: address.host.isEmpty ? nil : "host " + address.host.lowercased()
        }
    }

    /// - Parameters:
    ///   - watched: who is watched.
    ///   - controls: who they are compared with.
    ///   - group: theirs.
    ///   - held: places of those that go only after the bake.
    /// - Returns: by resource, then by group; nil if there is none.
    func neighbours(
        of watched: [ResourceID], controls: [ResourceID], in group: ResourceGroup, held: Set<Int>,
        notes: inout PlanNotes
    ) -> [BakeNeighbour]? {
        let own = Set(watched + controls)
        let settled = held.union(watched.compactMap { places[$0] })
        var found: [Key: BakeNeighbour] = [:]
        for (side, isControl) in [(watched, false), (controls, true)] {
            let most = found.count + Self.mostOfSide
            var isCut = false
            for relation in BakeNeighbour.Relation.allCases {
                for subject in side.sorted() {
                    for candidate in candidates(relation, of: subject, in: group, isControl: isControl)
                    where !own.contains(candidate) && isLeftAlone(candidate, in: group, settled) {
                        guard add(candidate, relation, beside: subject, most: most, &found) else {
                            isCut = true
                            break
                        }
                    }
                }
            }
            if isCut, !isControl {
                notes.warn(
                    "group \(group.id): its canary has more than \(Self.mostOfSide) neighbours; the nearest "
                        + "\(Self.mostOfSide) are asked while it is watched")
            }
        }
        guard !found.isEmpty else { return nil }
        return found.values.sorted { ($0.resource, $0.group) < ($1.resource, $1.group) }
    }

    private struct Key: Hashable {
        var resource: ResourceID
        var group: GroupID
    }

    /// - Returns: false if there is no room for another one.
    private func add(
        _ candidate: ResourceID, _ relation: BakeNeighbour.Relation, beside subject: ResourceID, most: Int,
        _ found: inout [Key: BakeNeighbour]
    ) -> Bool {
        guard let address = index.address(of: candidate) else { return true }
        for group in index.groups(of: candidate) {
            let key = Key(resource: candidate, group: group.id)
            if let known = found[key] {
                if !known.beside.contains(subject) { found[key]?.beside = (known.beside + [subject]).sorted() }
                continue
            }
            let probes = group.probes.filter { !$0.isManual && ($0.isAskedByController || address.transport != .none) }
            guard !probes.isEmpty else { continue }
            guard found.count < most else { return false }
            found[key] = BakeNeighbour(
                resource: candidate, address: address, group: group.id, relation: relation, beside: [subject],
                probes: probes, traffic: group.traffic)
        }
        return true
    }

    private func candidates(
        _ relation: BakeNeighbour.Relation, of subject: ResourceID, in group: ResourceGroup, isControl: Bool
    ) -> [ResourceID] {
        switch relation {
        case .host:
            return index.address(of: subject).flatMap(Self.machine).flatMap { byAddress[$0] } ?? []
        case .hypervisor:
            let home = index.residency.homes[subject]
            return (home.map { (byHome[$0] ?? []) + [$0] } ?? []) + (byHome[subject] ?? [])
        case .dependent:
            // Whoever comes after the group comes after all of it: none of them is a measure for the others.
            let ofGroup = isControl ? [] : followingGroups[group.id, default: []].flatMap(\.members)
            return (followers[subject] ?? []) + ofGroup
        case .failureDomain:
            let members = index.resource(subject)?.failureDomain.flatMap { byDomain[$0] } ?? []
            return members.filter { !group.members.contains($0) }
        }
    }

    /// Whether the plan keeps its hands off it while the bake is under way.
    ///
    /// - Parameter settled: places of those that are back before it or go only after it.
    private func isLeftAlone(_ candidate: ResourceID, in group: ResourceGroup, _ settled: Set<Int>) -> Bool {
        guard carriers[candidate, default: []].isSubset(of: settled) else { return false }
        if case .unreachable = index.facts(of: candidate)?.reachability { return false }
        guard let place = places[candidate] else { return true }
        if settled.contains(place) { return true }
        // Its turn comes after the last member's, and that one waits for the bake.
        let groups = Set(hosts[place].groups.map(\.id))
        return hosts[place].isTakenOut && !groups.contains(group.id)
            && groups.contains { groupOrder.earlier[$0]?.contains(group.id) == true }
    }
}

extension Probe {
    /// Whether no shell on the resource is needed to ask it.
    var isAskedByController: Bool {
        switch check {
        case .http, .tcp, .tls, .prometheus, .balancer, .cluster(.patroni): true
        case .systemdUnit, .command, .log, .cluster(.command), .manual: false
        }
    }
}
