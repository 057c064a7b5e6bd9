import FettleModel

/// Pass 4: the orders of turns, read off the line of hosts. Whoever carries the plan out, and whichever hosts drop out:
/// each group keeps its minimum (I1), and what comes after something else stays behind it (I3).
///
/// Every list names hosts in the order of the line, so that no two lists can contradict each other.
struct OrderPass {
    let hosts: [HostWork]
    private let relations: [HostOrder.Relations]
    /// Places in the line of those that the plan takes out, but for Fettle's own; ascending.
    private let goers: [Int]
    /// Of these, by the groups that they are members of.
    let members: [GroupID: [Int]]
    /// The same, and who takes members of the group through a patch.
    private let takers: [GroupID: [Int]]
    /// Where hypervisors and the machines on them are in the line, or who takes them through; empty where there are
    /// none.
    let placesOfHosts: [ResourceID: Int]
    private(set) var orders: [PlacedOrder] = []

    /// An order of turns whose resources are given by their places in the line.
    struct PlacedOrder: Sendable {
        var reason: String
        var turns: [[Int]]
        var wayBack = TurnOrder.WayBack.reversed
        var isDependency: Bool?

        func named(_ hosts: [HostWork]) -> TurnOrder {
            TurnOrder(
                reason: reason, turns: turns.map { $0.map { hosts[$0].id } }, wayBack: wayBack,
                isDependency: isDependency)
        }
    }

    init(_ line: HostOrder, groups: [GroupWork], _ groupOrder: GroupOrder, rules: [TurnOrder], parallelSteps: Int) {
        hosts = line.hosts
        relations = line.relations
        goers = line.hosts.indices.filter { line.hosts[$0].isTakenOut && !line.hosts[$0].isOwn }
        var members: [GroupID: [Int]] = [:]
        for place in goers {
            for group in line.hosts[place].groups { members[group.id, default: []].append(place) }
        }
        self.members = members
        for place in goers {
            for group in line.hosts[place].touchedGroups { members[group, default: []].append(place) }
        }
        takers = members.mapValues { Set($0).sorted() }
        let hasHypervisors = line.hosts.contains { $0.residence != nil }
        placesOfHosts = hasHypervisors ? ThroughController.places(in: line.hosts) : [:]
        orderEnvironments()
        orderBalancers()
        orderGroups(groupOrder)
        orderByRules(rules)
        for group in groups { group.carriers.isEmpty ? orderMembers(of: group) : orderTakers(of: group) }
        orderHypervisors()
        orderControllers(groups)
        deal(
            goers.filter { hosts[$0].groups.isEmpty && hosts[$0].touchedGroups.isEmpty }, lanes: parallelSteps,
            because: "hosts in no group: at most \(parallelSteps) out")
        orderOwnHosts()
    }

    mutating func add(
        _ reason: String, _ turns: [[Int]], wayBack: TurnOrder.WayBack = .reversed, isDependency: Bool? = nil
    ) {
        let turns = turns.filter { !$0.isEmpty }
        guard turns.count > 1 else { return }
        orders.append(PlacedOrder(reason: reason, turns: turns, wayBack: wayBack, isDependency: isDependency))
    }

    private mutating func orderEnvironments() {
        var phases: [[Int]] = []
        var phase: Int?
        for place in goers {
            if relations[place].phase != phase { phases.append([]) }
            phase = relations[place].phase
            phases[phases.count - 1].append(place)
        }
        let names = phases.compactMap { $0.first.map { hosts[$0].resource.environment.rawValue } }
        add("environments: \(names.joined(separator: ", then "))", phases)
    }

    /// A load balancer is never away together with a member that it serves, whichever of the two comes first.
    private mutating func orderBalancers() {
        var last: [Int: [Int]] = [:]
        for place in goers where !relations[place].serves.isEmpty {
            if relations[place].goesAfterItsMembers { last[relations[place].phase, default: []].append(place) }
            let served = Set(relations[place].serves.flatMap { takers[$0] ?? [] }).subtracting([place]).sorted()
            let (before, after) = (served.filter { $0 < place }, served.filter { $0 > place })
            let isOrderedByEnvironment = relations[place].goesAfterItsMembers && after.isEmpty
            if !isOrderedByEnvironment || before.contains(where: { relations[$0].phase != relations[place].phase }) {
                add("\(hosts[place].id) carries their traffic", [before, [place], after])
            }
        }
        for (phase, balancers) in last.sorted(by: { $0.key < $1.key }) {
            let latest = Set(balancers)
            let others = goers.filter { relations[$0].phase == phase && !latest.contains($0) }
            let environment = hosts[balancers[0]].resource.environment
            add("load balancers of \(environment) after all else there", [others] + balancers.map { [$0] })
        }
    }

