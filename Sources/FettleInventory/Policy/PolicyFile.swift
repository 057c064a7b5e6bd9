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
    ///   - fleet: what the rules of `order` and `releases` are held against; nil: they are not.
    /// - Throws: everything that is wrong with the file, each with line, column and what would be right.
    public static func read(
        path: String, environments: [Environment]? = nil, fleet: Fleet? = nil
    ) throws(InventoryErrors) -> PolicyReading {
        try parse(InputText.read(path: path), environments, fleet)
    }

    /// - Parameter file: how problems name the text.
    public static func parse(
        _ text: String, file: String = "policy.yaml", environments: [Environment]? = nil, fleet: Fleet? = nil
    ) throws(InventoryErrors) -> PolicyReading {
        try parse(InputText(text: text, file: file), environments, fleet)
    }

    private static func parse(
        _ input: InputText, _ environments: [Environment]?, _ fleet: Fleet?
    ) throws(InventoryErrors) -> PolicyReading {
        let reading = Reading(file: input.file)
        guard let root = YAMLDocument.read(input, reading) else {
            if reading.problems.isEmpty {
                reading.problem("the file is empty", at: .start, hint: "'fettle init' writes a commented one")
            }
            throw InventoryErrors(reading.problems)
        }
        let policy = PolicyReader(reading: reading, environments: environments, fleet: fleet).read(root)
        let warnings = try reading.finish()
        return PolicyReading(policy: policy, warnings: warnings, declared: declared(root))
    }

    private static func declared(_ root: YAMLValue) -> Set<String> {
        var names: Set<String> = []
        for entry in root.mapping ?? [] {
            names.insert(entry.key)
            for inner in entry.value.mapping ?? [] { names.insert("\(entry.key).\(inner.key)") }
        }
        return names
    }
}
