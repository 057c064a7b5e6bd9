import FettleModel

/// Where a host stands among those that could go next.
struct Priority: Comparable {
    /// 1 for hypervisors: of what may go, they go last. When their turn comes, the machines on them are patched and stand still,
    /// and stood where the facts saw them for as long as possible.
    var tier: Int
    var groupDepth: Int
    /// The place of its group among all, by id.
    var group: Int
    /// Its place among the members of the group.
    var place: Int
    /// Its place among the hosts, which are sorted by id.
    var host: Int

    static func < (left: Self, right: Self) -> Bool {
        (left.tier, left.groupDepth, left.group, left.place, left.host)
            < (right.tier, right.groupDepth, right.group, right.place, right.host)
    }

    /// Group by group, spread over failure domains within each; hosts in no group last.
    /// - Parameter hosts: sorted by id.
    static func of(_ hosts: [HostWork], groups: [GroupWork], _ order: GroupOrder) -> [Priority] {
        let ids = groups.map(\.group.id).sortedUnlessSorted(by: <)
        let ranks = Dictionary(ids.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        var result = hosts.enumerated().map { index, host in
            // A host of several groups takes its turn with the one that waits longest.
            let main =
                host.groups.count == 1
                ? host.groups[0].id
                : host.groups.map(\.id).max {
                    (order.earlier[$0]?.count ?? 0, $0.rawValue) < (order.earlier[$1]?.count ?? 0, $1.rawValue)
                }
            let tier = host.residence == nil ? 0 : 1
            guard let main else {
                return Priority(tier: tier, groupDepth: .max, group: 0, place: 0, host: index)
            }
            return Priority(
                tier: tier, groupDepth: order.earlier[main]?.count ?? 0, group: ranks[main] ?? ids.count, place: 0,
                host: index)
        }
        let indices = Dictionary(hosts.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        for group in groups {
            let rank = ranks[group.group.id]
            var place = 0
            for part in group.parts {
                let members = part.compactMap { indices[$0] }
                for offset in FailureDomains.spread(members.map { hosts[$0] }) {
                    let host = members[offset]
                    if result[host].group == rank, result[host].groupDepth < .max { result[host].place = place }
                    place += 1
                }
            }
        }
        return result
    }
}
