import FettleModel

/// How far the turns of a plan's orders have come: for each turn how many of its resources are not finished, still have to go
/// back, and are out. Follows from the fold; kept up to date resource by resource, so that nobody is asked whose standing is
/// as it was.
struct TurnState: Sendable, Equatable {
    /// What a resource means to those who take other turns.
    struct Standing: Sendable, Equatable {
        /// Those of later turns wait for it on the way forward.
        var isUnfinished = false
        /// Those that go back later wait for it on the way back.
        var isGoingBack = false
        /// Nobody of another turn is taken out.
        var isOut = false
    }

    /// Turns in the order in which they are taken, and the first of which something is still expected.
    struct Queue: Sendable, Equatable {
        private var counts: [Int]
        /// As many as there are turns if nothing is expected of any of them.
        private(set) var first: Int

        init(turns: Int) {
            counts = Array(repeating: 0, count: turns)
            first = turns
        }

        /// - Returns: the turns that need not wait any longer; nil if some have to wait that did not.
        mutating func change(_ turn: Int, by difference: Int) -> Range<Int>? {
            counts[turn] += difference
            let earlier = first
            if difference > 0 {
                first = min(first, turn)
                return first == earlier ? 0..<0 : nil
            }
            while first < counts.count, counts[first] == 0 { first += 1 }
            return (earlier + 1)..<max(earlier + 1, min(first + 1, counts.count))
        }
    }

    /// How many of each turn are out.
    struct Outages: Sendable, Equatable {
        private var counts: [Int]
        private var total = 0

        init(turns: Int) { counts = Array(repeating: 0, count: turns) }

        func isAnyOut(butFor turn: Int) -> Bool { total > counts[turn] }

        /// - Returns: how many of the turn are out now.
        mutating func change(_ turn: Int, by difference: Int) -> Int {
            counts[turn] += difference
            total += difference
            return counts[turn]
        }
    }

    /// What is counted for each resource at present; for those that stand in an order.
    private var standings: Table<Resource, Standing>
    /// For each order of the plan.
    var ahead: [Queue]
    /// The same for the way back: position 0 goes back first.
    var back: [Queue]
    var out: [Outages]

    /// - Parameter resources: how many numbers are in use for resources.
    init(_ turns: Turns, resources: Int) {
        standings = Table(repeating: Standing(), count: resources)
        ahead = turns.orders.map { Queue(turns: $0.turns.count) }
        back = ahead
        out = turns.orders.map { Outages(turns: $0.turns.count) }
    }

    /// Notes a standing.
    /// - Returns: the one before.
    mutating func note(_ standing: Standing, of resource: ResourceNumber) -> Standing {
        let before = standings[resource]
        standings[resource] = standing
        return before
    }
}
