internal import FettleModel

/// Turns the tree of `fleet.yaml` into a fleet. What is wrong is told to `reading`; the fleet is then not to be used.
struct FleetReader {
    let reading: Reading

    static let version = 1
    static let maximumResources = 100_000
    static let maximumGroups = 10_000
    static let keys = ["version", "environments", "tiers", "defaults", "resources", "groups"]
    static let defaultEnvironments = [
        Environment(id: "dev", isProtected: false), Environment(id: "qa", isProtected: false),
        Environment(id: "staging", isProtected: false), Environment(id: "production", isProtected: true),
    ]

    func read(_ root: YAMLValue) -> Fleet {
        guard let fields = Fields(root, of: "the inventory", keys: Self.keys, reading) else {
            return Fleet(environments: [], resources: [], groups: [])
        }
        reading.version(fields, Self.version, "the inventory")
        let environments = fields["environments"].map(self.environments) ?? Self.defaultEnvironments
        let tiers = fields["tiers"].map { TierReader(reading: reading).order($0) } ?? TierOrder()
        let resources = resources(fields, environments: environments, tiers: tiers)
        let groups = groups(fields, environments: environments, resources: resources)
        let said = groups.compactMap { declared in declared.responsibility.map { (declared.group, $0) } }
        let fleet = Fleet(
            environments: environments, resources: ResponsibilityReader.spread(said, over: resources.sorted),
            groups: groups.map(\.group).sorted { $0.id < $1.id }, tiers: tiers)
        reading.tellSharedMachines(of: fleet, resources)
        return fleet
    }

    // MARK: Environments

    private func environments(_ value: YAMLValue) -> [Environment] {
        guard let items = reading.list(value, "environments", limit: 100) else { return Self.defaultEnvironments }
        guard !items.isEmpty else {
            reading.problem(
                "no environments", at: value.place, hint: "leave the key out for dev, qa, staging, production")
            return Self.defaultEnvironments
        }
        var seen: Set<EnvironmentID> = []
        return items.compactMap { item in
            guard let environment = environment(item) else { return nil }
            guard seen.insert(environment.id).inserted else {
                reading.problem("the environment \(environment.id.rawValue.quoted) is given twice", at: item.place)
                return nil
            }
            return environment
        }
    }

    /// A name, or `{name, protected}`.
    private func environment(_ item: YAMLValue) -> Environment? {
        if item.scalar != nil {
            return reading.identifier(item, "the name of an environment").map {
                Environment(id: EnvironmentID($0), isProtected: false)
            }
        }
        guard let fields = Fields(item, of: "an environment", keys: ["name", "protected"], reading),
            let value = fields.required("name", of: "an environment", reading),
            let name = reading.identifier(value, "the name of an environment")
        else { return nil }
        let isProtected = fields["protected"].flatMap { reading.boolean($0, "'protected'") } ?? false
        return Environment(id: EnvironmentID(name), isProtected: isProtected)
    }

    // MARK: Resources

    private func resources(
        _ fields: Fields, environments: [Environment], tiers: TierOrder
    ) -> DeclaredResources {
        let defaults =
            fields["defaults"].map { ResourceDefaults($0, environments, tiers: tiers, reading) }
            ?? ResourceDefaults(tiers: tiers)
        let reader = ResourceReader(reading: reading, environments: environments, defaults: defaults)
        var declared = DeclaredResources()
        var after: [AfterReader.Declared] = []
        guard let list = fields["resources"], !list.isNull else { return declared }
        for item in reading.list(list, "resources", limit: Self.maximumResources) ?? [] {
            let read = reader.read(item)
            if let value = item.mapping?.first(where: { $0.key == "after" })?.value {
                after.append(AfterReader.Declared(ids: read.map(\.id), value: value))
            }
            let address = item.mapping?.first { $0.key == "address" }?.value.place
            for resource in read {
                if let first = declared.add(resource, at: item.place, address: address) {
                    reading.problem(
                        "the resource \(resource.id.rawValue.quoted) is given twice; first in line \(first.line)",
                        at: item.place)
                }
            }
            guard declared.count <= Self.maximumResources else {
                reading.problem("more than \(Self.maximumResources) resources", at: item.place)
                break
            }
        }
        if !after.isEmpty {
            let reader = AfterReader(reading: reading, environments: environments, resources: declared)
            declared.order(reader.read(after))
        }
        return declared
    }

