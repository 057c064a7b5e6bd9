public import FettleModel

/// What reading `feeds.yaml` gave.
public struct FeedsReading: Sendable, Equatable {
    public var settings: FeedSettings
    /// What is allowed but looks like a mistake, sorted by place.
    public var warnings: [InventoryProblem]

    public init(settings: FeedSettings, warnings: [InventoryProblem]) {
        self.settings = settings
        self.warnings = warnings
    }
}

/// Reads `feeds.yaml`, beside `fleet.yaml`: mirrors, and sources beyond the fleet's own. The format is in this target's
/// README.
public enum FeedsFile {
    /// - Parameter known: the names of all sources; nil if they are not known, and the names are then not checked.
    /// - Throws: everything that is wrong with the file, each with line, column and what would be right.
    public static func read(path: String, known: [String]? = nil) throws(InventoryErrors) -> FeedsReading {
        try parse(InputText.read(path: path, ifAbsent: InputText.initAdvice), known)
    }

    /// - Parameter file: how problems name the text.
    public static func parse(
        _ text: String, file: String = "feeds.yaml", known: [String]? = nil
    ) throws(InventoryErrors) -> FeedsReading {
        try parse(InputText(text: text, file: file), known)
    }

    private static func parse(_ input: InputText, _ known: [String]?) throws(InventoryErrors) -> FeedsReading {
        let reading = Reading(file: input.file)
        guard let root = YAMLDocument.read(input, reading) else {
            if reading.problems.isEmpty {
                reading.problem("the file is empty", at: .start, hint: "write 'version: 1', or take the file away")
            }
            throw InventoryErrors(reading.problems)
        }
        let settings = FeedsReader(reading: reading, known: known).read(root)
        let warnings = try reading.finish()
        return FeedsReading(settings: settings, warnings: warnings)
    }
}
