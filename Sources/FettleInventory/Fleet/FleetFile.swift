public import FettleModel

/// What reading an inventory gave.
public struct FleetReading: Sendable, Equatable {
    public var fleet: Fleet
    /// What is allowed but looks like a mistake, sorted by place.
    public var warnings: [InventoryProblem]

    public init(fleet: Fleet, warnings: [InventoryProblem]) {
        self.fleet = fleet
        self.warnings = warnings
    }
}

/// Reads `fleet.yaml`: the format is in this target's README and in `FleetSchema.json`.
public enum FleetFile {
    /// - Throws: everything that is wrong with the file, each with line, column and what would be right.
    public static func read(path: String) throws(InventoryErrors) -> FleetReading {
        try parse(InputText.read(path: path, ifAbsent: InputText.initAdvice))
    }

    /// - Parameter file: how problems name the text.
    public static func parse(_ text: String, file: String = "fleet.yaml") throws(InventoryErrors) -> FleetReading {
        try parse(InputText(text: text, file: file))
    }

    private static func parse(_ input: InputText) throws(InventoryErrors) -> FleetReading {
        let reading = Reading(file: input.file)
        guard let root = YAMLDocument.read(input, reading) else {
            if reading.problems.isEmpty {
                reading.problem("the file is empty", at: .start, hint: InputText.initAdvice)
            }
            throw InventoryErrors(reading.problems)
        }
        let fleet = FleetReader(reading: reading).read(root)
        let warnings = try reading.finish()
        return FleetReading(fleet: fleet, warnings: warnings)
    }
}
