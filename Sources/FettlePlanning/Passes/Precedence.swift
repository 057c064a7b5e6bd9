import FettleModel

/// Who goes before whom, as a graph in which a knot stands for "all of these are finished": a fleet of n hosts then needs about n
/// edges, not n².
struct Precedence {
    private let hosts: [HostWork]
    private let relations: [HostOrder.Relations]
    private var names: [String]
    private var successors: [[Int]]
    private var predecessorCount: [Int]
    /// The phase of Fettle's own host: after all environments (I12).
    private let ownRank: Int

    init(
        _ hosts: [HostWork], _ relations: [HostOrder.Relations], groups: [GroupWork], rules: [TurnOrder], ownRank: Int
    ) {
        self.hosts = hosts
        self.relations = relations
        self.ownRank = ownRank
        names = hosts.map(\.id.rawValue)
        successors = Array(repeating: [], count: hosts.count)
        predecessorCount = Array(repeating: 0, count: hosts.count)
        addEnvironments()
        addGroups()
        addParts(of: groups)
        addRules(rules)
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

    /// A side after the other, a leader after all other members.
    private mutating func addParts(of groups: [GroupWork]) {
        let ordered = groups.filter { $0.parts.count > 1 }
        guard !ordered.isEmpty else { return }
        let place = Dictionary(
            hosts.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
        for group in ordered {
            for (number, pair) in zip(group.parts, group.parts.dropFirst()).enumerated() {
                let finished = knot("part \(number + 1) of group \(group.group.id)")
                for member in pair.0 { if let host = place[member] { add(from: host, to: finished) } }
                for member in pair.1 { if let host = place[member] { add(from: finished, to: host) } }
            }
        }
    }

    private mutating func addRules(_ rules: [TurnOrder]) {
        guard !rules.isEmpty else { return }
        let place = Dictionary(
            hosts.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
        for order in rules {
            var before: Int?
            for turn in order.turns {
                let finished = knot(order.reason)
                if let before { add(from: before, to: finished) }
                for member in turn {
                    guard let host = place[member] else { continue }
                    if let before { add(from: before, to: host) }
                    add(from: host, to: finished)
                }
                before = finished
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
            let last = Set(balancers)
            for host in inside where !last.contains(host) { add(from: host, to: finished) }
            for balancer in balancers { add(from: finished, to: balancer) }
            for (earlier, later) in zip(balancers, balancers.dropFirst()) { add(from: earlier, to: later) }
        }
    }

    /// Kahn's algorithm (1962); among those that may go, the one that people would expect next.
    func line(by priority: [Priority]) -> [Int]? {
        var open = predecessorCount
        var knots = names.indices.filter { open[$0] == 0 && $0 >= hosts.count }
        let sorted = priority.sorted().map(\.host)
        var ranks = [Int](repeating: 0, count: hosts.count)
        for (rank, host) in sorted.enumerated() { ranks[host] = rank }
        var ready = PlaceSet(count: hosts.count)
        for host in hosts.indices where open[host] == 0 { ready.insert(ranks[host]) }
        var result: [Int] = []
        result.reserveCapacity(hosts.count)
        func release(_ node: Int) {
            for next in successors[node] {
                open[next] -= 1
                guard open[next] == 0 else { continue }
                if next < hosts.count { ready.insert(ranks[next]) } else { knots.append(next) }
            }
        }
        while true {
            if let knot = knots.popLast() {
                release(knot)
            } else if let host = ready.removeFirst().map({ sorted[$0] }) {
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
