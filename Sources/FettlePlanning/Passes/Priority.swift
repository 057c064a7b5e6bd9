import FettleModel

/// Where a host stands among those that could go next.
struct Priority: Comparable {
    /// 1 for hypervisors: of what may go, they go last. When their turn comes, the machines on them are patched and stand still,
    /// and stood where the facts saw them for as long as possible.
    var tier: Int
    var groupDepth: Int
    var group: String
    var place: Int
    var id: ResourceID
    var host: Int

    static func < (left: Self, right: Self) -> Bool {
        (left.tier, left.groupDepth, left.group, left.place, left.id)
            < (right.tier, right.groupDepth, right.group, right.place, right.id)
    }

    /// Group by group, spread over failure domains within each; hosts in no group last.
    static func of(_ hosts: [HostWork], groups: [GroupWork], _ order: GroupOrder) -> [Priority] {
        let byID = Dictionary(hosts.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var places: [GroupID: [ResourceID: Int]] = [:]
        for group in groups {
            let line = group.parts.flatMap { part in FailureDomains.spread(part.compactMap { byID[$0] }) }
            places[group.group.id] = Dictionary(
                line.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
        }
        return hosts.enumerated().map { index, host in
            // A host of several groups takes its turn with the one that waits longest.
            let main = host.groups.map(\.id).max {
                (order.earlier[$0]?.count ?? 0, $0.rawValue) < (order.earlier[$1]?.count ?? 0, $1.rawValue)
            }
            let tier = host.residence == nil ? 0 : 1
            guard let main else {
                return Priority(tier: tier, groupDepth: .max, group: "", place: 0, id: host.id, host: index)
            }
            return Priority(
                tier: tier, groupDepth: order.earlier[main]?.count ?? 0, group: main.rawValue,
                place: places[main]?[host.id] ?? 0, id: host.id, host: index)
        }
    }
}
