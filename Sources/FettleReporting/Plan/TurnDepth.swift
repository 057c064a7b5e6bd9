import FettleModel

/// How far from the beginning each resource stands in the order of turns: the longest row of others that come before it.
enum TurnDepth {
    /// Only steps from one class to another count, so that with a class for each group its members stand side by side. Linear in
    /// the length of the order. A plan from a file may order in a circle: who is in one stands where it was reached last.
    ///
    /// - Parameters:
    ///   - classes: of each resource, by its place.
    ///   - orders: lists of turns of places.
    static func of(_ classes: [Int], _ orders: [[[Int]]]) -> [Int] {
        var depth = [Int](repeating: 0, count: classes.count)
        var barriers: [Barrier] = []
        // Who waits for which barrier, and which barriers wait for whom.
        var waiting = [Int](repeating: 0, count: classes.count)
        var turnsOf = [[Int]](repeating: [], count: classes.count)
        for turns in orders {
            for (number, turn) in turns.enumerated() {
                let isLast = number + 1 == turns.count
                barriers.append(
                    Barrier(
                        missing: turn.count + (number > 0 ? 1 : 0), next: isLast ? [] : turns[number + 1],
                        isLast: isLast))
                for place in turn {
                    turnsOf[place].append(barriers.count - 1)
                    if number > 0 { waiting[place] += 1 }
                }
            }
        }
        var ready = classes.indices.filter { waiting[$0] == 0 }
        var open: [Int] = []
        while true {
            if let index = open.popLast() {
                let barrier = barriers[index]
                for place in barrier.next {
                    depth[place] = max(depth[place], barrier.depth(for: classes[place]))
                    waiting[place] -= 1
                    if waiting[place] == 0 { ready.append(place) }
                }
                guard !barrier.isLast else { continue }
                barriers[index + 1].take(barrier)
                if barriers[index + 1].isComplete { open.append(index + 1) }
            } else if let place = ready.popLast() {
                for index in turnsOf[place] {
                    barriers[index].take(depth[place], from: classes[place])
                    if barriers[index].isComplete { open.append(index) }
                }
            } else {
                return depth
            }
        }
    }

    /// The end of a turn: the deepest that stood before it, and the deepest of another class.
    private struct Barrier {
        var missing: Int
        var next: [Int]
        var isLast: Bool
        var best: (depth: Int, from: Int)?
        var other: (depth: Int, from: Int)?

        var isComplete: Bool { missing == 0 }

        mutating func take(_ depth: Int, from origin: Int) {
            missing -= 1
            add((depth, origin))
        }

        mutating func take(_ earlier: Barrier) {
            missing -= 1
            if let best = earlier.best { add(best) }
            if let other = earlier.other { add(other) }
        }

        private mutating func add(_ entry: (depth: Int, from: Int)) {
            guard let best else {
                self.best = entry
                return
            }
            if entry.from == best.from {
                self.best = (max(best.depth, entry.depth), best.from)
            } else if entry.depth > best.depth {
                other = best
                self.best = entry
            } else if other.map({ entry.depth > $0.depth }) ?? true {
                other = entry
            }
        }

        func depth(for origin: Int) -> Int {
            guard let best else { return 0 }
            let own = best.from == origin ? best.depth : best.depth + 1
            return max(own, other.map { $0.from == origin ? $0.depth : $0.depth + 1 } ?? 0)
        }
    }
}
