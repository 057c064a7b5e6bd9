import FettleModel

/// A bound on how many members of a group are out at once, from the orders alone: the takers are covered with orders, of each of
/// which at most one turn is out; the largest turns added up are the bound. It holds in every state of both ways.
///
/// An order in which all of them stand comes first: within one of its turns the others bound at least as well as over all. Then
/// the order that keeps most apart, and only who is not covered yet counts for the next. A turn is covered in the same way: the
/// environments of a fleet follow each other, and within one of them its lanes do.
struct TurnCover {
    let load: GroupLoad
    let turns: TurnIndex
    /// Places that may still be looked at; without them no more is kept apart, which is sound.
    private var placesLeft: Int
    private(set) var placesSeen = 0

    /// Turns within turns that are looked at.
    static let deepest = 16

    struct Bound {
        var most: Int
        /// Takers that could be the ones: not proven to be out together.
        var who: [Int32]
    }

    private struct Entry {
        var order: Int32
        var turn: Int32
        /// By its place among those that are to be covered.
        var taker: Int32
    }

    init(_ load: GroupLoad, _ turns: TurnIndex, placesLeft: Int) {
        self.load = load
        self.turns = turns
        self.placesLeft = placesLeft
    }

    mutating func bound() -> Bound {
        cover((0..<load.count).map { Int32(truncatingIfNeeded: $0) }, depth: 0)
    }

    private mutating func cover(_ takers: [Int32], depth: Int) -> Bound {
        let whole = Bound(most: load.weight(of: takers), who: takers)
        guard takers.count > 1, depth < Self.deepest else { return whole }
        let (entries, orders) = separatingOrders(takers)
        guard !orders.isEmpty else { return whole }
        var isOpen = [Bool](repeating: true, count: takers.count)
        if let all = orders.first(where: { $0.count == takers.count }) {
            return share(of: all, entries, takers, isOpen, depth: depth)
        }
        var result = Bound(most: 0, who: [])
        // What an order keeps apart only becomes less as others are covered, so each waits at the last that was seen of it.
        var waiting = [[Int]](repeating: [], count: 1)
        func put(_ order: Int, _ gain: Int, into waiting: inout [[Int]]) {
            while waiting.count <= gain { waiting.append([]) }
            waiting[gain].append(order)
        }
        for order in orders.indices {
            put(order, gain(orders[order], entries, takers, isOpen), into: &waiting)
        }
        while let level = waiting.indices.last, level > 0 {
            for order in waiting.removeLast() {
                let gain = gain(orders[order], entries, takers, isOpen)
                guard gain == level else {
                    put(order, gain, into: &waiting)
                    continue
                }
                let share = share(of: orders[order], entries, takers, isOpen, depth: depth)
                result.most += share.most
                result.who += share.who
                for entry in entries[orders[order]] { isOpen[Int(entry.taker)] = false }
            }
        }
        let rest = takers.indices.filter { isOpen[$0] }.map { takers[$0] }
        result.most += load.weight(of: rest)
        result.who += rest
        return result.most < whole.most ? result : whole
    }

    /// The places of the takers, by order and turn, and the orders that have them in more than one turn.
    private mutating func separatingOrders(_ takers: [Int32]) -> (entries: [Entry], orders: [Range<Int>]) {
        var entries: [Entry] = []
        for (taker, place) in takers.enumerated() {
            for own in turns.places(of: Int(load.takers[Int(place)])) {
                entries.append(Entry(order: own.order, turn: own.turn, taker: Int32(truncatingIfNeeded: taker)))
            }
        }
        placesSeen += entries.count
        placesLeft -= entries.count
        guard placesLeft > 0 else { return ([], []) }
        entries.sort { ($0.order, $0.turn, $0.taker) < ($1.order, $1.turn, $1.taker) }
        var orders: [Range<Int>] = []
        var first = 0
        for place in entries.indices
        where place + 1 == entries.count || entries[place + 1].order != entries[first].order {
            if entries[first].turn != entries[place].turn { orders.append(first..<place + 1) }
            first = place + 1
        }
        return (entries, orders)
    }

    /// How many are kept apart by an order: those in all turns but the largest.
    private mutating func gain(
        _ order: Range<Int>, _ entries: [Entry], _ takers: [Int32], _ isOpen: [Bool]
    ) -> Int {
        placesSeen += order.count
        placesLeft -= order.count
        guard placesLeft > 0 else { return 0 }
        var (sum, largest, current) = (0, 0, 0)
        for place in order {
            if place > order.lowerBound, entries[place].turn != entries[place - 1].turn { current = 0 }
            guard isOpen[Int(entries[place].taker)] else { continue }
            let weight = load.weight(Int(takers[Int(entries[place].taker)]))
            sum += weight
            current += weight
            largest = max(largest, current)
        }
        return sum - largest
    }

    /// The most that one turn of the order has out.
    private mutating func share(
        of order: Range<Int>, _ entries: [Entry], _ takers: [Int32], _ isOpen: [Bool], depth: Int
    ) -> Bound {
        var parts: [(takers: [Int32], weight: Int)] = []
        var part: [Int32] = []
        for place in order {
            if isOpen[Int(entries[place].taker)] { part.append(takers[Int(entries[place].taker)]) }
            let isLast = place + 1 == order.upperBound || entries[place + 1].turn != entries[place].turn
            guard isLast, !part.isEmpty else { continue }
            parts.append((part, load.weight(of: part)))
            part = []
        }
        var best = Bound(most: 0, who: [])
        for part in parts.sorted(by: { $0.weight > $1.weight }) {
            guard part.weight > best.most else { break }
            let bound = cover(part.takers, depth: depth + 1)
            if bound.most > best.most { best = bound }
        }
        return best
    }
}
