/// A SHA-256 digest over canonical JSON, as 64 lower-case hexadecimal digits.
public struct Digest: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public var description: String { rawValue }
    /// The first twelve digits: enough for a person to tell two plans apart, never enough to approve by.
    public var short: String { String(rawValue.prefix(12)) }
}

/// How a stage names the stage it was made from: an id to find it by and a digest that proves it is the same.
public struct StageReference: Hashable, Codable, Sendable {
    public var id: String
    public var digest: Digest

    public init(id: String, digest: Digest) {
        self.id = id
        self.digest = digest
    }
}
