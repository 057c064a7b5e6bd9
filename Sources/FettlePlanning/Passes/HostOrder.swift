import FettleModel

/// Pass 3: one line of all hosts that agrees with everything that wants an order. Every order of turns is read off it, so that no
/// plan can wait for itself.
struct HostOrder {
    /// In their order.
    let hosts: [HostWork]
    /// In the same order.
    let relations: [Relations]

    /// What of a host puts it before or after others.
    struct Relations {
        /// The place of its environment, and after all of them Fettle's own host (I12).
        var phase: Int
        var groups: Set<GroupID>
        /// Groups that one of its groups comes after, and that it is not a member of itself.
        var waitsFor: Set<GroupID>
        var serves: Set<GroupID>
        /// A load balancer goes last in its environment, unless the fleet says that what it serves comes after it.
        var goesAfterItsMembers: Bool

        init(_ host: HostWork, ownRank: Int, _ order: GroupOrder) {
            let groups = host.touchedGroups.union(host.groups.lazy.map(\.id))
            phase = host.isOwn ? ownRank : host.environmentRank
            self.groups = groups
            waitsFor = groups.reduce(into: Set<GroupID>()) { $0.formUnion(order.earlier[$1] ?? []) }.subtracting(groups)
            serves = Set(host.serves)
            goesAfterItsMembers =
                host.isBalancer && host.serves.allSatisfy { groups.isDisjoint(with: order.earlier[$0] ?? []) }
        }
    }

    /// - Returns: nil if there is no such line; the path that closes the loop has been refused then.
    static func arrange(
        _ hosts: [HostWork], groups: [GroupWork], _ order: GroupOrder, rules: [TurnOrder], notes: inout PlanNotes
    ) -> HostOrder? {
        let ownRank = (hosts.map(\.environmentRank).max() ?? 0) + 1
        let relations = hosts.map { Relations($0, ownRank: ownRank, order) }
        let precedence = Precedence(hosts, relations, groups: groups, rules: rules, ownRank: ownRank)
        guard let line = precedence.line(by: Priority.of(hosts, groups: groups, order)) else {
            let path = precedence.loop().joined(separator: ", then ")
            notes.refuse(
                .orderCycle, at: .plan, "the order of environments, groups and hosts contradicts itself: \(path)")
            return nil
        }
        return HostOrder(hosts: line.map { hosts[$0] }, relations: line.map { relations[$0] })
    }
}