    // MARK: Groups

    private func groups(
        _ fields: Fields, environments: [Environment], resources: DeclaredResources
    ) -> [DeclaredGroup] {
        guard let list = fields["groups"], !list.isNull else { return [] }
        let reader = GroupReader(reading: reading, environments: environments, resources: resources)
        var groups: [DeclaredGroup] = []
        var places: [GroupID: Place] = [:]
        var maps: [TrafficMap: GroupID] = [:]
        for item in reading.list(list, "groups", limit: Self.maximumGroups) ?? [] {
            guard let declared = reader.read(item) else { continue }
            if let first = places[declared.group.id] {
                reading.problem(
                    "the group \(declared.group.id.rawValue.quoted) is given twice; first in line \(first.line)",
                    at: item.place)
                continue
            }
            places[declared.group.id] = declared.idPlace
            groups.append(declared)
            // Two who write one file lose each other's lines, and that shows only when the load balancer starts anew.
            if let traffic = declared.group.traffic, let sides = traffic.sides,
                let other = maps.updateValue(declared.group.id, forKey: TrafficMap(via: traffic.via, file: sides.map))
            {
                reading.problem(
                    "the map \(sides.map.quoted) is the group \(other.rawValue.quoted)'s already",
                    at: declared.idPlace, hint: "a map for each group")
            }
            if resources[declared.group.id.rawValue] != nil {
                reading.warning(
                    "\(declared.group.id.rawValue.quoted) names a group and a resource", at: declared.idPlace,
                    hint: "give the group a name of its own")
            }
        }
        GroupOrder(reading: reading).check(groups)
        PairedBalancers(reading: reading).check(groups)
        return groups
    }
}

/// One file on one load balancer.
private struct TrafficMap: Hashable {
    var via: ResourceID
    var file: String
}

/// The resources declared so far, each with its place.
struct DeclaredResources {
    private var byID: [String: (resource: Resource, place: Place, address: Place)] = [:]

    var count: Int { byID.count }
    var sorted: [Resource] { byID.values.map(\.resource).sorted { $0.id < $1.id } }

    subscript(_ id: String) -> Resource? { byID[id]?.resource }

    /// The place of an earlier one with the same id; nil after adding it.
    ///
    /// - Parameter address: where its address stands, if it says one itself.
    mutating func add(_ resource: Resource, at place: Place, address: Place? = nil) -> Place? {
        if let earlier = byID[resource.id.rawValue] { return earlier.place }
        byID[resource.id.rawValue] = (resource, place, address ?? place)
        return nil
    }

    /// Where its address stands, or else the resource.
    func addressPlace(of id: ResourceID) -> Place { byID[id.rawValue]?.address ?? .start }

    /// - Parameter after: by resource, whom it comes after.
    mutating func order(_ after: [ResourceID: [ResourceID]]) {
        for (id, earlier) in after { byID[id.rawValue]?.resource.after = earlier }
    }
}

extension Reading {
    /// Each at the address that was given last of those that are the same.
    func tellSharedMachines(of fleet: Fleet, _ declared: DeclaredResources) {
        for shared in SharedMachines.all(of: fleet.resources, groups: fleet.groups) {
            let places = shared.resources.map { declared.addressPlace(of: $0) }
            let last = places.max { ($0.line, $0.column) < ($1.line, $1.column) } ?? .start
            if shared.isWrong {
                problem(shared.message, at: last, hint: shared.hint)
            } else {
                warning(shared.message, at: last, hint: shared.hint)
            }
        }
    }

    /// Files say which format they are in, so that a later format can be told from a mistake.
    func version(_ fields: Fields, _ supported: Int, _ what: String) {
        guard let value = fields.required("version", of: what, self, hint: "write 'version: \(supported)'"),
            let version = integer(value, "'version'", in: 1...1_000_000), version != supported
        else { return }
        problem(
            "the version \(version) of the format is not known", at: value.place, hint: "write 'version: \(supported)'")
    }
}