    /// `after` between groups. Groups that follow each other one by one share a list; what several wait for stands in
    /// several.
    private mutating func orderGroups(_ order: GroupOrder) {
        var open: [GroupID: Int] = [:]
        let waiting = takers.keys.filter { order.earlier[$0]?.isEmpty == false }
            .sorted { (order.earlier[$0]?.count ?? 0, $0) < (order.earlier[$1]?.count ?? 0, $1) }
        for group in waiting {
            let earlier = order.earlier[group] ?? []
            let before = Set(earlier.flatMap { takers[$0] ?? [] })
            let own = takers[group] ?? []
            let behind = own.filter { !before.contains($0) }
            // One that is also a member of what its group waits for waits for the rest of it.
            for place in own where before.contains(place) {
                let rest = Set(relations[place].waitsFor.flatMap { takers[$0] ?? [] }).subtracting([place])
                add(
                    "\(hosts[place].id) waits for what group \(group) comes after", [rest.sorted(), [place]],
                    isDependency: true)
            }
            guard !behind.isEmpty, !before.isEmpty else { continue }
            let previous = earlier.first { other in
                earlier.subtracting([other]) == order.earlier[other] ?? [] && open[other] != nil
            }
            if let previous, let place = open.removeValue(forKey: previous),
                Set(orders[place].turns.joined()) == before
            {
                orders[place].turns.append(behind)
                orders[place].reason += ", then \(group)"
                open[group] = place
            } else {
                let names = earlier.filter { takers[$0] != nil }.map(\.rawValue).sorted().joined(separator: ", ")
                add(
                    "groups: \(names), then \(group)", [before.subtracting(behind).sorted(), behind],
                    isDependency: true)
                open[group] = orders.count - 1
            }
        }
    }

    private mutating func orderByRules(_ rules: [TurnOrder]) {
        guard !rules.isEmpty else { return }
        let place = Dictionary(
            hosts.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
        for rule in rules {
            add(
                rule.reason, rule.turns.map { turn in turn.compactMap { place[$0] }.sorted() },
                wayBack: rule.wayBack, isDependency: true)
        }
    }

    mutating func orderMembers(of group: GroupWork) {
        let places = members[group.group.id] ?? []
        let canaries = Array(places.prefix(group.canaries))
        let others = Array(places.dropFirst(group.canaries))
        let name = "group \(group.group.id)"
        let limit = "at most \(group.maximumOut) of \(group.group.members.count) out"
        if group.growth > 1, !canaries.isEmpty {
            let waves = Self.waves(others, from: canaries.count, growth: group.growth, most: group.maximumOut)
            let first = Self.waves(canaries, from: group.maximumOut, growth: 1, most: group.maximumOut)
            return add("\(name): canaries, then waves that grow, \(limit)", first + waves)
        }
        if group.sides != nil {
            let sides = group.sidePlaces(places, hosts)
            add("\(name): \(group.sidesReason)", sides)
            // A side that is larger than what may be out goes in lanes.
            if sides.contains(where: { $0.count > group.maximumOut }) {
                orderLanes(group.maximumOut, sides, name, limit)
            }
            return
        }
        let lanes = max(1, group.maximumOut)
        let spares = places.filter { group.first.contains(hosts[$0].id) }
        if !spares.isEmpty {
            let rest = places.filter { !group.first.contains(hosts[$0].id) }
            orderLanes(lanes, [spares, rest], name, limit)
            if lanes > 1 { add("\(name): spares first", [spares, rest]) }
            return
        }
        orderLanes(lanes, [canaries, others], name, limit)
        let late = places.filter { group.last.contains(hosts[$0].id) }
        if !late.isEmpty, lanes > 1 {
            add("\(name): the leader last", [places.filter { !group.last.contains(hosts[$0].id) }, late])
        }
        if !canaries.isEmpty, lanes > 1 { add("\(name): canaries first", [canaries, others]) }
    }

    /// So many lists that each have one member to a turn, part after part.
    private mutating func orderLanes(_ most: Int, _ parts: [[Int]], _ name: String, _ limit: String) {
        let lanes = max(1, most)
        for lane in 0..<min(lanes, parts.reduce(0) { $0 + $1.count }) {
            let turns = parts.flatMap { part in stride(from: lane, to: part.count, by: lanes).map { [part[$0]] } }
            add("\(name): \(limit)", turns)
        }
    }

    /// Whoever takes members of a group through a patch is never out together with others of the group.
    private mutating func orderControllers(_ groups: [GroupWork]) {
        let controllers = goers.filter { !hosts[$0].touchedGroups.isEmpty }
        guard !controllers.isEmpty else { return }
        let carriers = Dictionary(
            groups.map { ($0.group.id, $0.carriers.compactMap { placesOfHosts[$0.hypervisor] }) },
            uniquingKeysWith: { first, _ in first })
        for place in controllers {
            for group in hosts[place].touchedGroups.sorted() {
                let taking = Set((takers[group] ?? []) + (carriers[group] ?? []))
                let others = taking.filter { $0 != place && !hosts[$0].isOwn }.sorted()
                add(
                    "group \(group): nobody is out while \(hosts[place].id) takes members through",
                    [others.filter { $0 < place }, [place], others.filter { $0 > place }])
            }
        }
    }

    /// Each wave at most `growth` times as large as the one before, and never larger than `most`.
    private static func waves(_ places: [Int], from size: Int, growth: Int, most: Int) -> [[Int]] {
        var result: [[Int]] = []
        var rest = places[...]
        var size = max(1, size)
        while !rest.isEmpty {
            let (grown, isTooLarge) = size.multipliedReportingOverflow(by: growth)
            size = max(1, isTooLarge ? most : min(grown, most))
            result.append(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        return result
    }

    /// Hosts in no group keep no minimum; but there is no use in having more of them out than can be worked on at once.
    private mutating func deal(_ places: [Int], lanes: Int, because reason: String) {
        for lane in 0..<min(max(1, lanes), places.count) {
            add(reason, stride(from: lane, to: places.count, by: max(1, lanes)).map { [places[$0]] })
        }
    }

    private mutating func orderOwnHosts() {
        let own = hosts.indices.filter { hosts[$0].isOwn }
        guard !own.isEmpty else { return }
        add("Fettle's own host last", [goers] + own.map { [$0] }, wayBack: .same)
    }
}
