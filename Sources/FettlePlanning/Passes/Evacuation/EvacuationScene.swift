import FettleModel

/// The hypervisors of a plan that have to be emptied, and what could take their machines.
struct EvacuationScene {
    /// Those that have to be emptied, in the line.
    let hosts: [HostWork]
    /// In the same order. A hypervisor without machines that can be moved is a source without machines.
    let problem: PlacementProblem
    /// For each source, why each other member of its pools is no candidate, sorted.
    let excluded: [[(hypervisor: ResourceID, because: String)]]
    /// All of the plan's hypervisors of which something is known, by name.
    let hypervisors: [HostWork]

    init(_ layout: WaveLayout, _ index: PlanningIndex) {
        let apartness = Apartness(layout)
        hypervisors = layout.hosts.filter { $0.residence != nil }.sorted { $0.id < $1.id }
        let hosts = layout.hosts.filter(\.isEmptied)
        let members = hosts.map { Self.others(in: $0.residence?.pools ?? [], than: $0.id, index) }
        let ids = Set(members.joined()).filter { index.residency.machines(on: $0) != nil }.sorted()
        let places = Dictionary(
            ids.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
        let destinations = ids.compactMap { id in
            index.residency.machines(on: id).map { PlacementProblem.Destination(id, $0) }
        }
        let ruling = Self.ruledNames(index, Set(ids).union(hosts.map(\.id)))
        var sources: [PlacementProblem.Source] = []
        var excluded: [[(hypervisor: ResourceID, because: String)]] = []
        for (host, others) in zip(hosts, members) {
            var reasons: [(hypervisor: ResourceID, because: String)] = []
            var candidates: [Int] = []
            for other in others {
                if let reason = Self.reason(against: other, for: host.id, apartness, index) {
                    reasons.append((other, reason))
                } else if let place = places[other] {
                    candidates.append(place)
                }
            }
            let residents = index.residency.machines(on: host.id)?.residents ?? []
            let machines = residents.filter { $0.isRunning && $0.isBoundBecause == nil }.map { resident in
                var machine = PlacementProblem.Machine(resident)
                machine.isRuled = !machine.apartFrom.isEmpty || ruling.contains(machine.name)
                return machine
            }
            sources.append(
                PlacementProblem.Source(
                    id: host.id, machines: machines.sorted(by: PlacementProblem.Machine.isBefore),
                    candidates: candidates))
            excluded.append(reasons)
        }
        self.hosts = hosts
        self.excluded = excluded
        problem = PlacementProblem(
            destinations: destinations, sources: sources,
            together: apartness.together(hosts.map(\.id)))
    }

    private static func others(in pools: [GroupID], than host: ResourceID, _ index: PlanningIndex) -> [ResourceID] {
        var members: Set<ResourceID> = []
        for group in index.groups(of: host) where pools.contains(group.id) { members.formUnion(group.members) }
        return members.subtracting([host]).sorted()
    }

    /// Names that some machine must be apart from.
    private static func ruledNames(_ index: PlanningIndex, _ hypervisors: Set<ResourceID>) -> Set<String> {
        hypervisors.reduce(into: []) { names, hypervisor in
            for machine in index.residency.machines(on: hypervisor)?.residents ?? [] {
                names.formUnion(machine.apartFrom)
            }
        }
    }

    /// Why no machine can be moved to a hypervisor at all; nil if machines can.
    private static func reason(
        against other: ResourceID, for host: ResourceID, _ apartness: Apartness, _ index: PlanningIndex
    ) -> String? {
        guard let facts = index.facts(of: other) else { return "the facts know nothing of it" }
        guard facts.reachability == .reachable else { return "it is not reachable" }
        if let reason = index.residency.reasonUnknown(other) { return reason }
        for taker in apartness.takers(of: other) {
            if taker == host { return "it goes down with \(host)" }
            guard !apartness.keepsApart(taker, host) else { continue }
            return taker == other ? "it may be out at the same time" : "it goes down with \(taker) at the same time"
        }
        return nil
    }

    /// Sources that have to be solved together: they can be out at once and could use the same destinations.
    func parts() -> [[Int]] {
        let candidates = problem.sources.map { Set($0.candidates) }
        var parts = Partition(problem.sources.count)
        for pool in pools() {
            for (number, one) in pool.enumerated() {
                for other in pool[..<number] where problem.together[one][other] {
                    guard !parts.areOne(one, other), !candidates[one].isDisjoint(with: candidates[other]) else {
                        continue
                    }
                    parts.unite(one, other)
                }
            }
        }
        return parts.all()
    }

    /// Sources that could use the same destinations, be it by way of others.
    private func pools() -> [[Int]] {
        var pools = Partition(problem.sources.count)
        var first = [Int?](repeating: nil, count: problem.destinations.count)
        for (source, content) in problem.sources.enumerated() {
            for destination in content.candidates {
                if let other = first[destination] { pools.unite(source, other) } else { first[destination] = source }
            }
        }
        return pools.all()
    }
}

/// Numbers from 0 in disjoint sets.
private struct Partition {
    private var parents: [Int]

