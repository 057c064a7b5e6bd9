public import FettleModel

/// Makes a fleet from what is already written down elsewhere. What has no place in a fleet is told as a warning: nothing
/// is lost silently. `FleetWriter` writes the result as `fleet.yaml`, for a person to read before it is used.
public enum InventoryImport {
    /// What the source cannot say by itself.
    public struct Options: Sendable {
        /// From first to last.
        public var environments: [Environment]
        /// One of `environments`, for resources whose environment the source doesn't tell; nil: each of them is a problem.
        public var defaultEnvironment: EnvironmentID?

        public init(environments: [Environment]? = nil, defaultEnvironment: EnvironmentID? = nil) {
            self.environments = environments ?? FleetReader.defaultEnvironments
            self.defaultEnvironment = defaultEnvironment
        }

        /// What is wrong with these, told with what is wrong with the source; nil: nothing.
        func problem(in file: String) -> InventoryProblem? {
            guard let id = defaultEnvironment, !environments.contains(where: { $0.id == id }) else { return nil }
            return InventoryProblem(
                file: file, line: 1, column: 1, message: "unknown default environment \(id.rawValue.quoted)",
                hint: Suggestion.hint(
                    for: id.rawValue, in: environments.map(\.id.rawValue), otherwise: "known environments"))
        }
    }

    /// An Ansible inventory in INI or YAML, a file or a directory, with `group_vars` and `host_vars` beside it.
    ///
    /// - Throws: everything that is wrong, with file, line and column.
    public static func ansible(path: String, options: Options = Options()) throws(InventoryErrors) -> FleetReading {
        let sources = AnsibleSources(path: path)
        var mapping = AnsibleMapping(sources: sources, options: options, path: path)
        let fleet = mapping.fleet()
        guard mapping.problems.isEmpty else { throw InventoryErrors(mapping.problems) }
        return FleetReading(fleet: fleet, warnings: mapping.warnings.inFileOrder())
    }

    static let importAdvice = "'fettle inventory import --help' tells what is read"

    /// A table with a header row: id, address, environment, kind, criticality, exposure, service_model, owner,
    /// failure_domain, label:<key>. Separated by commas, semicolons or tabs.
    ///
    /// - Throws: everything that is wrong, with line and column.
    public static func csv(path: String, options: Options = Options()) throws(InventoryErrors) -> FleetReading {
        try csv(InputText.read(path: path, ifAbsent: importAdvice), options)
    }

    /// - Parameter file: how problems name the text.
    public static func csv(
        text: String, file: String = "fleet.csv", options: Options = Options()
    ) throws(InventoryErrors) -> FleetReading {
        try csv(InputText(text: text, file: file), options)
    }

    private static func csv(_ input: InputText, _ options: Options) throws(InventoryErrors) -> FleetReading {
        let reading = Reading(file: input.file)
        reading.add([options.problem(in: input.file)].compactMap { $0 })
        let fleet = CSVFleetReader(reading: reading, options: options).read(input)
        let warnings = try reading.finish()
        return FleetReading(fleet: fleet, warnings: warnings)
    }
}
