import FettleModel

/// What the passes look up again and again, found once: a fleet of 100,000 hosts is not searched for each of them.
struct PlanningIndex {
    private let resources: [Resource]
    private let facts: [HostFacts]
    private let placesOfResources: [ResourceID: Int]
    private let placesOfFacts: [ResourceID: Int]
    /// Sorted by id.
    let groups: [ResourceGroup]
    /// Groups whose traffic a resource carries, sorted.
    let served: [ResourceID: [GroupID]]
    private let placesOfGroups: [ResourceID: [Int]]
    let residency: Residency

    init(_ input: PlanningInput) {
        resources = input.fleet.resources
        facts = input.facts.hosts
        placesOfResources = Self.places(resources.lazy.map(\.id))
        placesOfFacts = Self.places(facts.lazy.map(\.resource))
        let groups = input.fleet.groups.sorted { $0.id < $1.id }
        var places: [ResourceID: [Int]] = [:]
        var served: [ResourceID: [GroupID]] = [:]
        for (place, group) in groups.enumerated() {
            for member in group.members where places[member]?.last != place {
                places[member, default: []].append(place)
            }
            if let traffic = group.traffic { served[traffic.via, default: []].append(group.id) }
        }
        self.groups = groups
        self.served = served
        placesOfGroups = places
        let declared = placesOfResources
        residency = Residency(facts) { declared[$0] != nil }
    }

    private static func places(_ ids: some Collection<ResourceID>) -> [ResourceID: Int] {
        Dictionary(ids.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
    }

    func resource(_ id: ResourceID) -> Resource? { placesOfResources[id].map { resources[$0] } }
    func facts(of id: ResourceID) -> HostFacts? { placesOfFacts[id].map { facts[$0] } }

    /// Sorted by id.
    func groups(of resource: ResourceID) -> [ResourceGroup] { (placesOfGroups[resource] ?? []).map { groups[$0] } }
}
