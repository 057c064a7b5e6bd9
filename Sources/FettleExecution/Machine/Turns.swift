import FettleModel

/// Where the resources stand in a plan's orders. Made once. Names without steps are left out: nothing is done to them, so nobody
/// has to wait for them.
struct Turns: Sendable {
    /// A turn of an order.
    struct Place: Hashable, Sendable {
        var order: Int
        var turn: Int
    }

    struct Order: Sendable {
        var reason: String
        var turns: [[ResourceNumber]]
        var wayBack: TurnOrder.WayBack

        /// When a turn goes back: 0 for the one that goes first.
        func positionBack(of turn: Int) -> Int {
            switch wayBack {
            case .reversed: turns.count - 1 - turn
            case .same: turn
            }
        }
    }

    let orders: [Order]
    /// By order, each of which is named once at most.
    private let places: Lists<Resource, Place>

    init(_ orders: [TurnOrder], among names: PlanNames) throws(PlanDefect) {
        var places: [[Place]] = Array(repeating: [], count: names.resourceNames.count)
        var known: [Order] = []
        for (number, order) in orders.enumerated() {
            var seen: Set<ResourceID> = []
            var turns: [[ResourceNumber]] = []
            for (turn, members) in order.turns.enumerated() {
                guard !members.isEmpty else {
                    throw PlanDefect(
                        code: .malformedOrder, step: nil,
                        message: "turn \(turn + 1) of the order '\(order.reason)' is empty")
                }
                var numbers: [ResourceNumber] = []
                for name in members {
                    guard seen.insert(name).inserted else {
                        throw PlanDefect(
                            code: .malformedOrder, step: nil,
                            message: "the order '\(order.reason)' names \(name) twice")
                    }
                    guard let resource = names.resources[name], resource.asInt < names.steppedCount else { continue }
                    numbers.append(resource)
                    places[resource.asInt].append(Place(order: number, turn: turn))
                }
                turns.append(numbers)
            }
            known.append(Order(reason: order.reason, turns: turns, wayBack: order.wayBack))
        }
        self.orders = known
        self.places = Lists(places)
    }

    func places(of resource: ResourceNumber) -> ArraySlice<Place> { places[resource] }

    /// Whether the two are never out together: they stand in different turns of one order.
    func exclude(_ one: ResourceNumber, _ other: ResourceNumber) -> Bool {
        let (left, right) = (places(of: one), places(of: other))
        var (i, j) = (left.startIndex, right.startIndex)
        while i < left.endIndex, j < right.endIndex {
            if left[i].order == right[j].order {
                if left[i].turn != right[j].turn { return true }
                i += 1
                j += 1
            } else if left[i].order < right[j].order {
                i += 1
            } else {
                j += 1
            }
        }
        return false
    }
}
