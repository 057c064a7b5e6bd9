import FettleModel

/// Finds out whether orders contradict each other, and by which way round.
///
/// Between two turns stands a knot, "all of these are finished": the graph is as large as the lists, not as their pairs.
struct OrderCycles {
    /// One "later after earlier", and who says so.
    struct Link: Equatable {
        var later: ResourceID
        var earlier: ResourceID
        var source: String
    }

    private var ids: [ResourceID] = []
    private var sources: [String] = []
    private var successors: [[Int]] = []
    private var predecessors: [[Int]] = []

    init(_ stated: [StatedOrder]) {
        ids = Set(stated.flatMap { $0.order.turns.joined() }).sorted()
        let places = Dictionary(uniqueKeysWithValues: zip(ids, ids.indices))
        successors = Array(repeating: [], count: ids.count)
        predecessors = successors
        for order in stated {
            for (earlier, later) in zip(order.order.turns, order.order.turns.dropFirst()) {
                let knot = successors.count
                sources.append(order.source)
                successors.append(later.compactMap { places[$0] })
                predecessors.append(earlier.compactMap { places[$0] })
                for place in predecessors[knot] { successors[place].append(knot) }
                for place in successors[knot] { predecessors[place].append(knot) }
            }
        }
    }

    /// The ways round, each the shortest from its smallest name; no resource is in two of them. Empty: nothing contradicts itself.
    ///
    /// - Parameter limit: who has that many has one mistake, many times.
    func paths(limit: Int = 10) -> [[Link]] {
        var isOpen = Array(repeating: true, count: successors.count)
        var paths: [[Link]] = []
        while paths.count < limit {
            peel(&isOpen)
            guard let way = ids.indices.lazy.compactMap({ isOpen[$0] ? self.way(roundFrom: $0, isOpen) : nil }).first
            else {
                break
            }
            paths.append(links(way))
            for place in way where place < ids.count { isOpen[place] = false }
        }
        return paths
    }

    /// Closes all that lies on no way round, from both ends.
    private func peel(_ isOpen: inout [Bool]) {
        for (edges, back) in [(predecessors, successors), (successors, predecessors)] {
            var count = edges.map { $0.count { isOpen[$0] } }
            var free = count.indices.filter { isOpen[$0] && count[$0] == 0 }
            while let place = free.popLast() {
                isOpen[place] = false
                for next in back[place] where isOpen[next] {
                    count[next] -= 1
                    if count[next] == 0 { free.append(next) }
                }
            }
        }
    }

    /// Breadth first. The way begins and ends at the same place; nil: there is none, because it only lies between two.
    private func way(roundFrom start: Int, _ isOpen: [Bool]) -> [Int]? {
        var cameFrom: [Int: Int] = [:]
        var wave = [start]
        while !wave.isEmpty, cameFrom[start] == nil {
            var next: [Int] = []
            for place in wave {
                for successor in successors[place] where isOpen[successor] && cameFrom[successor] == nil {
                    cameFrom[successor] = place
                    next.append(successor)
                }
            }
            wave = next
        }
        guard var place = cameFrom[start] else { return nil }
        var way = [start, place]
        while place != start, let before = cameFrom[place] {
            way.append(before)
            place = before
        }
        return way
    }

    /// Backwards, as one says it: the resource, the knot that it waits for, the resource behind that.
    private func links(_ way: [Int]) -> [Link] {
        stride(from: 0, to: way.count - 2, by: 2).map { index in
            Link(later: ids[way[index]], earlier: ids[way[index + 2]], source: sources[way[index + 1] - ids.count])
        }
    }
}
