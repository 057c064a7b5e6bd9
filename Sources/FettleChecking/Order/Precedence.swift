import FettleModel

/// What has to be over before what, on one way: steps by the names they wait for, and resources by their turns.
///
/// Nodes are the steps, by their positions, and behind them a knot between every two turns that follow each other: it waits for the
/// ends of the turn before and for the knot before, and the next turn waits for it. So the whole is as long as the plan.
struct Precedence {
    private let table: StepTable
    private let outages: [Outage?]
    private let controls: [Int: Outage]
    private let turns: TurnIndex
    /// For each order the first of its knots.
    private let knotStarts: [Int32]
    let nodeCount: Int

    /// - Parameter controls: outages before those of the changes. They too begin behind all earlier turns; those of later turns wait
    ///   for the changes.
    init(_ table: StepTable, _ outages: [Outage?], controls: [Int: Outage] = [:], _ turns: TurnIndex) {
        self.table = table
        self.outages = outages
        self.controls = controls
        self.turns = turns
        var count = table.count
        var starts: [Int32] = []
        starts.reserveCapacity(turns.orderCount + 1)
        for order in 0..<turns.orderCount {
            starts.append(Int32(truncatingIfNeeded: count))
            count += max(0, turns.turnCount(of: order) - 1)
        }
        starts.append(Int32(truncatingIfNeeded: count))
        knotStarts = starts
        nodeCount = count
    }

    func isStep(_ node: Int) -> Bool { node < table.count }

    /// The order to which a knot belongs: the last that starts at or before it. Orders of one turn have no knots.
    func order(of knot: Int) -> Int {
        var (low, high) = (0, turns.orderCount)
        while low + 1 < high {
            let middle = (low + high) / 2
            if Int(knotStarts[middle]) <= knot { low = middle } else { high = middle }
        }
        return low
    }

    private func isReversed(_ order: Int) -> Bool { table.isRollback && turns.isReversed[order] }

    /// Calls with every node that has to be over before this one.
    func forEachEarlier(of node: Int, _ body: (Int) -> Void) {
        var cursor = 0
        while let earlier = earlier(of: node, cursor) {
            if earlier >= 0 { body(earlier) }
            cursor += 1
        }
    }

    /// The node's earlier nodes one by one: below 0 where there is none at the cursor, nil behind the last.
    func earlier(of node: Int, _ cursor: Int) -> Int? {
        isStep(node) ? earlier(ofStep: node, cursor) : earlier(ofKnot: node, cursor)
    }

    private func earlier(ofStep step: Int, _ cursor: Int) -> Int? {
        let waits = table.waits(of: step)
        if cursor < waits.count { return Int(waits[waits.startIndex + cursor]) }
        let target = table.target(step)
        guard isBegin(step, of: target) else { return nil }
        let places = turns.places(of: target)
        guard cursor - waits.count < places.count else { return nil }
        let place = places[places.startIndex + cursor - waits.count]
        let order = Int(place.order)
        let rank = isReversed(order) ? turns.turnCount(of: order) - 1 - Int(place.turn) : Int(place.turn)
        return rank == 0 ? -1 : Int(knotStarts[order]) + rank - 1
    }

    private func isBegin(_ step: Int, of target: Int) -> Bool {
        if let outage = outages[target], Int(outage.begin) == step { return true }
        guard !controls.isEmpty, let control = controls[target] else { return false }
        return Int(control.begin) == step
    }

    private func earlier(ofKnot knot: Int, _ cursor: Int) -> Int? {
        let order = order(of: knot)
        let rank = knot - Int(knotStarts[order])
        let turn = isReversed(order) ? turns.turnCount(of: order) - 1 - rank : rank
        let targets = turns.targets(order, turn)
        if cursor < targets.count {
            return outages[Int(targets[targets.startIndex + cursor])].map { Int($0.end) } ?? -1
        }
        return cursor == targets.count ? (rank == 0 ? -1 : knot - 1) : nil
    }
}

/// The nodes in an order in which each stands behind all that has to be over before it; or a cycle, if there is none.
struct SortedNodes {
    private(set) var nodes: [Int32] = []
    /// Each waits for the next, and the last for the first; empty if there is no cycle.
    private(set) var cycle: [Int] = []

    /// A walk in depth (Tarjan 1976) with a stack of its own, so that a long lane cannot overflow the thread's.
    init(_ precedence: Precedence, counting work: inout CheckWork) {
        enum Mark: UInt8 { case unseen, open, done }
        var marks = [Mark](repeating: .unseen, count: precedence.nodeCount)
        var stack: [(node: Int32, cursor: Int32)] = []
        nodes.reserveCapacity(precedence.nodeCount)
        for start in 0..<precedence.nodeCount where marks[start] == .unseen {
            stack.append((Int32(truncatingIfNeeded: start), 0))
            marks[start] = .open
            while let (node, cursor) = stack.last {
                guard let earlier = precedence.earlier(of: Int(node), Int(cursor)) else {
                    marks[Int(node)] = .done
                    nodes.append(node)
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].cursor += 1
                work.edgesFollowed += 1
                guard earlier >= 0, marks[earlier] != .done else { continue }
                if marks[earlier] == .open {
                    let first = stack.lastIndex { Int($0.node) == earlier } ?? 0
                    cycle = stack[first...].map { Int($0.node) }
                    nodes = []
                    return
                }
                marks[earlier] = .open
                stack.append((Int32(truncatingIfNeeded: earlier), 0))
            }
        }
    }
}
