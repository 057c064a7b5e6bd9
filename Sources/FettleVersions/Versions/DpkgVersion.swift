/// A well-formed Debian version, taken apart: `2:1.2.3-4` is epoch 2, upstream `1.2.3`, revision `4`.
///
/// The rules are those of `dpkg --validate-version` (deb-version(7)).
public struct DpkgVersion: Sendable, Hashable {
    /// 0 where the text has none; at most 2,147,483,647.
    public let epoch: Int
    /// Starts with a digit and is never empty.
    public let upstream: String
    /// Nil for a native package, which has no revision; never empty.
    public let revision: String?

    /// Takes a version apart, or returns nil where dpkg would refuse it. Surrounding white space is not trimmed.
    public init?(_ text: String) {
        guard let parts = withBytes(of: text, { Self.validParts($0.span) }) else { return nil }
        let bytes = text.utf8
        func slice(_ range: Range<Int>) -> Substring {
            let start = bytes.index(bytes.startIndex, offsetBy: range.lowerBound)
            return text[start..<bytes.index(start, offsetBy: range.count)]
        }
        epoch = parts.hasEpoch ? Int(slice(parts.epoch)) ?? 0 : 0
        upstream = String(slice(parts.version))
        revision = parts.hasRelease ? String(slice(parts.release)) : nil
    }

    /// Whether dpkg would accept this text as the version of a package.
    public static func isValid(_ text: String) -> Bool {
        withBytes(of: text) { validParts($0.span) != nil }
    }

    /// The version without its epoch, as file names in a Debian archive carry it.
    public var withoutEpoch: String {
        guard let revision else { return upstream }
        return "\(upstream)-\(revision)"
    }

    private static func validParts(_ version: Span<UInt8>) -> VersionParts? {
        let parts = VersionParts(version)
        if parts.hasEpoch, !isEpoch(version, parts.epoch) { return nil }
        guard !parts.version.isEmpty, version[parts.version.lowerBound].isDigit else { return nil }
        for position in parts.version where !isAllowed(version[position]) {
            // A colon may stand here only after an epoch, or it would have ended one.
            guard version[position] == ASCII.hyphen || (version[position] == ASCII.colon && parts.hasEpoch) else {
                return nil
            }
        }
        if parts.hasRelease {
            guard !parts.release.isEmpty else { return nil }
            for position in parts.release where !isAllowed(version[position]) { return nil }
        }
        return parts
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        byte.isDigit || byte.isLetter || byte == ASCII.dot || byte == ASCII.plus || byte == ASCII.tilde
    }

    /// dpkg keeps the epoch in a signed 32-bit number and refuses more.
    private static func isEpoch(_ version: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard !range.isEmpty else { return false }
        var value = 0
        for position in range {
            guard version[position].isDigit else { return false }
            value = value * 10 + Int(version[position] - ASCII.zero)
            guard value <= Int(Int32.max) else { return false }
        }
        return true
    }
}
