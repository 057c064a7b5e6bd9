import FettleModel

/// The order in which a group's members take their turns.
enum FailureDomains {
    /// Spread over failure domains: never two members of one domain in a row if that can be avoided. A member that declares
    /// none is a domain of its own. Within that, by id.
    ///
    /// Always the domain with the most members left, but never the last one again: the rule that avoids repetition wherever
    /// any order does.
    static func spread(_ hosts: [HostWork]) -> [ResourceID] {
        var domains: [String: [ResourceID]] = [:]
        for host in hosts.sorted(by: { $0.id > $1.id }) {
            domains[host.resource.failureDomain.map { "declared " + $0 } ?? "own " + host.id.rawValue, default: []]
                .append(host.id)
        }
        var result: [ResourceID] = []
        var last: String?
        while !domains.isEmpty {
            let choice = domains.filter { $0.key != last }.min { left, right in
                (right.value.count, left.value.last ?? "", left.key)
                    < (left.value.count, right.value.last ?? "", right.key)
            }
            guard let domain = choice?.key ?? domains.keys.first, let next = domains[domain]?.popLast() else { break }
            result.append(next)
            if domains[domain]?.isEmpty == true { domains[domain] = nil }
            last = domain
        }
        return result
    }
}
