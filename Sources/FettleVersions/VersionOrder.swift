/// The order of one scheme, for sorting and picking: `VersionOrder(.dpkg).sorted(versions)`.
public struct VersionOrder: Sendable, Hashable {
    public let scheme: VersionScheme

    public init(_ scheme: VersionScheme) {
        self.scheme = scheme
    }

    /// Whether `left` is strictly older than `right`.
    public func precedes(_ left: String, _ right: String) -> Bool {
        scheme.compare(left, right) == .less
    }

    /// Whether the package manager sees no difference between the two.
    public func areEqual(_ left: String, _ right: String) -> Bool {
        scheme.compare(left, right) == .equal
    }

    /// Oldest first. Versions that compare equal keep the order they came in.
    public func sorted(_ versions: [String]) -> [String] {
        sortedPositions(of: versions).map { versions[$0] }
    }

    /// The newest version, the first of them where several are equal; nil for an empty list.
    public func newest(of versions: [String]) -> String? {
        guard var newest = versions.first else { return nil }
        for version in versions.dropFirst() where precedes(newest, version) {
            newest = version
        }
        return newest
    }

    /// One number for each version, in the order given: `ranks[i] < ranks[j]` exactly when version `i` is older than
    /// version `j`, and equal versions share a rank. Ranks start at 0 and have no gaps.
    ///
    /// An index that compares the same versions again and again computes this once and compares numbers from then on.
    public func ranks(of versions: [String]) -> [Int] {
        let ranking = VersionRanking(scheme, versions)
        return ranking.ranks.map(Int.init)
    }

    private func sortedPositions(of versions: [String]) -> [Int] {
        versions.indices.sorted { left, right in
            switch scheme.compare(versions[left], versions[right]) {
            case .less: true
            case .greater: false
            case .equal: left < right
            }
        }
    }
}
