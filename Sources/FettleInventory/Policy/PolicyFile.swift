public import FettleModel

/// What reading a policy gave.
public struct PolicyReading: Sendable, Equatable {
    public var policy: Policy
    /// What is allowed but looks like a mistake, sorted by place.
    public var warnings: [InventoryProblem]
    /// The keys that the file writes, with the names below `approvals` and `dueInDays` as `approvals.production`; what is not here
    /// is only defaulted.
    public var declared: Set<String>

    public init(policy: Policy, warnings: [InventoryProblem], declared: Set<String> = []) {
        self.policy = policy
        self.warnings = warnings
        self.declared = declared
    }
}

/// Reads `policy.yaml`: the format is in this target's README and in `PolicySchema.json`.
public enum PolicyFile {
    /// - Parameters:
    ///   - environments: those of the fleet; nil if they are not known, and the names are then not checked.
    ///   - fleet: whose environments, groups and resources the policy may name, and against which the rules of `order` and
    ///     `releases` are held; nil if it is not known.
    ///   - names: what the fleet declares, where it is not to be used: names are checked against it, rules are not.
    ///   - now: when it is: windows that don't open in the year after it are told. nil: none are.
    /// - Throws: everything that is wrong with the file and the calendars it names, each with line, column and what would be right.
    public static func read(
        path: String, environments: [Environment]? = nil, fleet: Fleet? = nil, names: FleetNames? = nil,
        now: Timestamp? = nil
    ) throws(InventoryErrors) -> PolicyReading {
        try parse(InputText.read(path: path, ifAbsent: InputText.initAdvice), environments, fleet, names, now)
    }

    /// - Parameter file: how problems name the text; calendars are looked up from its folder.
    public static func parse(
        _ text: String, file: String = "policy.yaml", environments: [Environment]? = nil, fleet: Fleet? = nil,
        names: FleetNames? = nil, now: Timestamp? = nil
    ) throws(InventoryErrors) -> PolicyReading {
        try parse(InputText(text: text, file: file), environments, fleet, names, now)
    }

    private static func parse(
        _ input: InputText, _ environments: [Environment]?, _ fleet: Fleet?, _ names: FleetNames?, _ now: Timestamp?
    ) throws(InventoryErrors) -> PolicyReading {
        let reading = Reading(file: input.file)
        guard let root = YAMLDocument.read(input, reading) else {
            if reading.problems.isEmpty {
                reading.problem("the file is empty", at: .start, hint: InputText.initAdvice)
            }
            throw InventoryErrors(reading.problems)
        }
        let declared = names?.environments?.map { Environment(id: $0, isProtected: false) }
        let surroundings = PolicySurroundings(
            environments: fleet?.environments ?? environments ?? declared,
            groups: fleet?.groups.map(\.id) ?? names?.groups,
            resources: fleet?.resources.map(\.id) ?? names?.resources,
            folder: input.file.lastIndex(of: "/").map { String(input.file[...$0]) } ?? "", now: now)
        let policy = PolicyReader(reading: reading, surroundings: surroundings, fleet: fleet).read(root)
        let warnings = try reading.finish()
        return PolicyReading(policy: policy, warnings: warnings, declared: keys(of: root))
    }

    private static func keys(of root: YAMLValue) -> Set<String> {
        var names: Set<String> = []
        for entry in root.mapping ?? [] {
            names.insert(entry.key)
            for inner in entry.value.mapping ?? [] { names.insert("\(entry.key).\(inner.key)") }
        }
        return names
    }
}