    init(_ count: Int) { parents = Array(0..<count) }

    private func root(_ number: Int) -> Int {
        var number = number
        while parents[number] != number { number = parents[number] }
        return number
    }

    func areOne(_ one: Int, _ other: Int) -> Bool { root(one) == root(other) }

    mutating func unite(_ one: Int, _ other: Int) {
        let (first, second) = (root(one), root(other))
        parents[max(first, second)] = min(first, second)
        // Short ways, however many there are.
        (parents[one], parents[other]) = (min(first, second), min(first, second))
    }

    /// Each sorted, and by its smallest number.
    func all() -> [[Int]] {
        Dictionary(grouping: parents.indices, by: root).sorted { $0.key < $1.key }.map { $0.value.sorted() }
    }
}

/// Which of the plan's hypervisors are never out together, as its orders say.
struct Apartness {
    /// For each target, its turn in each of its orders.
    private var turns: [ResourceID: [Int: Int]] = [:]
    /// For each resource that goes down with targets, these, sorted.
    private var carriers: [ResourceID: [ResourceID]] = [:]

    init(_ layout: WaveLayout) {
        let hypervisors = layout.hosts.filter { $0.residence != nil }
        for host in hypervisors { turns[host.id] = [:] }
        for (number, order) in layout.orders.enumerated() {
            for (turn, places) in order.turns.enumerated() {
                for place in places where layout.hosts[place].residence != nil {
                    turns[layout.hosts[place].id]?[number] = turn
                }
            }
        }
        for host in hypervisors.sorted(by: { $0.id < $1.id }) {
            for carried in host.residence?.carries ?? [] { carriers[carried, default: []].append(host.id) }
        }
    }

    func keepsApart(_ one: ResourceID, _ other: ResourceID) -> Bool {
        guard let first = turns[one], let second = turns[other] else { return true }
        return first.contains { order, turn in second[order].map { $0 != turn } ?? false }
    }

    /// For each of several of the plan's hypervisors, which of the others can be out at the same time.
    func together(_ hypervisors: [ResourceID]) -> [[Bool]] {
        var result = hypervisors.map { _ in [Bool](repeating: true, count: hypervisors.count) }
        var orders: [Int: [(place: Int, turn: Int)]] = [:]
        for (place, id) in hypervisors.enumerated() {
            result[place][place] = false
            for (order, turn) in turns[id] ?? [:] { orders[order, default: []].append((place, turn)) }
        }
        for places in orders.values {
            for one in places {
                for other in places where other.turn != one.turn { result[one.place][other.place] = false }
            }
        }
        return result
    }

    /// The targets whose outage takes the resource out: itself, and what carries it.
    func takers(of resource: ResourceID) -> [ResourceID] {
        (turns[resource] == nil ? [] : [resource]) + (carriers[resource] ?? [])
    }
}
