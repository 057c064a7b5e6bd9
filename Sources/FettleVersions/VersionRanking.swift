/// A big set of versions, sorted once. Each version has a dense rank, and equal versions share one, so that an index
/// compares ranks from then on and no text.
///
/// The texts lie one behind the other in one buffer, which sorting reads and never copies: 4 bytes and the text itself
/// for each version, and 8 more for its rank and its place.
public struct VersionRanking: Sendable {
    public let scheme: VersionScheme
    /// One rank for each version, in the order given. Ranks start at 0 and have no gaps.
    public let ranks: [UInt32]
    /// How many ranks there are.
    public let rankCount: Int

    private let text: [UInt8]
    /// Where each version ends and the next begins.
    private let bounds: [UInt32]
    /// A version of each rank, the first given.
    private let representatives: [UInt32]

    /// - Precondition: the texts together have less than 4 GiB, and there are less than 2^32 of them.
    public init(_ scheme: VersionScheme, _ versions: some Sequence<String>) {
        var text: [UInt8] = []
        var bounds: [UInt32] = [0]
        for version in versions {
            text.append(contentsOf: version.utf8)
            bounds.append(UInt32(text.count))
        }
        func compare(_ left: UInt32, _ right: UInt32) -> VersionOrdering {
            let texts = text.span
            return scheme.compare(
                texts.extracting(Int(bounds[Int(left)])..<Int(bounds[Int(left) + 1])),
                texts.extracting(Int(bounds[Int(right)])..<Int(bounds[Int(right) + 1])))
        }
        let count = UInt32(bounds.count - 1)
        let sorted = (0..<count).sorted { left, right in
            switch compare(left, right) {
            case .less: true
            case .greater: false
            case .equal: left < right
            }
        }
        var ranks = [UInt32](repeating: 0, count: Int(count))
        var representatives: [UInt32] = []
        for position in sorted {
            if representatives.last.map({ compare($0, position) != .equal }) ?? true {
                representatives.append(position)
            }
            ranks[Int(position)] = UInt32(representatives.count - 1)
        }
        self.scheme = scheme
        self.ranks = ranks
        self.text = text
        self.bounds = bounds
        self.representatives = representatives
        rankCount = representatives.count
    }

    /// How many ranks are below a version, and whether the next one is its own: enough to place any version, or a
    /// range's bound, among the ranks.
    public func place(of version: String) -> (below: Int, isRanked: Bool) {
        withBytes(of: version) { bytes in
            var low = 0
            var high = rankCount
            while low < high {
                let middle = (low + high) / 2
                let index = Int(representatives[middle])
                let known = text.span.extracting(Int(bounds[index])..<Int(bounds[index + 1]))
                switch scheme.compare(known, bytes.span) {
                case .less: low = middle + 1
                case .equal: return (middle, true)
                case .greater: high = middle
                }
            }
            return (low, false)
        }
    }
}
