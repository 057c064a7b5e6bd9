/// Why a text is no range of versions, and where.
public struct VersionRangeError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, Codable {
        /// Longer than ``VersionRangeLimits`` allows, or of too many parts.
        case tooLarge
        /// A character or a word that can't stand there.
        case unexpected
        /// A version that the scheme refuses.
        case invalidVersion
        /// Ranges that overlap, end before they begin, or lack an end.
        case contradictory
    }

    public let code: Code
    public let message: String
    /// Where in the text, in bytes from 0; for a list of events the event's number from 0.
    public let place: Int

    public var description: String { "\(message) (at \(place))" }

    init(_ code: Code, _ message: String, at place: Int) {
        self.code = code
        self.message = message
        self.place = place
    }
}

/// What a range may hold at most. Advisories come from outside, and no real one is near these.
public enum VersionRangeLimits {
    /// Bytes of a range's text.
    public static let textBytes = 16_384
    /// Bytes of one version.
    public static let versionBytes = 1_024
    /// Events of one OSV range.
    public static let events = 10_000
    /// Versions that one OSV record enumerates.
    public static let enumeratedVersions = 200_000

    static func check(_ text: String) throws(VersionRangeError) {
        guard text.utf8.count <= textBytes else {
            throw VersionRangeError(.tooLarge, "a range of more than \(textBytes) bytes", at: textBytes)
        }
    }
}
