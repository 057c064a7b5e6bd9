public import FettleModel

/// Who leads a cluster that Patroni keeps, and who could, for the facts: then a plan leaves the leader to the end, and has it hand over.
public struct PatroniRoles: Sendable {
    public init() {}

    /// - Parameter addresses: of the group's members.
    /// Who is behind at this moment may have everything when its turn to lead comes: only what people have said for good counts.
    ///
    /// - Returns: of those that Patroni lists; empty where it does not answer, or where no probe of the group names it. A plan says then that
    ///   nobody hands over.
    public func roles(
        of group: ResourceGroup, at addresses: [ResourceID: ResourceAddress]
    ) async -> [ResourceID: ClusterRole] {
        let targets = group.members.compactMap { id in
            addresses[id].map { ProbeTarget(resource: id, address: $0) }
        }
        guard group.kind == .cluster,
            let cluster = PatroniCluster(
                group.id, probes: group.probes + (group.groupProbes ?? []), members: targets),
            let view = try? await cluster.look()
        else { return [:] }
        return group.members.reduce(into: [:]) { roles, id in
            guard let member = cluster.member(id, in: view) else { return }
            roles[id] = member.leads ? .leader : member.isToldNeverToLead ? .follower : .replica
        }
    }
}
