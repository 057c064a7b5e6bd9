import FettleModel
import FettleTestSupport

/// Small plans with orders that nobody thought about: some safe, some not, some that nobody could carry out.
enum RandomPlan {
    /// - Parameters:
    ///   - targets: so many at most.
    ///   - isCarrying: some targets take others down with them, and some are members of no group.
    static func plan(seed: UInt64, targets most: Int = 5, isCarrying: Bool = false) -> Plan {
        var random = SplitMix(seed: seed)
        let size = 2 + Int(random.next() % UInt64(most - 1))
        var plan = RollingPlan.plan(size: size, lanes: 1)
        plan.order = orders(plan.targets.map(\.resource), &random)
        if isCarrying {
            for place in plan.targets.indices where random.next() % 3 == 0 {
                let others = plan.targets.indices.filter { $0 != place && random.next() % 2 == 0 }
                plan.targets[place].carries = others.map { plan.targets[$0].resource }.sorted()
            }
            let members = plan.groups[0].members.filter { _ in random.next() % 4 != 0 }
            if !members.isEmpty { plan.groups[0].members = members }
        }
        plan.groups[0].members.sort()
        let count = plan.groups[0].members.count
        plan.groups[0].maximumOut = 1 + Int(random.next() % UInt64(count))
        plan.groups[0].minimumAvailable = Int(random.next() % UInt64(count))
        return plan
    }

    private static func orders(_ targets: [ResourceID], _ random: inout SplitMix) -> [TurnOrder] {
        (0..<Int(random.next() % 5)).compactMap { number in
            // Mostly in one sequence, so that not every second plan is a knot.
            let line = random.next() % 4 == 0 ? targets.shuffled(using: &random) : targets
            var turns: [[ResourceID]] = []
            for target in line where random.next() % 3 != 0 {
                if turns.isEmpty || random.next() % 3 != 0 { turns.append([]) }
                turns[turns.count - 1].append(target)
            }
            guard !turns.isEmpty else { return nil }
            return TurnOrder(
                reason: "order number \(number)", turns: turns, wayBack: random.next() % 5 == 0 ? .same : .reversed)
        }
    }
}
