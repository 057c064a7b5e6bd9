/// Which resources are meant. All that it asks must hold; of several values of one kind one must. Values are globs (`Glob`).
public struct ResourceSelector: Codable, Sendable, Hashable {
    /// Ids; nil: any.
    public var resources: [String]?
    public var environments: [String]?
    public var kinds: [String]?
    public var owners: [String]?
    public var failureDomains: [String]?
    public var tiers: [String]?
    /// Groups; the resource is a member of one that matches.
    public var groups: [String]?
    /// By the key of a label.
    public var labels: [String: [String]]

    public init(
        resources: [String]? = nil, environments: [String]? = nil, kinds: [String]? = nil, owners: [String]? = nil,
        failureDomains: [String]? = nil, tiers: [String]? = nil, groups: [String]? = nil,
        labels: [String: [String]] = [:]
    ) {
        self.resources = resources
        self.environments = environments
        self.kinds = kinds
        self.owners = owners
        self.failureDomains = failureDomains
        self.tiers = tiers
        self.groups = groups
        self.labels = labels
    }

    /// The selector with its patterns read, for many resources.
    public var matcher: Matcher { Matcher(self) }

    public struct Matcher: Sendable {
        private let resources: [Glob]?
        private let environments: [Glob]?
        private let kinds: [Glob]?
        private let owners: [Glob]?
        private let failureDomains: [Glob]?
        private let tiers: [Glob]?
        private let groups: [Glob]?
        private let labels: [(key: String, globs: [Glob])]

        fileprivate init(_ selector: ResourceSelector) {
            func globs(_ patterns: [String]?) -> [Glob]? { patterns?.map { Glob($0) } }
            resources = globs(selector.resources)
            environments = globs(selector.environments)
            kinds = globs(selector.kinds)
            owners = globs(selector.owners)
            failureDomains = globs(selector.failureDomains)
            tiers = globs(selector.tiers)
            groups = globs(selector.groups)
            labels = selector.labels.sorted { $0.key < $1.key }.map { ($0.key, $0.value.map { Glob($0) }) }
        }

        /// Whether `matches` looks at the groups at all.
        public var asksForGroups: Bool { groups != nil }

        /// - Parameters:
        ///   - resource: the one that is asked about.
        ///   - memberOf: the groups that it is in; needed only where `asksForGroups`.
        public func matches(_ resource: Resource, memberOf: some Sequence<GroupID> = EmptyCollection()) -> Bool {
            func any(_ globs: [Glob]?, _ text: String?) -> Bool {
                guard let globs else { return true }
                guard let text else { return false }
                return globs.contains { $0.matches(text) }
            }
            return any(resources, resource.id.rawValue) && any(environments, resource.environment.rawValue)
                && any(kinds, resource.kind.rawValue) && any(owners, resource.owner)
                && any(failureDomains, resource.failureDomain) && any(tiers, resource.tier)
                && labels.allSatisfy { any($0.globs, resource.labels[$0.key]) }
                && (groups == nil || memberOf.contains { any(groups, $0.rawValue) })
        }
    }
}
