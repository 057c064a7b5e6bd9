import FettleModel

/// What the passes look up again and again, found once: a fleet of 100,000 hosts is not searched for each of them.
struct PlanningIndex {
    let resources: [ResourceID: Resource]
    let facts: [ResourceID: HostFacts]
    /// Sorted by id.
    let groups: [ResourceGroup]
    /// Groups whose traffic a resource carries, sorted.
    let served: [ResourceID: [GroupID]]
    private let placesOfGroups: [ResourceID: [Int]]

    init(_ input: PlanningInput) {
        resources = Dictionary(input.fleet.resources.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        facts = Dictionary(input.facts.hosts.map { ($0.resource, $0) }, uniquingKeysWith: { first, _ in first })
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
    }

    /// Sorted by id.
    func groups(of resource: ResourceID) -> [ResourceGroup] { (placesOfGroups[resource] ?? []).map { groups[$0] } }
}
