internal import FettleModel

/// A group with the places that later checks need.
struct DeclaredGroup {
    var group: ResourceGroup
    var idPlace: Place
    var afterPlaces: [Place]
    /// What it says for its members; nil: nothing.
    var responsibility: Responsibility?
}

/// Reads one item of `groups`.
struct GroupReader {
    let reading: Reading
    let environments: [Environment]
    let resources: DeclaredResources
    /// All, sorted by id: for globs and selectors.
    private let all: [Resource]
    private let ids: [String]

    static let keys = [
        "id", "kind", "members", "select", "spares", "minimumAvailable", "strategy", "traffic", "probes",
        "groupProbes", "after", "responsibility", "machines", "snapshot",
    ]

    init(reading: Reading, environments: [Environment], resources: DeclaredResources) {
        self.reading = reading
        self.environments = environments
        self.resources = resources
        all = resources.sorted
        ids = all.map(\.id.rawValue)
    }

    func read(_ item: YAMLValue) -> DeclaredGroup? {
        guard let fields = Fields(item, of: "a group", keys: Self.keys, reading) else { return nil }
        let idValue = fields.required("id", of: "a group", reading)
        let id = idValue.flatMap { reading.identifier($0, "the id of a group") }
        let spares = fields["spares"].map { named($0).sorted() } ?? []
        let members = Set(members(fields, group: id ?? "?")).union(spares).sorted()
        var group = ResourceGroup(
            id: GroupID(id ?? ""), members: members.map { ResourceID($0) },
            spares: spares.isEmpty ? nil : spares.map { ResourceID($0) }, minimumAvailable: .count(0))
        if let value = fields["kind"], let kind = reading.choice(value, "kind of group", as: ResourceGroup.Kind.self) {
            group.kind = kind
        }
        if let value = fields["strategy"] {
            group.strategy = StrategyReader(reading: reading, resources: resources, ids: ids).read(value)
        }
        group.minimumAvailable = StrategyFit.defaultMinimum(of: group, resources)
        if let value = fields["minimumAvailable"], let minimum = reading.quantity(value, "minimumAvailable") {
            group.minimumAvailable = minimum
            checkMinimum(group, at: value.place)
        }
        if let value = fields["spares"] { checkSpares(group, at: value.place) }
        checkEnvironments(group, at: idValue?.place ?? item.place)
        if let value = fields["traffic"] {
            group.traffic = TrafficReader(reading: reading, resources: resources, ids: ids).read(value, of: group)
        }
        if let value = fields["machines"] {
            group.machines = MachineRulesReader(reading: reading).read(value, of: group)
        }
        if let value = fields["snapshot"] {
            group.snapshot = SnapshotRulesReader(reading: reading).read(value, of: group)
        }
        if let value = fields["probes"] { group.probes = ProbeReader(reading: reading).list(value) }
        if let value = fields["groupProbes"] {
            let probes = ProbeReader(reading: reading, isOfGroup: true).list(value)
            group.groupProbes = probes.isEmpty ? nil : probes
        }
        checkBalancer(group, at: fields.keyPlace("probes"))
        if let value = fields["strategy"] {
            StrategyFit(reading: reading, resources: resources, group: group, place: value.place).judge()
        }
        let after = after(fields)
        group.after = after.map { GroupID($0.name) }
        let responsibility = fields["responsibility"].flatMap { ResponsibilityReader(reading: reading).read($0) }
        guard id != nil else { return nil }
        return DeclaredGroup(
            group: group, idPlace: idValue?.place ?? item.place, afterPlaces: after.map(\.place),
            responsibility: responsibility)
    }

    // MARK: Members

    /// `members` names them, `select` narrows; alone each gives all that it matches. Sorted.
    private func members(_ fields: Fields, group: String) -> [String] {
        guard fields["members"] != nil || fields["select"] != nil else {
            reading.problem(
                "the group \(group.quoted) has neither 'members' nor 'select'", at: fields.place,
                hint: "such as 'members: [web-*]' or 'select: {labels: {role: web}}'")
            return []
        }
        let before = reading.problems.count
        var chosen = all
        if let value = fields["members"] { chosen = named(value).sorted().compactMap { resources[$0] } }
        if let value = fields["select"] {
            let matcher = SelectorReader(reading: reading, environments: environments).select(value).matcher
            chosen = chosen.filter { matcher.matches($0) }
        }
        if chosen.isEmpty, reading.problems.count == before {
            let place = fields["members"] == nil ? fields.keyPlace("select") : fields.keyPlace("members")
            reading.problem(
                "the group \(group.quoted) has no members", at: place, hint: "no resource matches what it asks for")
        }
        return chosen.map(\.id.rawValue)
    }

