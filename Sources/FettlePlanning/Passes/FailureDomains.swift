import FettleModel

/// The order in which a group's members take their turns.
enum FailureDomains {
    /// Spread over failure domains: never two members of one domain in a row if that can be avoided. A member that declares
    /// none is of that of the hypervisor it runs on, or a domain of its own. Within that, by id.
    ///
    /// Always the domain with the most members left, but never the last one again: the rule that avoids repetition wherever
    /// any order does.
    ///
    /// - Returns: places in `hosts`.
    static func spread(_ hosts: [HostWork]) -> [Int] {
        let line = Array(hosts.indices).sortedUnlessSorted { hosts[$0].id < hosts[$1].id }
        var domains: [Name: [Int]] = [:]
        for turn in line.indices.reversed() {
            let host = hosts[line[turn]]
            let declared = host.resource.failureDomain.map { Name.declared($0) }
            domains[declared ?? host.home.map { .on($0) } ?? .own(turn), default: []].append(turn)
        }
        var heap = BinaryHeap<Domain>()
        for members in domains.values { heap.insert(Domain(left: members)) }
        var result: [Int] = []
        var resting: Domain?
        while true {
            var domain: Domain
            if let best = heap.removeFirst() {
                domain = best
                // The one that has just gone has waited for one turn.
                if let rested = resting { heap.insert(rested) }
            } else if let rested = resting {
                domain = rested
            } else {
                return result
            }
            if let member = domain.left.popLast() { result.append(line[member]) }
            resting = domain.left.isEmpty ? nil : domain
        }
    }

    private enum Name: Hashable {
        case declared(String)
        case on(ResourceID)
        case own(Int)
    }

    private struct Domain: Comparable {
        /// By id; the next one last.
        var left: [Int]

        static func < (one: Self, other: Self) -> Bool {
            one.left.count == other.left.count
                ? (one.left.last ?? 0) < (other.left.last ?? 0) : one.left.count > other.left.count
        }
    }
}
