internal import FettleModel

/// Turns an Ansible inventory into a fleet: hosts to resources, groups to environments and groups, variables to settings
/// and labels.
struct AnsibleMapping {
    private let inventory: AnsibleInventory
    private let options: InventoryImport.Options
    private let path: String
    private(set) var problems: [InventoryProblem]
    /// Those of hosts that were told: what a group says wrong is one mistake, however many hosts are in it.
    private var told: Set<String> = []
    private(set) var warnings: [InventoryProblem]
    private let depths: [String: Int]
    /// Group by group, the hosts below it.
    private let members: [String: Set<String>]
    /// Whether all lines were read. Otherwise hosts may be missing from groups, and nothing is said that could follow from that.
    private let isWhole: Bool

    /// What people call their environments, where it isn't ours; only where we have that one.
    private static let environmentSynonyms = [
        "prod": "production", "prd": "production", "live": "production", "stage": "staging", "stg": "staging",
        "development": "dev", "develop": "dev",
    ]

    init(sources: AnsibleSources, options: InventoryImport.Options, path: String) {
        inventory = sources.inventory
        self.options = options
        self.path = path
        var problems = sources.problems
        warnings = sources.warnings
        depths = inventory.depths(&problems)
        members = inventory.members(depths: depths)
        isWhole = problems.isEmpty
        self.problems = problems + [options.problem(in: path)].compactMap { $0 }
    }

    mutating func fleet() -> Fleet {
        let ids = ids()
        let groupsOf = groupsByHost()
        var resources: [Resource] = []
        var undecided: [String] = []
        var leftOut: [AnsibleHostVariables.LeftOut: [String]] = [:]
        for (name, host) in inventory.hosts.sorted(by: { $0.key < $1.key }) {
            guard let id = ids[name] else { continue }
            let groups = groupsOf[name] ?? []
            var variables = AnsibleHostVariables(values(of: host, in: groups), host: name, origin: host.origin)
            var environment = environment(of: name, host, in: groups, &variables)
            if environment == nil {
                undecided.append(name)
                environment = options.defaultEnvironment
            }
            // A host in no environment may have other mistakes: they are told with that one.
            let resource = variables.resource(id: id, environment: environment ?? "", path: path)
            if let resource, environment != nil { resources.append(resource) }
            for problem in variables.problems { tellOnce(problem) }
            warnings += variables.warnings
            for variable in variables.leftOut { leftOut[variable, default: []].append(name) }
        }
        tellUndecided(undecided)
        // Told once for all hosts of a group, and never with the value: it may be a secret.
        warnings += leftOut.sorted { $0.key.name < $1.key.name }.map { variable, hosts in
            variable.origin.problem(
                "the variable \(variable.name.quoted) is not taken for \(hosts.listed(limit: 3)): \(variable.reason)")
        }
        if isWhole, inventory.hosts.isEmpty { tell("the inventory has no hosts") }
        let groups = groups(ids, resources)
        tellSharedMachines(resources, groups, ids)
        return Fleet(environments: options.environments, resources: resources.sorted { $0.id < $1.id }, groups: groups)
    }

    private mutating func tellOnce(_ problem: InventoryProblem) {
        if told.insert(problem.description).inserted { problems.append(problem) }
    }

    /// Each at the host that comes last of those that are the same.
    private mutating func tellSharedMachines(
        _ resources: [Resource], _ groups: [ResourceGroup], _ ids: [String: ResourceID]
    ) {
        let names = Dictionary(ids.map { ($0.value, $0.key) }, uniquingKeysWith: { first, _ in first })
        for shared in SharedMachines.all(of: resources, groups: groups) {
            guard let name = shared.resources.last.flatMap({ names[$0] }), let host = inventory.hosts[name] else {
                continue
            }
            let problem = host.origin.problem(shared.message, hint: shared.hint)
            if shared.isWrong { problems.append(problem) } else { warnings.append(problem) }
        }
    }

    // MARK: Names