    private func named(_ value: YAMLValue) -> Set<String> {
        var chosen: Set<String> = []
        for item in reading.list(value, "members", limit: FleetReader.maximumResources) ?? [] {
            guard let text = reading.text(item, "a member", limit: 512) else { continue }
            let names: [String]
            do { names = try RangePattern(text).expanded } catch {
                reading.problem(error.message, at: item.place)
                continue
            }
            for name in names {
                if Glob.isPattern(name) {
                    let matches = ids.filter(Glob(name).matches)
                    if matches.isEmpty { reading.warning("\(name.quoted) matches no resource", at: item.place) }
                    chosen.formUnion(matches)
                } else if resources[name] != nil {
                    chosen.insert(name)
                } else {
                    reading.problem(
                        "unknown resource \(name.quoted)", at: item.place,
                        hint: Suggestion.hint(for: name, in: ids, otherwise: "known resources"))
                }
            }
        }
        return chosen
    }

    // MARK: Capacity

    private func checkMinimum(_ group: ResourceGroup, at place: Place) {
        let size = group.members.count
        let regular = group.regularCount
        guard size > 0 else { return }
        let minimum = group.minimum
        if minimum > regular {
            let beside = regular < size ? " beside its spares" : ""
            reading.problem(
                "minimumAvailable is \(minimum), but the group has \(regular.counted("member"))\(beside)", at: place)
        } else if minimum == size {
            reading.warning(
                "minimumAvailable is all of \(size.counted("member")): nothing that takes one away can ever be done",
                at: place, hint: "at most \(size - 1) lets one be patched")
        }
    }

    /// Spares are members that serve; only rolling and replace make use of them.
    private func checkSpares(_ group: ResourceGroup, at place: Place) {
        guard group.spares != nil else { return }
        if group.regularCount == 0 {
            reading.problem(
                "all members of the group are spares", at: place,
                hint: "spares serve beside the members that must serve")
        }
        switch group.strategy {
        case .rolling, .replace: return
        default: break
        }
        reading.problem(
            "only rolling and replace make use of spares", at: place,
            hint:
                "such as 'strategy: {rolling: {maxUnavailable: 1, maxSurge: 1}}'; for other strategies leave a member to "
                + "spare by minimumAvailable")
    }

    /// Patches reach one environment after the other, so that such a group is never finished in one change.
    private func checkEnvironments(_ group: ResourceGroup, at place: Place) {
        guard group.kind != .environmentPair else { return }
        let found = Set(group.members.compactMap { resources[$0.rawValue]?.environment })
        guard found.count > 1 else { return }
        let names = environments.map(\.id).filter(found.contains).map(\.rawValue)
        reading.warning(
            "the group \(group.id.rawValue.quoted) has members in \(names.joined(separator: " and "))", at: place,
            hint: "a group for each environment keeps their minimums apart")
    }

    // MARK: Traffic and order

    private func checkBalancer(_ group: ResourceGroup, at place: Place) {
        let asks = group.probes.contains { if case .balancer = $0.check { true } else { false } }
        if asks, let driver = group.traffic?.driver, ["nginx", "keepalived", "elbv2"].contains(driver) {
            let words = driver == "elbv2" ? "checks only those that are in" : "does not check its servers"
            reading.problem(
                "a probe asks the load balancer, and \(driver) \(words)", at: place,
                hint: "ask the member itself, such as 'http: \"http://{host}/health\"'")
        }
        guard asks, group.traffic == nil else { return }
        reading.problem(
            "a probe asks the load balancer, and the group has no 'traffic'", at: place,
            hint: "'traffic' says where the load balancer is")
    }

    private func after(_ fields: Fields) -> [(name: String, place: Place)] {
        guard let value = fields["after"] else { return [] }
        var seen: Set<String> = []
        return (reading.list(value, "after") ?? []).compactMap { item in
            guard let name = reading.identifier(item, "the id of a group") else { return nil }
            guard seen.insert(name).inserted else {
                reading.problem("\(name.quoted) is in after twice", at: item.place)
                return nil
            }
            return (name, item.place)
        }
    }
}
