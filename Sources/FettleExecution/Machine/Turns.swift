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
        var turns: [[ResourceID]]
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
    private let places: [ResourceID: [Place]]

    /// - Parameter resources: those that have a step.
    init(_ orders: [TurnOrder], among resources: Set<ResourceID>) throws(PlanDefect) {
        var places: [ResourceID: [Place]] = [:]
        var known: [Order] = []
        for (number, order) in orders.enumerated() {
            var seen: Set<ResourceID> = []
            for (turn, members) in order.turns.enumerated() {
                guard !members.isEmpty else {
                    throw PlanDefect(
                        code: .malformedOrder, step: nil,
                        message: "turn \(turn + 1) of the order '\(order.reason)' is empty")
                }
                for resource in members {
                    guard seen.insert(resource).inserted else {
                        throw PlanDefect(
                            code: .malformedOrder, step: nil,
                            message: "the order '\(order.reason)' names \(resource) twice")
                    }
                    guard resources.contains(resource) else { continue }
                    places[resource, default: []].append(Place(order: number, turn: turn))
                }
            }
            let turns = order.turns.map { turn in
                turn.allSatisfy(resources.contains) ? turn : turn.filter(resources.contains)
            }
            known.append(Order(reason: order.reason, turns: turns, wayBack: order.wayBack))
        }
        self.orders = known
        self.places = places
    }

    func places(of resource: ResourceID) -> [Place] { places[resource] ?? [] }

    /// Whether the two are never out together: they stand in different turns of one order.
    func exclude(_ one: ResourceID, _ other: ResourceID) -> Bool {
        let (left, right) = (places(of: one), places(of: other))
        var (i, j) = (0, 0)
        while i < left.count, j < right.count {
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