    /// An id for each host: its name, with what may not be in an id replaced.
    private mutating func ids() -> [String: ResourceID] {
        var ids: [String: ResourceID] = [:]
        var taken: [String: String] = [:]
        for (name, host) in inventory.hosts.sorted(by: { $0.key < $1.key }) {
            let id = Self.identifier(name)
            if let other = taken[id] {
                problems.append(
                    host.origin.problem(
                        "the hosts \(other.quoted) and \(name.quoted) would both have the id \(id.quoted)"))
                continue
            }
            if id != name {
                warnings.append(host.origin.problem("\(name.quoted) cannot be an id: taken as \(id.quoted)"))
            }
            taken[id] = name
            ids[name] = ResourceID(id)
        }
        return ids
    }

    private static func identifier(_ name: String) -> String {
        var id = ""
        for byte in name.utf8.prefix(NameRule.maximumLength) {
            let isAllowed = NameRule.isAlphanumeric(byte) || "._-".utf8.contains(byte)
            id += isAllowed ? String(Unicode.Scalar(byte)) : "-"
        }
        while let first = id.utf8.first, !NameRule.isAlphanumeric(first) { id.removeFirst() }
        return id.isEmpty ? "x" : id
    }

    private func groupsByHost() -> [String: [String]] {
        var groups: [String: [String]] = [:]
        for (group, hosts) in members {
            for host in hosts { groups[host, default: []].append(group) }
        }
        // As Ansible merges: by depth, then priority, then name; the last wins.
        return groups.mapValues { names in
            names.sorted { left, right in
                (depths[left] ?? 0, inventory.groups[left]?.priority ?? 1, left)
                    < (depths[right] ?? 0, inventory.groups[right]?.priority ?? 1, right)
            }
        }
    }

    // MARK: Variables

    /// Ansible's precedence: `all` in the inventory, its groups, `group_vars/all`, the other `group_vars`, the host's own
    /// variables, `host_vars`.
    private func values(of host: AnsibleHost, in groups: [String]) -> [String: AnsibleVariable] {
        let ordered = groups.filter { $0 != "all" }
        let isUngrouped = host.groups.subtracting(["all", "ungrouped"]).isEmpty
        var layers = [inventory.groups["all"]?.variables]
        layers += ordered.map { inventory.groups[$0]?.variables }
        layers.append(inventory.groups["all"]?.fileVariables)
        layers += (isUngrouped && !ordered.contains("ungrouped") ? ["ungrouped"] : ordered).map {
            inventory.groups[$0]?.fileVariables
        }
        layers += [host.variables, host.fileVariables]
        var values: [String: AnsibleVariable] = [:]
        for layer in layers {
            for (name, value) in layer ?? [:] where !name.hasPrefix("fettle_group_") { values[name] = value }
        }
        values["ansible_group_priority"] = nil
        return values
    }

    // MARK: Environments

    private func environmentID(named name: String) -> EnvironmentID? {
        let known = options.environments.map(\.id.rawValue)
        if known.contains(name) { return EnvironmentID(name) }
        let synonym = Self.environmentSynonyms[name.lowercased()] ?? name.lowercased()
        return known.contains(synonym) ? EnvironmentID(synonym) : nil
    }

    /// The environment that a group stands for, by its name unless our own export says what it is.
    private func environmentID(ofGroup name: String) -> EnvironmentID? {
        let variables = inventory.groups[name]?.variables ?? [:]
        if let said = variables["fettle_group_environment"]?.scalar { return environmentID(named: said.text) }
        return variables["fettle_group_kind"] == nil ? environmentID(named: name) : nil
    }

    /// From `fettle_environment`, from a group that is called like an environment, or from a variable that names one.
    private mutating func environment(
        of name: String, _ host: AnsibleHost, in groups: [String], _ variables: inout AnsibleHostVariables
    ) -> EnvironmentID? {
        if let (text, origin) = variables.take("fettle_environment") {
            if let id = environmentID(named: text) { return id }
            tellOnce(
                origin.problem(
                    "unknown environment \(text.quoted)",
                    hint: Suggestion.hint(
                        for: text, in: options.environments.map(\.id.rawValue), otherwise: "known environments")))
            return options.environments.first?.id
        }
        let found = Set(groups.compactMap { environmentID(ofGroup: $0) })
        // The last in the order of promotion asks for the most care.
        if let last = options.environments.last(where: { found.contains($0.id) }) {
            if found.count > 1 {
                warnings.append(
                    host.origin.problem(
                        "\(name.quoted) is in the groups of \(found.count) environments: taken as \(last.id.rawValue)"))
            }
            return last.id
        }
        for variable in ["env", "environment", "stage", "tier"] {
            if let text = variables.text(variable), let id = environmentID(named: text) { return id }
        }
        return nil
    }

