public import FettleModel

/// What reading a policy gave.
public struct PolicyReading: Sendable, Equatable {
    public var policy: Policy
    /// What is allowed but looks like a mistake, sorted by place.
    public var warnings: [InventoryProblem]

    public init(policy: Policy, warnings: [InventoryProblem]) {
        self.policy = policy
        self.warnings = warnings
    }
}

/// Reads `policy.yaml`: the format is in this target's README and in `PolicySchema.json`.
public enum PolicyFile {
    /// - Parameter environments: those of the fleet; nil if they are not known, and the names are then not checked.
    /// - Throws: everything that is wrong with the file, each with line, column and what would be right.
    public static func read(path: String, environments: [Environment]? = nil) throws(InventoryErrors) -> PolicyReading {
        try parse(InputText.read(path: path), environments)
    }

    /// - Parameter file: how problems name the text.
    public static func parse(
        _ text: String, file: String = "policy.yaml", environments: [Environment]? = nil
    ) throws(InventoryErrors) -> PolicyReading {
        try parse(InputText(text: text, file: file), environments)
    }

    private static func parse(
        _ input: InputText, _ environments: [Environment]?
    ) throws(InventoryErrors) -> PolicyReading {
        let reading = Reading(file: input.file)
        guard let root = YAMLDocument.read(input, reading) else {
            if reading.problems.isEmpty {
                reading.problem("the file is empty", at: .start, hint: "'fettle init' writes a commented one")
            }
            throw InventoryErrors(reading.problems)
        }
        let policy = PolicyReader(reading: reading, environments: environments).read(root)
        let warnings = try reading.finish()
        return PolicyReading(policy: policy, warnings: warnings)
    }
}
