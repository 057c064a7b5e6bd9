/// What one OSV record says of one package: versions that it lists, and ranges. A version is affected if it is listed
/// *or* within a range; each range is judged by itself.
public struct AffectedVersions: Sendable, Hashable {
    /// What an answer rests on.
    public enum Match: Sendable, Hashable {
        /// The record lists this version. Listed versions win: no range is asked.
        case enumerated
        /// The first range, by its number from 0, that holds the version.
        case range(Int)
    }

    public let scheme: VersionScheme
    public let ranges: [OSVRange]
    /// Oldest first.
    public let enumerated: [String]

    /// - Throws: ``VersionRangeError`` for more versions than ``VersionRangeLimits/enumeratedVersions``.
    public init(
        _ scheme: VersionScheme, enumerated: [String], ranges: [OSVRange]
    ) throws(VersionRangeError) {
        guard enumerated.count <= VersionRangeLimits.enumeratedVersions else {
            throw VersionRangeError(
                .tooLarge, "more than \(VersionRangeLimits.enumeratedVersions) listed versions", at: 0)
        }
        self.scheme = scheme
        self.ranges = ranges
        self.enumerated = VersionOrder(scheme).sorted(enumerated)
    }

    /// Nil where the version is not affected.
    public func match(_ version: String) -> Match? {
        if isEnumerated(version) { return .enumerated }
        return ranges.firstIndex { $0.contains(version) }.map(Match.range)
    }

    /// By the scheme's order, so that `1.0` finds a listed `1.0.0` where the scheme takes both for one version.
    private func isEnumerated(_ version: String) -> Bool {
        var low = 0
        var high = enumerated.count
        while low < high {
            let middle = (low + high) / 2
            switch scheme.compare(enumerated[middle], version) {
            case .equal: return true
            case .less: low = middle + 1
            case .greater: high = middle
            }
        }
        return false
    }
}
