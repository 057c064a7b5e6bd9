import FettleModel

/// `after` of resources, among those that are planned.
struct DeclaredAfter {
    /// Each "these after those", for finding contradictions.
    private(set) var pairs: [StatedOrder] = []
    private(set) var problems: [PlanningRefusal.Problem] = []

    /// All that come after the same others: `web-[1:40]` of one line of the file is one of them.
    private struct Class {
        var earlier: [ResourceID]
        var later: [ResourceID]
    }

    private var classes: [Class] = []
    private let fleet: [ResourceID: [ResourceID]]

    /// What the turns may come to together; as many as a plan of 100,000 hosts has steps.
    private static let limit = 2_000_000

    /// - Parameter hosts: the planned ones, sorted by id.
    init(_ hosts: [Resource], fleet: Fleet) {
        let declared = fleet.resources.filter { !$0.after.isEmpty }.map { ($0.id, $0.after) }
        self.fleet = Dictionary(declared) { first, _ in first }
        guard !declared.isEmpty else { return }
        let planned = Set(hosts.map(\.id))
        var places: [[ResourceID]: Int] = [:]
        var known: [[ResourceID]: [ResourceID]] = [:]
        for host in hosts {
            guard let after = self.fleet[host.id] else { continue }
            let earlier = known[after] ?? reach(from: after, planned: planned)
            known[after] = earlier
            if earlier.contains(host.id) {
                tellItself(host.id, planned: planned)
            } else if !earlier.isEmpty {
                let place = places[earlier] ?? classes.count
                places[earlier] = place
                if place == classes.count { classes.append(Class(earlier: earlier, later: [])) }
                classes[place].later.append(host.id)
            }
        }
        pairs = classes.map {
            let turns = [$0.earlier, $0.later]
            return StatedOrder(order: TurnOrder(reason: Self.words(turns), turns: turns), source: "fleet.yaml")
        }
        if classes.reduce(0, { $0 + $1.earlier.count + $1.later.count }) > Self.limit { tellTooMany() }
    }

    /// The planned ones among these, and those that stand behind the ones that are not planned. Sorted.
    private func reach(from after: [ResourceID], planned: Set<ResourceID>) -> [ResourceID] {
        var open = after
        var seen: Set<ResourceID> = []
        var found: [ResourceID] = []
        while let id = open.popLast() {
            guard seen.insert(id).inserted else { continue }
            if planned.contains(id) { found.append(id) } else { open += fleet[id] ?? [] }
        }
        return found.sorted()
    }

    /// Through some that are not planned it waits for itself; the fleet's own reader refuses such a file.
    private mutating func tellItself(_ id: ResourceID, planned: Set<ResourceID>) {
        var cameFrom: [ResourceID: ResourceID] = [:]
        var open = [id]
        while let next = open.popLast(), cameFrom[id] == nil {
            for earlier in fleet[next] ?? []
            where cameFrom[earlier] == nil && (earlier == id || !planned.contains(earlier)) {
                cameFrom[earlier] = next
                open.append(earlier)
            }
        }
        var path = [id]
        while let last = path.last, let before = cameFrom[last], before != id { path.append(before) }
        let words = ([id] + path.dropFirst().reversed() + [id]).map(\.rawValue).joined(separator: " after ")
        problems.append(
            PlanningRefusal.Problem(
                .orderCycle, at: .resource(id),
                "resources wait for each other: \(words) (fleet.yaml); take one of these back"))
    }

    private mutating func tellTooMany() {
        problems.append(
            PlanningRefusal.Problem(
                .invalidLimit, at: .plan,
                "'after' of resources makes more than \(Self.limit) turns; tiers, or rules of order, say the same in a line"
            ))
    }

    // MARK: Turns

    /// Lists of turns that hold whoever drops out: where all of one class come after all of another, they stand in one list, as
    /// database, cache, application; where not, a list begins with all that stands before, at any distance. Only to be asked for
    /// where nothing contradicts itself.
    func orders() -> [TurnOrder] {
        let byLater = Dictionary(classes.enumerated().map { ($1.later, $0) }) { first, _ in first }
        let isExtended = Set(classes.compactMap { byLater[$0.earlier] })
        var classOf: [ResourceID: Int] = [:]
        for (place, group) in classes.enumerated() {
            for id in group.later { classOf[id] = place }
        }
        return classes.indices.filter { !isExtended.contains($0) }.map { place in
            var turns = [classes[place].later]
            var first = place
            while let before = byLater[classes[first].earlier] {
                turns.append(classes[before].later)
                first = before
            }
            turns.append(all(before: classes[first].earlier, classOf))
            return TurnOrder(reason: Self.words(turns.reversed()), turns: turns.reversed())
        }
    }

    /// These and all that they come after. Sorted.
    private func all(before earlier: [ResourceID], _ classOf: [ResourceID: Int]) -> [ResourceID] {
        var open = earlier
        var found: Set<ResourceID> = []
        while let id = open.popLast() {
            guard found.insert(id).inserted, let place = classOf[id] else { continue }
            open += classes[place].earlier
        }
        return found.sorted()
    }

    /// `web-1, web-2 after db-1`, the last turn first, as one says it.
    private static func words(_ turns: [[ResourceID]]) -> String {
        let words = turns.reversed().map { RuleOrders.words($0) }
        guard words.count > 5 else { return words.joined(separator: " after ") }
        return (words.prefix(3) + ["\(words.count - 4) more"] + words.suffix(1)).joined(separator: " after ")
    }
}
