/// A resource beside those of a bake, with the probes of one of its groups: what passed them before the change and does not any
/// more, suffers from it.
public struct BakeNeighbour: Codable, Sendable, Hashable {
    public var resource: ResourceID
    public var address: ResourceAddress
    /// Whose probes are asked; the neighbour is a member of it.
    public var group: GroupID
    public var relation: Relation
    /// Those of the bake, watched or compared with, that it is beside. Sorted, never empty. Who is beside none that is watched is a
    /// neighbour of controls alone, and excuses.
    public var beside: [ResourceID]
    /// None for a person; never empty.
    public var probes: [Probe]
    /// The group's, for whoever asks the load balancer.
    public var traffic: TrafficBinding?

    /// - Parameters: see the properties.
    public init(
        resource: ResourceID, address: ResourceAddress, group: GroupID, relation: Relation, beside: [ResourceID],
        probes: [Probe], traffic: TrafficBinding? = nil
    ) {
        self.resource = resource
        self.address = address
        self.group = group
        self.relation = relation
        self.beside = beside
        self.probes = probes
        self.traffic = traffic
    }

    /// Why it is a neighbour, the nearest reason first.
    public enum Relation: String, Codable, Sendable, CaseIterable {
        /// At the same address.
        case host
        /// On the same hypervisor, or one is the other's.
        case hypervisor
        /// It, or its group, comes after the one that is changed.
        case dependent
        /// In the same declared failure domain.
        case failureDomain
    }

    /// Neighbours of one bake at most: each of its probes is asked all the time.
    public static let most = 32
}
