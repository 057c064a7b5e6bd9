public import FettleModel

/// What is true of a fleet beside what its plan says: who leads a cluster, what runs on which hypervisor, which members are one side
/// of a storage network. A play draws what has changed since.
public struct DisasterSurroundings: Sendable, Equatable {
    /// By cluster, who leads it when the run begins.
    public var leaders: [GroupID: ResourceID]
    /// Groups of which more than half have to be there.
    public var clusters: Set<GroupID>
    public var hypervisors: [ResourceID: HypervisorFacts]
    /// For groups of redundant paths: the members of each side.
    public var sides: [GroupID: [[ResourceID]]]

    public init(
        leaders: [GroupID: ResourceID] = [:], clusters: Set<GroupID> = [],
        hypervisors: [ResourceID: HypervisorFacts] = [:], sides: [GroupID: [[ResourceID]]] = [:]
    ) {
        self.leaders = leaders
        self.clusters = clusters
        self.hypervisors = hypervisors
        self.sides = sides
    }

    /// Nothing but what the plan says.
    public static let none = DisasterSurroundings()

    /// As the fleet declares it and the facts have seen it.
    public init(fleet: Fleet, facts: FactSet) {
        self.init()
        let domains = Dictionary(
            fleet.resources.map { ($0.id, $0.failureDomain) }, uniquingKeysWith: { first, _ in first })
        for group in fleet.groups {
            switch group.kind {
            case .cluster: clusters.insert(group.id)
            case .fabricPair, .controllerPair:
                let members = Dictionary(grouping: group.members) { (domains[$0] ?? nil) ?? $0.rawValue }
                sides[group.id] = members.sorted { $0.key < $1.key }.map(\.value)
            case .pool, .hypervisorPool, .environmentPair: break
            }
        }
        for host in facts.hosts {
            for (cluster, role) in host.clusterRoles ?? [:] where role == .leader { leaders[cluster] = host.resource }
            if case .observed(let seen) = host.hypervisor { hypervisors[host.resource] = seen }
        }
    }
}
