/// The name of one `Entity`: distinct for each kind of thing, so that a host's id cannot be passed where a run's is asked for.
///
/// Coded as a plain string. Any text is representable; what a user may declare is validated by the inventory.
public struct Identifier<Entity>: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }
    public init(_ rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral value: String) { self.rawValue = value }
}

extension Identifier: Comparable {
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension Identifier: CustomStringConvertible {
    public var description: String { rawValue }
}

extension Identifier: Codable {
    public init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(String.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

/// Lets dictionaries keyed by an identifier be coded as JSON objects.
extension Identifier: CodingKeyRepresentable {
    public var codingKey: any CodingKey { AnyKey(stringValue: rawValue) }
    public init?<Key: CodingKey>(codingKey: Key) { self.init(rawValue: codingKey.stringValue) }

    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

public typealias ResourceID = Identifier<Resource>
public typealias GroupID = Identifier<ResourceGroup>
public typealias EnvironmentID = Identifier<Environment>
public typealias FindingID = Identifier<Finding>
public typealias WaiverID = Identifier<Waiver>
public typealias AdvisoryID = Identifier<Advisory>
public typealias PlanID = Identifier<Plan>
public typealias StepID = Identifier<Step>
public typealias ChangeID = Identifier<Change>
public typealias RunID = Identifier<RunEvent>
