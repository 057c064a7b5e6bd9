import FettleModel

/// Pass 3: one line of all hosts that agrees with everything that wants an order. Every dependency between hosts points backwards
/// in it, so that no plan can wait for itself.
struct HostOrder {
    /// In their order.
    let hosts: [HostWork]
    /// For each place in `hosts`, the places that must be finished before for the sake of environments, `after`, load balancers
    /// and Fettle's own host. Not yet those that keep capacity.
    let earlier: [PlaceSet]

    /// - Returns: nil if there is no such line; the path that closes the loop has been refused then.
    static func arrange(
        _ hosts: [HostWork], groups: [GroupWork], _ order: GroupOrder, notes: inout PlanNotes
    ) -> HostOrder? {
        let precedence = Precedence(hosts, groups: groups, order)
        guard let line = precedence.line() else {
            let path = precedence.loop().joined(separator: ", then ")
            notes.refuse(
                .orderCycle, at: .plan, "the order of environments, groups and hosts contradicts itself: \(path)")
            return nil
        }
        var earlier: [PlaceSet] = []
        for later in line.indices {
            var set = PlaceSet(count: line.count)
            for place in 0..<later where precedence.mustPrecede(line[place], line[later]) { set.insert(place) }
            earlier.append(set)
        }
        return HostOrder(hosts: line.map { hosts[$0] }, earlier: earlier)
    }
}

/// Who goes before whom, as a graph in which a knot stands for "all of these are finished": a fleet of n hosts then needs about n
/// edges, not n².
private struct Precedence {
    private let hosts: [HostWork]
    private let relations: [Relations]
    private var names: [String]
    private var successors: [[Int]]
    private var predecessorCount: [Int]
    private let priority: [Priority]
    /// The phase of Fettle's own host: after all environments (I12).
    private let ownRank: Int

    /// What of a host puts it before or after others.
    private struct Relations {
        var phase: Int
        var groups: Set<GroupID>
        /// Groups that one of its groups comes after, and that it is not a member of itself.
        var waitsFor: Set<GroupID>
        var serves: Set<GroupID>
        /// A load balancer goes last in its environment, unless the fleet says that what it serves comes after it.
        var goesAfterItsMembers: Bool

        init(_ host: HostWork, ownRank: Int, _ order: GroupOrder) {
            let groups = Set(host.groups.map(\.id))
            phase = host.isOwn ? ownRank : host.environmentRank
            self.groups = groups
            waitsFor = groups.reduce(into: Set<GroupID>()) { $0.formUnion(order.earlier[$1] ?? []) }.subtracting(groups)
            serves = Set(host.serves)
            goesAfterItsMembers =
                host.isBalancer && host.serves.allSatisfy { groups.isDisjoint(with: order.earlier[$0] ?? []) }
        }
    }

    init(_ hosts: [HostWork], groups: [GroupWork], _ order: GroupOrder) {
        self.hosts = hosts
        let ownRank = (hosts.map(\.environmentRank).max() ?? 0) + 1
        self.ownRank = ownRank
        relations = hosts.map { Relations($0, ownRank: ownRank, order) }
        names = hosts.map(\.id.rawValue)
        successors = Array(repeating: [], count: hosts.count)
        predecessorCount = Array(repeating: 0, count: hosts.count)
        priority = Priority.of(hosts, groups: groups, order)
        addEnvironments()
        addGroups()
        addBalancers()
    }

    private mutating func add(from earlier: Int, to later: Int) {
        guard earlier != later else { return }
        successors[earlier].append(later)
        predecessorCount[later] += 1
    }

    private mutating func knot(_ name: String) -> Int {
        names.append(name)
        successors.append([])
        predecessorCount.append(0)
        return names.count - 1
    }

    private mutating func addEnvironments() {
        let ranks = Set(relations.map(\.phase)).sorted()
        var before: Int?
        for rank in ranks {
            let inside = hosts.indices.filter { relations[$0].phase == rank }
            let environment = inside.first.map { hosts[$0].resource.environment.rawValue } ?? ""
            let finished = knot(rank == ownRank ? "Fettle's own host" : "all of environment \(environment)")
            for host in inside {
                if let before { add(from: before, to: host) }
                add(from: host, to: finished)
            }
            before = finished
        }
    }

    private mutating func addGroups() {
        let relevant = relations.reduce(into: Set<GroupID>()) { $0.formUnion($1.groups.union($1.waitsFor)) }.sorted()
        var knots: [GroupID: Int] = [:]
        for group in relevant { knots[group] = knot("all of group \(group)") }
        for host in hosts.indices {
            for group in relations[host].groups.sorted() {
                if let finished = knots[group] { add(from: host, to: finished) }
            }
            for group in relations[host].waitsFor.sorted() {
                if let finished = knots[group] { add(from: finished, to: host) }
            }
        }
    }

