import FettleModel

/// A group that the plan touches, with the strategy it gets: the second pass's result.
struct GroupWork: Sendable {
    var group: ResourceGroup
    /// Members that the plan takes out, sorted by id.
    var targets: [ResourceID]
    /// Members that get steps and are not taken out by the plan itself: a controller takes them through, or they
    /// retire. Sorted.
    var others: [ResourceID] = []
    /// How many of them a controller can have out at once.
    var mostThroughController = 0
    /// Members that retire.
    var retired: [ResourceID] = []
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
    /// How many of those that go next are compared with those that are watched.
    var controls = 0
    /// Whether those that come behind the canary are watched too, and compared with what they were before.
    var watchesRest = false
    /// Whether these are restarted as they are before that.
    var controlRestart = ControlRestart.never
    /// How what is seen of those that go first is judged, but for whom they are compared with; nil: by their probes alone.
    var judgement: BakeJudgement?
    /// By how much each wave after the canary may be larger than the one before; 1: no waves, one after another.
    var growth: Int
    /// Targets that go before all others: the group's spares. Sorted.
    var first: [ResourceID] = []
    /// Targets that go after all others, such as a cluster's leader. Sorted.
    var last: [ResourceID] = []
    /// Targets that take members down with them, beside themselves; sorted.
    var carriers: [Carrier] = []
    /// How many at once the strategy allows, where something that carries several members takes out more than that.
    var pace = 1
    /// Targets that go together, one set after the other, each watched before the next goes; nil: the strategy has no
    /// sides.
    var sides: [[ResourceID]]?

    /// Why those that are compared with are restarted: told of one that cannot be is only who has asked for it.
    enum ControlRestart: Sendable {
        case never, byDefault, declared
    }

    /// Sets of targets of which each goes only after the one before; one set where the strategy puts nobody before
    /// another.
    var parts: [[ResourceID]] {
        if let sides { return sides }
        let between = targets.filter { !first.contains($0) && !last.contains($0) }
        return first.isEmpty && last.isEmpty ? [targets] : [first, between, last].filter { !$0.isEmpty }
    }

    /// The sides' places in the line, among the places of the group's members.
    func sidePlaces(_ places: [Int], _ hosts: [HostWork]) -> [[Int]] {
        guard let sides else { return [] }
        let side = Dictionary(
            sides.enumerated().flatMap { number, side in side.map { ($0, number) } },
            uniquingKeysWith: { first, _ in first })
        return sides.indices.map { number in places.filter { side[hosts[$0].id] == number } }
    }

    var sidesReason: String {
        if case .blueGreen = strategy { "the standby, then the side that serves" } else { "one side at a time" }
    }
}
