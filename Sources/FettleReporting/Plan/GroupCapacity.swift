import FettleModel

/// How many members of a group are available while the plan is carried out, if every step takes its median.
struct GroupCapacity {
    var group: PlannedGroup
    /// From second 0 on; each holds until the next.
    var points: [(second: Int, available: Int)]
    var unavailable: Int
    var lowest: Int
    /// How many could still be missing at the worst moment.
    var spare: Int { lowest - group.minimumAvailable.clamped }

    /// One for each group, those with the least to spare first.
    static func all(_ picture: PlanPicture, _ rows: PlanRows) -> [GroupCapacity] {
        var out: [ResourceID: [Range<Int>]] = [:]
        let carried = Dictionary(
            picture.plan.targets.filter { !$0.carries.isEmpty }.map { ($0.resource, $0.carries) },
            uniquingKeysWith: { first, _ in first })
        for row in rows.all {
            for resource in row.outages.isEmpty ? [] : [row.resource] + (carried[row.resource] ?? []) {
                out[resource, default: []] += row.outages
            }
        }
        return picture.plan.groups.map { group in
            GroupCapacity(group, out: out, unavailable: picture.unavailable)
        }.sorted { ($0.spare, $0.lowest, $0.group.id) < ($1.spare, $1.lowest, $1.group.id) }
    }

    private init(_ group: PlannedGroup, out: [ResourceID: [Range<Int>]], unavailable: Set<ResourceID>) {
        self.group = group
        let members = Set(group.members)
        let missing = members.intersection(unavailable).count
        var changes: [Int: Int] = [0: 0]
        for member in members where !unavailable.contains(member) {
            for gone in MergedRanges.of(out[member] ?? []) {
                changes[gone.lowerBound, default: 0] -= 1
                changes[gone.upperBound, default: 0] += 1
            }
        }
        var available = members.count - missing
        points = []
        for (second, change) in changes.sorted(by: { $0.key < $1.key }) {
            available += change
            if points.last?.available != available { points.append((second, available)) }
        }
        self.unavailable = missing
        lowest = points.map(\.available).min() ?? available
    }
}

extension Int {
    /// A plan from a file may say anything: far enough for any fleet, near enough that sums cannot overflow.
    var clamped: Int { Swift.min(Swift.max(self, -1_000_000_000), 1_000_000_000) }
}