    private mutating func tellUndecided(_ names: [String]) {
        guard !names.isEmpty else { return }
        let hosts = "\(names.count.counted("host")) in no environment: \(names.listed())"
        if let environment = options.defaultEnvironment {
            warnings.append(
                InventoryProblem(
                    file: path, line: 1, column: 1, message: "\(hosts): taken as \(environment.rawValue)"))
        } else if isWhole {
            let known = options.environments.map(\.id.rawValue).joined(separator: ", ")
            tell(
                hosts,
                hint:
                    "put them into a group named like an environment (\(known)), or choose a default one (--environment)"
            )
        }
    }

    private mutating func tell(_ message: String, hint: String? = nil) {
        problems.append(InventoryProblem(file: path, line: 1, column: 1, message: message, hint: hint))
    }

    // MARK: Groups

    /// Every group but `all`, `ungrouped` and those that are environments.
    private mutating func groups(_ ids: [String: ResourceID], _ resources: [Resource]) -> [ResourceGroup] {
        let known = Set(resources.map(\.id))
        var groups: [ResourceGroup] = []
        var (assumed, unguarded): ([String], [String]) = ([], [])
        for (name, hosts) in members.sorted(by: { $0.key < $1.key }) where name != "all" && name != "ungrouped" {
            guard let group = inventory.groups[name] else { continue }
            if let environment = environmentID(ofGroup: name) {
                let isSaid = group.variables["fettle_group_environment"] != nil
                guard environment.rawValue != name, !isSaid else { continue }
                add("the group \(name.quoted) is taken as the environment \(environment.rawValue)")
                continue
            }
            let memberIDs = hosts.compactMap { ids[$0] }.filter(known.contains).sorted()
            guard !memberIDs.isEmpty else {
                add("the group \(name.quoted) has no hosts: not taken")
                continue
            }
            let id = Self.identifier(name)
            guard !groups.contains(where: { $0.id.rawValue == id }) else {
                tell("two groups would both have the id \(id.quoted)")
                continue
            }
            if id != name { add("the group \(name.quoted) is taken as \(id.quoted)") }
            var result = ResourceGroup(
                id: GroupID(id), members: memberIDs, minimumAvailable: .count(max(0, memberIDs.count - 1)))
            if let minimum = minimum(group, of: memberIDs.count) {
                result.minimumAvailable = minimum
            } else if group.hosts.isEmpty {
                // Its children guard themselves; a minimum of its own would let them wait for each other.
                result.minimumAvailable = .count(0)
                unguarded.append(name)
            } else {
                assumed.append(name)
            }
            if let kind = group.variables["fettle_group_kind"]?.scalar.flatMap({ ResourceGroup.Kind(rawValue: $0.text) }
            ) {
                result.kind = kind
            }
            groups.append(result)
        }
        if !assumed.isEmpty {
            add("Ansible doesn't say how many members must serve: all but one for \(assumed.listed())")
        }
        if !unguarded.isEmpty {
            add("no minimum in service is set for groups of groups, which keep their own: \(unguarded.listed())")
        }
        return groups
    }

    private mutating func add(_ warning: String) {
        warnings.append(InventoryProblem(file: path, line: 1, column: 1, message: warning))
    }

    private mutating func minimum(_ group: AnsibleGroup, of size: Int) -> Quantity? {
        guard let variable = group.variables["fettle_group_minimum_available"] else { return nil }
        let reading = Reading(file: variable.file)
        let minimum = reading.quantity(variable.value, "fettle_group_minimum_available")
        if isWhole, let minimum, minimum.asMinimum(of: size) > size {
            reading.problem(
                "fettle_group_minimum_available is \(minimum.asMinimum(of: size)), but the group has "
                    + size.counted("member"), at: variable.value.place)
        }
        problems += reading.problems
        return minimum
    }
}
