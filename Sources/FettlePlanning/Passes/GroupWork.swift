import FettleModel

/// A group that the plan touches, with the strategy it gets: the second pass's result.
struct GroupWork: Sendable {
    var group: ResourceGroup
    /// Members that get steps, sorted by id.
    var targets: [ResourceID]
    var strategy: Strategy
    var reason: String
    var minimumAvailable: Int
    var maximumOut: Int
    /// Members of which the facts know nothing or nothing good, and which the plan leaves alone. Sorted.
    var unavailable: [ResourceID]
    /// How many of the targets go first and are watched; 0 without a canary.
    var canaries: Int
    /// How long those that go first are watched; nil if nothing is there to watch them by.
    var bakeSeconds: Int?
    /// By how much each wave after the canary may be larger than the one before; 1: no waves, one after another.
    var growth: Int
    /// Targets that go after all others, such as a cluster's leader. Sorted.
    var last: [ResourceID] = []
    /// Targets that take members down with them, beside themselves; sorted.
    var carriers: [Carrier] = []
    /// How many at once the strategy allows, where something that carries several members takes out more than that.
    var pace = 1
    /// Targets that go together, one set after the other, each watched before the next goes; nil: the strategy has no sides.
    var sides: [[ResourceID]]?

    /// Sets of targets of which each goes only after the one before; one set where the strategy puts nobody before another.
    var parts: [[ResourceID]] {
        if let sides { return sides }
        return last.isEmpty ? [targets] : [targets.filter { !last.contains($0) }, last]
    }
}
