import FettleModel

/// The orders of turns as numbers, from both sides: who stands in a turn, and in which turns a target stands.
struct TurnIndex {
    /// Where a target stands.
    struct Place: Equatable {
        var order: Int32
        var turn: Int32
    }

    /// For each order whether it is taken the other way round on the way back.
    private(set) var isReversed: [Bool] = []
    /// For each order the first of its turns, for each turn the first of its targets; the last entries close the lists.
    private var orderStarts: [Int32] = []
    private var turnStarts: [Int32] = []
    private var turnTargets: [Int32] = []
    /// For each target the first of its places, which ascend by order.
    private var placeStarts: [Int32]
    private var places: [Place] = []

    init(targets: Int) {
        placeStarts = [Int32](repeating: 0, count: targets + 1)
    }

    var orderCount: Int { isReversed.count }
    var nameCount: Int { turnTargets.count }

    mutating func beginOrder(isReversedOnTheWayBack: Bool) {
        isReversed.append(isReversedOnTheWayBack)
        orderStarts.append(Int32(truncatingIfNeeded: turnStarts.count))
    }

    mutating func beginTurn() { turnStarts.append(Int32(truncatingIfNeeded: turnTargets.count)) }
    mutating func append(_ target: Int) { turnTargets.append(Int32(truncatingIfNeeded: target)) }

    /// Nothing is appended afterwards.
    mutating func close() {
        orderStarts.append(Int32(truncatingIfNeeded: turnStarts.count))
        turnStarts.append(Int32(truncatingIfNeeded: turnTargets.count))
        for target in turnTargets { placeStarts[Int(target) + 1] += 1 }
        for target in 1..<placeStarts.count { placeStarts[target] += placeStarts[target - 1] }
        var next = placeStarts
        places = [Place](repeating: Place(order: 0, turn: 0), count: turnTargets.count)
        for order in 0..<orderCount {
            for turn in 0..<turnCount(of: order) {
                for target in targets(order, turn) {
                    let place = Place(order: Int32(truncatingIfNeeded: order), turn: Int32(truncatingIfNeeded: turn))
                    places[Int(next[Int(target)])] = place
                    next[Int(target)] += 1
                }
            }
        }
    }

    func turnCount(of order: Int) -> Int { Int(orderStarts[order + 1] - orderStarts[order]) }

    func targets(_ order: Int, _ turn: Int) -> ArraySlice<Int32> {
        let turn = Int(orderStarts[order]) + turn
        return turnTargets[Int(turnStarts[turn])..<Int(turnStarts[turn + 1])]
    }

    func places(of target: Int) -> ArraySlice<Place> { places[Int(placeStarts[target])..<Int(placeStarts[target + 1])] }

    /// Whether the two stand in different turns of a common order, and so are never out together.
    func keepsApart(_ one: Int, _ other: Int) -> Bool {
        var (left, right) = (places(of: one), places(of: other))
        while let first = left.first, let second = right.first {
            if first.order == second.order {
                if first.turn != second.turn { return true }
                left.removeFirst()
                right.removeFirst()
            } else if first.order < second.order {
                left.removeFirst()
            } else {
                right.removeFirst()
            }
        }
        return false
    }
}
