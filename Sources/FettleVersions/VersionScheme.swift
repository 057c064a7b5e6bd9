/// A family of version numbers with one order of its own. The raw value is the name used in files and messages.
///
/// A new scheme needs a case here, a comparator in a file of its own, and its line in each of the two switches below.
public enum VersionScheme: String, CaseIterable, Sendable, Hashable, Codable {
    /// Debian and its children: `[epoch:]upstream[-revision]`.
    case dpkg
    /// Red Hat, SUSE, Amazon and others: `[epoch:]version[-release]`; a missing epoch is 0.
    case rpm
    /// Alpine: `1.2.3b_rc1~hash-r4`.
    case apk

    /// Compares two versions as the scheme's package manager does.
    ///
    /// Total: any text has a place, malformed text too (see ``isValid(_:)`` to tell them apart), and the answer is
    /// always a consistent order. No allocation. Time grows with the shared length only.
    public func compare(_ left: String, _ right: String) -> VersionOrdering {
        withBytes(of: left) { leftBytes in
            withBytes(of: right) { rightBytes in
                compare(leftBytes.span, rightBytes.span)
            }
        }
    }

    /// Compares two versions that lie inside larger texts.
    public func compare(_ left: Substring, _ right: Substring) -> VersionOrdering {
        withBytes(of: left) { leftBytes in
            withBytes(of: right) { rightBytes in
                compare(leftBytes.span, rightBytes.span)
            }
        }
    }

    /// Compares two versions given as raw bytes, which need not be UTF-8.
    public func compare(_ left: Span<UInt8>, _ right: Span<UInt8>) -> VersionOrdering {
        switch self {
        case .dpkg: DpkgOrder.compare(left, right)
        case .rpm: RpmOrder.compare(left, right)
        case .apk: ApkOrder.compare(left, right)
        }
    }

    /// Whether the scheme's package manager would accept this version for a package.
    ///
    /// A malformed version still compares, but an answer that rests on it is a guess, and should be told as one.
    public func isValid(_ version: String) -> Bool {
        switch self {
        case .dpkg: DpkgVersion.isValid(version)
        case .rpm: RpmVersion.isValid(version)
        case .apk: ApkVersion.isValid(version)
        }
    }
}
