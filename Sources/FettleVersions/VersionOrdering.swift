/// How one version stands to another: below, level with, or above.
///
/// `equal` means "the package manager sees no difference", not "the same text": dpkg takes `1.0` and `0:1.0-0`
/// for one version.
public enum VersionOrdering: Int, Sendable, Hashable, Codable {
    case less = -1
    case equal = 0
    case greater = 1

    /// The answer with both sides exchanged.
    public var reversed: VersionOrdering {
        switch self {
        case .less: .greater
        case .equal: .equal
        case .greater: .less
        }
    }

    /// The order of two plain numbers.
    @inline(__always)
    init(_ left: Int, _ right: Int) {
        if left < right {
            self = .less
        } else if left > right {
            self = .greater
        } else {
            self = .equal
        }
    }
}
