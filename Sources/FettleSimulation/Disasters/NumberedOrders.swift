import FettleModel

/// A plan's orders of turns, by the numbers of the hosts.
struct NumberedOrders: Sendable {
    struct Place: Sendable {
        var order: Int
        /// Where its turn begins and ends among the order's hosts.
        var turn: Range<Int>
    }

    /// By order, its hosts from the first turn to the last.
    private var hosts: [[Int]] = []
    /// By host, in the order of the orders.
    private var places: [[Place]]

    /// - Parameter numbers: have every host that is worked on; others hold nobody up.
    init(_ plan: Plan, _ numbers: HostNumbers) {
        places = numbers.ids.map { _ in [] }
        for (number, order) in plan.order.enumerated() {
            var line: [Int] = []
            for turn in order.turns {
                let own = turn.compactMap { numbers[$0] }
                let place = Place(order: number, turn: line.count..<line.count + own.count)
                for host in own { places[host].append(place) }
                line += own
            }
            hosts.append(line)
        }
    }

    func places(of resource: ResourceID, in numbers: HostNumbers) -> [Place] {
        guard let number = numbers[resource], places.indices.contains(number) else { return [] }
        return places[number]
    }

    func before(_ place: Place) -> ArraySlice<Int> { hosts[place.order][..<place.turn.lowerBound] }
    func behind(_ place: Place) -> ArraySlice<Int> { hosts[place.order][place.turn.upperBound...] }
}
