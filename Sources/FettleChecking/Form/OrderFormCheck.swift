import FettleModel

/// Whether the orders of turns are well formed; on the way they are made into an index of numbers. What is wrong is left out of it.
struct OrderFormCheck {
    let tables: PlanTables
    let outages: Outages

    /// Of one reason, in bytes.
    static let longestReason = 1_000

    func index(_ found: inout ViolationList) -> TurnIndex {
        var index = TurnIndex(targets: tables.targets.count)
        /// For each target the last order in which it was seen.
        var seen = [Int32](repeating: -1, count: tables.targets.count)
        for (place, order) in tables.plan.order.enumerated() {
            if order.reason.utf8.count > Self.longestReason {
                found.add(.form, "\(words(place)) has a reason of more than \(Self.longestReason) bytes")
            }
            index.beginOrder(isReversedOnTheWayBack: order.wayBack == .reversed)
            for (turn, names) in order.turns.enumerated() {
                if names.isEmpty { found.add(.form, "\(words(place)) has an empty turn, its \(turn + 1).") }
                index.beginTurn()
                for name in names {
                    guard let target = target(name, in: place, &found) else { continue }
                    if seen[target] == Int32(truncatingIfNeeded: place) {
                        found.add(.form, "\(words(place)) names \(name) twice")
                        continue
                    }
                    seen[target] = Int32(truncatingIfNeeded: place)
                    index.append(target)
                }
            }
        }
        index.close()
        return index
    }

    private func target(_ name: ResourceID, in order: Int, _ found: inout ViolationList) -> Int? {
        guard let target = tables.targets.place(of: name) else {
            found.add(.form, "\(words(order)) names \(name), which is no target")
            return nil
        }
        if outages.forward[target] == nil {
            found.add(.form, "\(words(order)) names \(name), which the plan does not take out")
        }
        return outages.has(target) ? target : nil
    }

    private func words(_ order: Int) -> String {
        let reason = tables.plan.order[order].reason
        return "order \(order + 1) (\(reason.prefix(100)))"
    }
}
