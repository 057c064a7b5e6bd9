public import FettleModel

/// The names that a `fleet.yaml` declares, right or wrong otherwise: a policy is held against them where the fleet is not to be used,
/// so that what is wrong with both is told at once.
public struct FleetNames: Sendable, Equatable {
    /// Each nil if not all of them can be told: then none is called unknown.
    public var environments: [EnvironmentID]?
    public var groups: [GroupID]?
    public var resources: [ResourceID]?

    /// - Returns: nothing known, for a file that cannot be read.
    public static func read(path: String) -> FleetNames {
        guard let input = try? InputText.read(path: path) else { return FleetNames() }
        return FleetNames(of: input)
    }

    /// - Parameter text: of a `fleet.yaml`.
    public init(parsing text: String) {
        guard let input = try? InputText(text: text, file: "fleet.yaml") else {
            self.init()
            return
        }
        self.init(of: input)
    }

    private init() {}

    /// What is wrong there was told by whoever read it as a fleet.
    private init(of input: InputText) {
        let reading = Reading(file: input.file)
        guard let root = YAMLDocument.read(input, reading)?.mapping else { return }
        // A key that nobody knows may be one of these, misspelt.
        let isWhole = root.allSatisfy { FleetReader.keys.contains($0.key) }
        func names(_ key: String, _ name: String, _ expand: (String) -> [String]?) -> [String]? {
            guard let value = root.first(where: { $0.key == key })?.value else { return isWhole ? [] : nil }
            if value.isNull { return [] }
            return Self.all(value.sequence?.map { Self.text(of: $0, name).flatMap(expand) })
        }
        if root.contains(where: { $0.key == "environments" }) {
            let declared = names("environments", "name") { [$0] } ?? []
            environments = declared.isEmpty ? nil : declared.map { EnvironmentID($0) }
        } else {
            environments = isWhole ? FleetReader.defaultEnvironments.map(\.id) : nil
        }
        groups = names("groups", "id") { [$0] }?.map { GroupID($0) }
        resources = names("resources", "id") { try? RangePattern($0).expanded }?.map { ResourceID($0) }
    }

    private static func text(of item: YAMLValue, _ name: String) -> String? {
        item.scalar?.text ?? item.mapping?.first { $0.key == name }?.value.scalar?.text
    }

    /// nil if one of them is.
    private static func all(_ lists: [[String]?]?) -> [String]? {
        guard let lists, lists.count <= FleetReader.maximumResources, lists.allSatisfy({ $0 != nil }) else {
            return nil
        }
        return lists.flatMap { $0 ?? [] }
    }
}
