import FettleModel

/// What comes before what on one way by the names that steps wait for, whatever the orders say: for the few steps that
/// concern several resources.
struct StepAncestry {
    let table: StepTable
    /// Dependencies that may still be followed: a plan that was written to be walked for ever is refused instead.
    private(set) var edgesLeft: Int

    static let mostEdges = 50_000_000

    init(_ table: StepTable) {
        self.table = table
        edgesLeft = Self.mostEdges
    }

    var isExhausted: Bool { edgesLeft <= 0 }

    /// All that is over before the step starts.
    mutating func ancestors(of step: Int) -> Set<Int> {
        var seen: Set<Int> = []
        var open = [step]
        while let next = open.popLast(), edgesLeft > 0 {
            for earlier in table.waits(of: next) {
                edgesLeft -= 1
                if seen.insert(Int(earlier)).inserted { open.append(Int(earlier)) }
            }
        }
        return seen
    }

    /// The nearest are looked at first: who waits for a step of its group mostly names it.
    mutating func precedes(_ earlier: Int, _ later: Int) -> Bool {
        var seen: Set<Int> = []
        var open = [later]
        var head = 0
        while head < open.count, edgesLeft > 0 {
            for wait in table.waits(of: open[head]) {
                edgesLeft -= 1
                if Int(wait) == earlier { return true }
                // Names only lead to steps that stand before.
                if wait > earlier, seen.insert(Int(wait)).inserted { open.append(Int(wait)) }
            }
            head += 1
        }
        return false
    }

    /// Whether a bake that asks for this member lies between its return and a step.
    mutating func isWatched(_ target: Int, _ outage: Outage, before position: Int, _ tables: PlanTables) -> Bool {
        for bake in table.traits.indices where table.traits[bake].contains(.bakes) {
            guard case .bake(_, let resources, _, _) = table.steps[bake].action,
                resources.contains(tables.targets.targets[target].resource),
                precedes(Int(outage.end), bake), precedes(bake, position)
            else { continue }
            return true
        }
        return false
    }
}
