import FettleModel

/// I1 for one group: the largest number of members that any reachable state has out at once, and who they are.
///
/// Two members cannot be out together if one is brought back before the other is taken out. That relation is a partial order, so
/// the largest set that can be out together is its largest antichain, which is as large as the smallest set of chains that
/// covers all members (Dilworth 1950); the chains come from a maximum matching (Fulkerson 1956), and the antichain itself from
/// the matching's minimum vertex cover (König 1931), so that a counterexample names its members.
struct CapacityCheck {
    let group: PlannedGroup
    let outages: [Outage]
    /// Whether the first is certainly back before the second is taken out.
    let isBackBefore: (Outage, Outage) -> Bool

    var allowedOut: Int { min(group.maximumOut, group.members.count - group.minimumAvailable) }

    /// The largest set of members that can be out at once.
    func largestOutage() -> [Outage] {
        let count = outages.count
        guard count > 1 else { return outages }
        var later = [[Int]](repeating: [], count: count)
        for first in 0..<count {
            for second in 0..<count where first != second && isBackBefore(outages[first], outages[second]) {
                later[first].append(second)
            }
        }
        var matching = BipartiteMatching(edges: later)
        matching.maximise()
        let cover = matching.minimumVertexCover()
        return (0..<count).filter { !cover.left.contains($0) && !cover.right.contains($0) }.map { outages[$0] }
    }

    /// Whether the relation is transitive, so that the largest antichain is what `largestOutage` finds: what comes after
    /// something that comes after a member comes after the member itself.
    func isTransitive() -> Bool {
        let later = outages.map { first in
            outages.reduce(into: Bits(count: outages.count)) { bits, second in
                bits.append(isBackBefore(first, second))
            }
        }
        for first in later.indices {
            for second in later.indices where later[first].contains(second) {
                guard later[second].isSubset(of: later[first]) else { return false }
            }
        }
        return true
    }

    /// A bound for relations that are not transitive: members are put into lanes of which all pairs exclude each other, so that
    /// at most one of each lane is out.
    func lanes() -> Int {
        var lanes: [[Outage]] = []
        for outage in outages {
            let fitting = lanes.firstIndex { lane in
                lane.allSatisfy { isBackBefore($0, outage) || isBackBefore(outage, $0) }
            }
            if let fitting { lanes[fitting].append(outage) } else { lanes.append([outage]) }
        }
        return lanes.count
    }
}

/// A row of yes and no, as words of 64.
private struct Bits {
    private var words: [UInt64] = []
    private var count = 0

    init(count: Int) { words.reserveCapacity((count + 63) / 64) }

    mutating func append(_ bit: Bool) {
        if count % 64 == 0 { words.append(0) }
        if bit { words[count / 64] |= 1 << UInt64(count % 64) }
        count += 1
    }

    func contains(_ position: Int) -> Bool { words[position / 64] & (1 << UInt64(position % 64)) != 0 }
    func isSubset(of other: Bits) -> Bool { zip(words, other.words).allSatisfy { $0 & ~$1 == 0 } }
}

/// Maximum matching by augmenting paths (Kuhn). Left and right are the same members; an edge says "left is back before right".
struct BipartiteMatching {
    let edges: [[Int]]
    private(set) var rightOf: [Int?]
    private(set) var leftOf: [Int?]

    init(edges: [[Int]]) {
        self.edges = edges
        rightOf = [Int?](repeating: nil, count: edges.count)
        leftOf = [Int?](repeating: nil, count: edges.count)
    }

    mutating func maximise() {
        for start in edges.indices { augment(from: start) }
    }

    /// Iterative, so that a long chain of members cannot overflow the stack.
    private mutating func augment(from start: Int) {
        var cameFrom: [Int: Int] = [:]
        var queue = [start]
        var head = 0
        while head < queue.count {
            let left = queue[head]
            head += 1
            for right in edges[left] where cameFrom[right] == nil {
                cameFrom[right] = left
                if let taken = leftOf[right] {
                    queue.append(taken)
                    continue
                }
                var free: Int? = right
                while let target = free, let source = cameFrom[target] {
                    free = rightOf[source]
                    rightOf[source] = target
                    leftOf[target] = source
                }
                return
            }
        }
    }

    /// König: what an alternating walk from the unmatched left side reaches on the right, and does not reach on the left.
    func minimumVertexCover() -> (left: Set<Int>, right: Set<Int>) {
        var reachedLeft: Set<Int> = []
        var reachedRight: Set<Int> = []
        var queue = edges.indices.filter { rightOf[$0] == nil }
        reachedLeft.formUnion(queue)
        while let left = queue.popLast() {
            for right in edges[left] where reachedRight.insert(right).inserted {
                if let next = leftOf[right], reachedLeft.insert(next).inserted { queue.append(next) }
            }
        }
        return (Set(edges.indices).subtracting(reachedLeft), reachedRight)
    }
}
