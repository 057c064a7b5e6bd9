import FettleModel

/// Pass 7: when each step would begin and end, if the plan's first ready step always takes the next free place.
struct Schedule: Sendable {
    /// In the plan's order of steps, in seconds after the start.
    private(set) var begins: [Int]
    private(set) var ends: [Int]

    var total: Int { ends.max() ?? 0 }

    /// - Parameter opening: for each step, the second before which it does not start, such as its window's opening; nil: at any time.
    init(
        _ steps: [Step], _ graph: TimeGraph, parallelSteps: Int, opening: [Int]? = nil,
        seconds: (DurationEstimate) -> Int
    ) {
        begins = Array(repeating: 0, count: steps.count)
        ends = Array(repeating: 0, count: steps.count)
        // Read in the order in which steps are kept: they begin in another one.
        let lengths = steps.indices.map { seconds(steps[$0].estimate) }
        var waiting = graph.waitsFor
        var ready = PlaceSet(count: steps.count)
        var later = BinaryHeap<Moment>()
        var running = BinaryHeap<Moment>()
        var runningCount = 0
        var now = 0
        var released: [Int] = []
        for node in 0..<graph.nodeCount where waiting[node] == 0 { released.append(node) }
        while true {
            while let node = released.popLast() {
                if node < graph.stepCount {
                    if let opens = opening?[node], opens > now {
                        later.insert(Moment(at: opens, place: node))
                    } else {
                        ready.insert(node)
                    }
                    continue
                }
                Self.release(node, graph, &waiting, &released)
            }
            while runningCount < max(1, parallelSteps), let next = ready.removeFirst() {
                begins[next] = now
                ends[next] = now + lengths[next]
                running.insert(Moment(at: ends[next], place: next))
                runningCount += 1
            }
            if let opens = later.first, opens.at < running.first?.at ?? .max {
                now = opens.at
                while let next = later.first, next.at == now { later.removeFirst().map { ready.insert($0.place) } }
                continue
            }
            guard let finished = running.removeFirst() else { return }
            runningCount -= 1
            now = finished.at
            Self.release(finished.place, graph, &waiting, &released)
        }
    }

    private static func release(_ node: Int, _ graph: TimeGraph, _ waiting: inout [Int32], _ released: inout [Int]) {
        for follower in graph.followers(of: node) {
            waiting[Int(follower)] -= 1
            if waiting[Int(follower)] == 0 { released.append(Int(follower)) }
        }
    }

    private struct Moment: Comparable {
        var at: Int
        var place: Int
        static func < (left: Self, right: Self) -> Bool {
            left.at == right.at ? left.place < right.place : left.at < right.at
        }
    }
}
