/// The declared fleet: what `fleet.yaml` says, resolved and validated. The first stage of the flow.
public struct Fleet: Codable, Sendable, Equatable {
    /// From first to last: the order in which patches are promoted.
    public var environments: [Environment]
    /// Sorted by id.
    public var resources: [Resource]
    /// Sorted by id; members already resolved from globs and selectors.
    public var groups: [ResourceGroup]
    /// In which order patches go through tiers, where resources have one.
    public var tiers: TierOrder

    public init(
        environments: [Environment], resources: [Resource], groups: [ResourceGroup], tiers: TierOrder = TierOrder()
    ) {
        self.environments = environments
        self.resources = resources
        self.groups = groups
        self.tiers = tiers
    }

    public func resource(_ id: ResourceID) -> Resource? { resources.first { $0.id == id } }
    public func group(_ id: GroupID) -> ResourceGroup? { groups.first { $0.id == id } }
    public func groups(of resource: ResourceID) -> [ResourceGroup] {
        groups.filter { $0.members.contains(resource) }
    }
}

/// A stage of promotion: dev, qa, staging, production, or the user's own.
public struct Environment: Codable, Sendable, Equatable {
    public var id: EnvironmentID
    /// A production-like environment: changes to it need another person's approval unless policy says otherwise.
    public var isProtected: Bool

    public init(id: EnvironmentID, isProtected: Bool) {
        self.id = id
        self.isProtected = isProtected
    }
}
