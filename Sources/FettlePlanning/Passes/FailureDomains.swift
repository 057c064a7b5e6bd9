import FettleModel

/// The order in which a group's members take their turns.
enum FailureDomains {
    /// Spread over failure domains: never two members of one domain in a row if that can be avoided. A member that declares
    /// none is of that of the hypervisor it runs on, or a domain of its own. Within that, by id.
    ///
    /// Always the domain with the most members left, but never the last one again: the rule that avoids repetition wherever
    /// any order does.
    static func spread(_ hosts: [HostWork]) -> [ResourceID] {
        var domains: [String: [ResourceID]] = [:]
        for host in hosts.sorted(by: { $0.id > $1.id }) {
            let declared = host.resource.failureDomain.map { "declared " + $0 }
            let domain = declared ?? host.home.map { "on " + $0.rawValue } ?? "own " + host.id.rawValue
            domains[domain, default: []].append(host.id)
        }
        var heap = BinaryHeap<Domain>()
        for (name, members) in domains { heap.insert(Domain(name: name, left: members)) }
        var result: [ResourceID] = []
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
            if let member = domain.left.popLast() { result.append(member) }
            resting = domain.left.isEmpty ? nil : domain
        }
    }

    private struct Domain: Comparable {
        var name: String
        /// The next one last.
        var left: [ResourceID]

        static func < (one: Self, other: Self) -> Bool {
            (other.left.count, one.left.last ?? "", one.name) < (one.left.count, other.left.last ?? "", other.name)
        }
    }
}
