import FettleModel

/// What the passes look up again and again, found once: a fleet of 100,000 hosts is not searched for each of them.
struct PlanningIndex {
    let resources: [Resource]
    let facts: [HostFacts]
    private let placesOfResources: [ResourceID: Int]
    private let placesOfFacts: [ResourceID: Int]
    /// Sorted by id.
    let groups: [ResourceGroup]
    /// Groups whose traffic a resource carries, sorted.
    let served: [ResourceID: [GroupID]]
    private let groupLists: GroupLists
    let residency: Residency
    /// Of the policy, for what is watched.
    let thresholds: BakeThresholds

    init(_ input: PlanningInput) {
        resources = input.fleet.resources
        facts = input.facts.hosts
        thresholds = input.policy.bake
        placesOfResources = Self.places(resources.lazy.map(\.id))
        placesOfFacts = Self.places(facts.lazy.map(\.resource))
        let groups = input.fleet.groups.sorted { $0.id < $1.id }
        var served: [ResourceID: [GroupID]] = [:]
        for group in groups {
            guard let traffic = group.traffic, !traffic.isAmongMembers else { continue }
            served[traffic.via, default: []].append(group.id)
        }
        self.groups = groups
        self.served = served
        groupLists = GroupLists(groups, resources: resources.count)
        let declared = placesOfResources
        residency = Residency(facts, groups: groups) { declared[$0] != nil }
    }

    private static func places(_ ids: some Collection<ResourceID>) -> [ResourceID: Int] {
        var places: [ResourceID: Int] = [:]
        places.reserveCapacity(ids.count)
        for (place, id) in ids.enumerated() where places[id] == nil { places[id] = place }
        return places
    }

    func resource(_ id: ResourceID) -> Resource? { placesOfResources[id].map { resources[$0] } }
    func address(of id: ResourceID) -> ResourceAddress? { placesOfResources[id].map { resources[$0].address } }
    func facts(of id: ResourceID) -> HostFacts? { placesOfFacts[id].map { facts[$0] } }
    /// Where the facts of a resource stand in `facts`: what is read there is not copied with all else.
    func placeOfFacts(of id: ResourceID) -> Int? { placesOfFacts[id] }

    /// Sorted by id.
    func groups(of resource: ResourceID) -> [ResourceGroup] { groupLists.groups(of: resource) }

    /// Whether a member that the plan leaves as it is counts as one that serves. Unknown is not healthy (I6): what does not answer, and
    /// what no facts can show (transport `none`) unless something that is asked from outside judges it at the run.
    func isAvailable(_ member: ResourceID, in group: ResourceGroup) -> Bool {
        if isBeyondReach(member) { return group.isJudgedFromOutside }
        return facts(of: member)?.reachability == .reachable
    }

    func isBeyondReach(_ member: ResourceID) -> Bool {
        resource(member)?.address.transport == ResourceAddress.Transport.none
    }
}

extension ResourceGroup {
    /// By probes that the controller asks itself; without any, by the load balancer's own view.
    fileprivate var isJudgedFromOutside: Bool {
        let probes = probes.filter { !$0.isManual }
        return probes.isEmpty ? traffic != nil : probes.allSatisfy(\.isAskedByController)
    }
}

/// The groups of each resource. Those of the same groups share one list.
private struct GroupLists {
    private var lists: [[ResourceGroup]] = []
    /// For each resource its place in `lists`.
    private var places: [ResourceID: Int] = [:]

    /// A list, as the one that it prolongs and the group that it adds.
    private struct Longer: Hashable {
        var list: Int
        var group: Int
    }

    init(_ groups: [ResourceGroup], resources: Int) {
        var longer: [Longer] = [Longer(list: 0, group: -1)]
        var known: [Longer: Int] = [:]
        places.reserveCapacity(resources)
        for (place, group) in groups.enumerated() {
            for member in group.members {
                let list = places[member] ?? 0
                guard longer[list].group != place else { continue }
                let next = Longer(list: list, group: place)
                let found = known[next] ?? longer.count
                if found == longer.count {
                    longer.append(next)
                    known[next] = found
                }
                places[member] = found
            }
        }
        lists = [[ResourceGroup]](repeating: [], count: longer.count)
        for list in Set(places.values) {
            var list = list
            let whole = list
            while list > 0 {
                lists[whole].append(groups[longer[list].group])
                list = longer[list].list
            }
            lists[whole].reverse()
        }
    }

    func groups(of resource: ResourceID) -> [ResourceGroup] { places[resource].map { lists[$0] } ?? [] }
}