    private mutating func addBalancers() {
        for rank in Set(relations.map(\.phase)).sorted() {
            let inside = hosts.indices.filter { relations[$0].phase == rank }
            let balancers = inside.filter { relations[$0].goesAfterItsMembers }
                .sorted { hosts[$0].id < hosts[$1].id }
            guard !balancers.isEmpty else { continue }
            let environment = hosts[balancers[0]].resource.environment
            let finished = knot("all of \(environment) but its load balancers")
            for host in inside where !balancers.contains(host) { add(from: host, to: finished) }
            for balancer in balancers { add(from: finished, to: balancer) }
            for (earlier, later) in zip(balancers, balancers.dropFirst()) { add(from: earlier, to: later) }
        }
    }

    /// The same relation between two hosts, without the knots. `earlier` stands before `later` in the line.
    func mustPrecede(_ earlier: Int, _ later: Int) -> Bool {
        let (first, second) = (relations[earlier], relations[later])
        return first.phase != second.phase || second.goesAfterItsMembers
            // Whichever of the two comes first: a load balancer is never away together with a member that it serves.
            || !first.serves.isDisjoint(with: second.groups) || !second.serves.isDisjoint(with: first.groups)
            || !first.groups.isDisjoint(with: second.waitsFor)
    }

    /// Kahn's algorithm (1962); among those that may go, the one that people would expect next.
    func line() -> [Int]? {
        var open = predecessorCount
        var knots = names.indices.filter { open[$0] == 0 && $0 >= hosts.count }
        var ready = BinaryHeap<Priority>()
        for host in hosts.indices where open[host] == 0 { ready.insert(priority[host]) }
        var result: [Int] = []
        func release(_ node: Int) {
            for next in successors[node] {
                open[next] -= 1
                guard open[next] == 0 else { continue }
                if next < hosts.count { ready.insert(priority[next]) } else { knots.append(next) }
            }
        }
        while true {
            if let knot = knots.popLast() {
                release(knot)
            } else if let host = ready.removeFirst()?.host {
                result.append(host)
                release(host)
            } else {
                return result.count == hosts.count ? result : nil
            }
        }
    }

    /// The names along one loop; only called when there is one.
    func loop() -> [String] {
        var open = predecessorCount
        var free = names.indices.filter { open[$0] == 0 }
        while let node = free.popLast() {
            for next in successors[node] {
                open[next] -= 1
                if open[next] == 0 { free.append(next) }
            }
        }
        // What is left lies on a loop or behind one: walking backwards from any of it must come round.
        var predecessors: [Int: Int] = [:]
        for node in names.indices.reversed() where open[node] > 0 {
            for next in successors[node] where open[next] > 0 { predecessors[next] = node }
        }
        guard let start = names.indices.first(where: { open[$0] > 0 && predecessors[$0] != nil }) else { return [] }
        var path = [start]
        var seen: Set<Int> = [start]
        while let last = path.last, let before = predecessors[last] {
            path.append(before)
            if !seen.insert(before).inserted { break }
        }
        guard let last = path.last, let begin = path.firstIndex(of: last) else { return [] }
        return path[begin...].reversed().map { names[$0] }
    }
}

/// Where a host stands among those that could go next.
private struct Priority: Comparable {
    var groupDepth: Int
    var group: String
    var place: Int
    var id: ResourceID
    var host: Int

    static func < (left: Self, right: Self) -> Bool {
        (left.groupDepth, left.group, left.place, left.id) < (right.groupDepth, right.group, right.place, right.id)
    }

    /// Group by group, spread over failure domains within each; hosts in no group last.
    static func of(_ hosts: [HostWork], groups: [GroupWork], _ order: GroupOrder) -> [Priority] {
        let byID = Dictionary(hosts.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var places: [GroupID: [ResourceID: Int]] = [:]
        for group in groups {
            let line = FailureDomains.spread(group.targets.compactMap { byID[$0] })
            places[group.group.id] = Dictionary(
                line.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
        }
        return hosts.enumerated().map { index, host in
            // A host of several groups takes its turn with the one that waits longest.
            let main = host.groups.map(\.id).max {
                (order.earlier[$0]?.count ?? 0, $0.rawValue) < (order.earlier[$1]?.count ?? 0, $1.rawValue)
            }
            guard let main else {
                return Priority(groupDepth: .max, group: "", place: 0, id: host.id, host: index)
            }
            return Priority(
                groupDepth: order.earlier[main]?.count ?? 0, group: main.rawValue,
                place: places[main]?[host.id] ?? 0, id: host.id, host: index)
        }
    }
}
