/// One end of an interval of versions.
public struct VersionBound: Sendable, Hashable, Codable {
    public let version: String
    /// Whether the version itself is within.
    public let isInclusive: Bool

    public init(_ version: String, isInclusive: Bool) {
        self.version = version
        self.isInclusive = isInclusive
    }
}

/// All versions between two bounds. A bound that is nil is none: the interval goes on for ever in that direction.
public struct VersionInterval: Sendable, Hashable, Codable {
    public var lower: VersionBound?
    public var upper: VersionBound?
    /// The upper bound is where the publisher stops to speak (OSV's `limit`), and no version that fixes anything.
    public var endsAtLimit: Bool

    public init(lower: VersionBound?, upper: VersionBound?, endsAtLimit: Bool = false) {
        self.lower = lower
        self.upper = upper
        self.endsAtLimit = endsAtLimit
    }

    public func contains(_ version: String, in scheme: VersionScheme) -> Bool {
        if let lower {
            let order = scheme.compare(version, lower.version)
            if order == .less || (order == .equal && !lower.isInclusive) { return false }
        }
        if let upper {
            let order = scheme.compare(version, upper.version)
            if order == .greater || (order == .equal && !upper.isInclusive) { return false }
        }
        return true
    }
}
