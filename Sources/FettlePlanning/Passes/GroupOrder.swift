import FettleModel

/// What `after` between groups means: which groups wait for which, directly and through others.
struct GroupOrder {
    /// By group, every group that it waits for, at any distance.
    private(set) var earlier: [GroupID: Set<GroupID>] = [:]

    /// Reads all `after` edges that lead from the given groups, and refuses loops with the path that makes them.
    ///
    /// - Parameter isBack: the other way round, for a plan that takes back what was done in that order.
    init(_ fleet: Fleet, from starts: [GroupID], isBack: Bool = false, notes: inout PlanNotes) {
        var declared = Dictionary(
            fleet.groups.map { ($0.id, $0.after.sorted()) }, uniquingKeysWith: { first, _ in first })
        if isBack { declared = Self.turnedRound(declared) }
        for start in starts.sorted() {
            earlier[start] = Self.reach(from: start, declared, notes: &notes)
        }
    }

    private static func turnedRound(_ declared: [GroupID: [GroupID]]) -> [GroupID: [GroupID]] {
        var turned = declared.mapValues { _ in [GroupID]() }
        for (group, earlier) in declared.sorted(by: { $0.key < $1.key }) {
            for other in earlier { turned[other, default: []].append(group) }
        }
        return turned
    }

    /// Walks with a stack of its own, so that a long chain of groups cannot overflow the thread's.
    private static func reach(
        from start: GroupID, _ declared: [GroupID: [GroupID]], notes: inout PlanNotes
    ) -> Set<GroupID> {
        var cameFrom: [GroupID: GroupID] = [:]
        var open = [start]
        var found: Set<GroupID> = []
        while let group = open.popLast() {
            for next in declared[group] ?? [] {
                guard declared[next] != nil else {
                    notes.refuse(
                        .unknownName, at: .group(group),
                        "group \(group): after \(next), but no group has that name")
                    continue
                }
                if next == start {
                    refuseCycle(from: start, backFrom: group, cameFrom, notes: &notes)
                } else if found.insert(next).inserted {
                    cameFrom[next] = group
                    open.append(next)
                }
            }
        }
        return found
    }

    private static func refuseCycle(
        from start: GroupID, backFrom last: GroupID, _ cameFrom: [GroupID: GroupID], notes: inout PlanNotes
    ) {
        var path = [last]
        while let head = path.first, head != start, let before = cameFrom[head] { path.insert(before, at: 0) }
        // Every member of a loop finds it; it is told once, from its smallest name on.
        guard path.allSatisfy({ start <= $0 }) else { return }
        let words = (path + [start]).map(\.rawValue).joined(separator: " after ")
        notes.refuse(.orderCycle, at: .group(start), "groups wait for each other: \(words); remove one of these")
    }
}
