import FettleModel

/// Pass 3: one line of all hosts that agrees with everything that wants an order. Every dependency between hosts points backwards
/// in it, so that no plan can wait for itself.
struct HostOrder {
    /// In their order.
    let hosts: [HostWork]
    /// For each place in `hosts`, the places that must be finished before for the sake of environments, `after`, load balancers
    /// and Fettle's own host. Not yet those that keep capacity.
    let earlier: [Set<Int>]

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
        let sorted = line.map { hosts[$0] }
        return HostOrder(
            hosts: sorted,
            earlier: sorted.indices.map { later in
                Set((0..<later).filter { precedence.mustPrecede(sorted[$0], sorted[later]) })
            })
    }
}

/// Who goes before whom, as a graph in which a knot stands for "all of these are finished": a fleet of n hosts then needs about n
/// edges, not n².
private struct Precedence {
    private let hosts: [HostWork]
    private let order: GroupOrder
    private var names: [String]
    private var successors: [[Int]]
    private var predecessorCount: [Int]
    private let priority: [Priority]
    /// Environment ranks that occur, ascending; Fettle's own host stands above them all (I12).
    private let ownRank: Int

    init(_ hosts: [HostWork], groups: [GroupWork], _ order: GroupOrder) {
        self.hosts = hosts
        self.order = order
        names = hosts.map(\.id.rawValue)
        successors = Array(repeating: [], count: hosts.count)
        predecessorCount = Array(repeating: 0, count: hosts.count)
        ownRank = (hosts.map(\.environmentRank).max() ?? 0) + 1
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
        let ranks = Set(hosts.map { $0.phase(ownRank) }).sorted()
        var before: Int?
        for rank in ranks {
            let inside = hosts.indices.filter { hosts[$0].phase(ownRank) == rank }
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
        let all = Set(hosts.flatMap { $0.groups.map(\.id) })
        let relevant = all.union(all.flatMap { order.earlier[$0] ?? [] }).sorted()
        var knots: [GroupID: Int] = [:]
        for group in relevant { knots[group] = knot("all of group \(group)") }
        for (index, host) in hosts.enumerated() {
            let own = Set(host.groups.map(\.id))
            for group in own.sorted() {
                if let finished = knots[group] { add(from: index, to: finished) }
                for waited in (order.earlier[group] ?? []).sorted() where !own.contains(waited) {
                    if let finished = knots[waited] { add(from: finished, to: index) }
                }
            }
        }
    }

    private mutating func addBalancers() {
        for rank in Set(hosts.map { $0.phase(ownRank) }).sorted() {
            let inside = hosts.indices.filter { hosts[$0].phase(ownRank) == rank }
            let balancers = inside.filter { goesAfterItsMembers(hosts[$0]) }.sorted { hosts[$0].id < hosts[$1].id }
            guard !balancers.isEmpty else { continue }
            let environment = hosts[balancers[0]].resource.environment
            let finished = knot("all of \(environment) but its load balancers")
            for host in inside where !balancers.contains(host) { add(from: host, to: finished) }
            for balancer in balancers { add(from: finished, to: balancer) }
            for (earlier, later) in zip(balancers, balancers.dropFirst()) { add(from: earlier, to: later) }
        }
    }

    /// A load balancer goes last in its environment, unless the fleet says that what it serves comes after it.
    private func goesAfterItsMembers(_ host: HostWork) -> Bool {
        guard host.isBalancer else { return false }
        let own = Set(host.groups.map(\.id))
        return host.serves.allSatisfy { own.isDisjoint(with: order.earlier[$0] ?? []) }
    }

    /// The same relation between two hosts, without the knots. `earlier` stands before `later` in the line.
    func mustPrecede(_ earlier: HostWork, _ later: HostWork) -> Bool {
        if earlier.phase(ownRank) != later.phase(ownRank) { return true }
        if goesAfterItsMembers(later) { return true }
        // Whichever of the two comes first: a load balancer is never away together with a member that it serves.
        if earlier.serves.contains(where: { served in later.groups.contains { $0.id == served } }) { return true }
        if later.serves.contains(where: { served in earlier.groups.contains { $0.id == served } }) { return true }
        let laterOwn = Set(later.groups.map(\.id))
        return later.groups.contains { group in
            let waited = order.earlier[group.id] ?? []
            return earlier.groups.contains { waited.contains($0.id) && !laterOwn.contains($0.id) }
        }
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

extension HostWork {
    /// When its turn comes among environments; Fettle's own host after all of them (I12).
    fileprivate func phase(_ ownRank: Int) -> Int {
        resource.address.transport == .local ? ownRank : environmentRank
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
