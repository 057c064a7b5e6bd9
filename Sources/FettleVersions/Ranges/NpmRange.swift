/// A range as npm's package.json and advisories write it: `^1.2.3`, `~1.2`, `1.x`, `1.2 - 2.3`, `>=1 <2 || 3.0.0`
/// (https://github.com/npm/node-semver#ranges).
///
/// A pre-release is within only where one of the comparators names a pre-release of the same three numbers.
public struct NpmRange: Sendable, Hashable {
    enum Operation: Sendable {
        case below, atMost, equal, atLeast, above
    }

    struct Comparator: Sendable, Hashable {
        let operation: Operation
        let version: String
    }

    /// One of them must hold with all its comparators; without a comparator it holds all versions but pre-releases.
    let alternatives: [[Comparator]]

    /// - Throws: ``VersionRangeError`` where node-semver's strict mode would refuse the text.
    public init(_ text: String) throws(VersionRangeError) {
        try VersionRangeLimits.check(text)
        var parser = NpmRangeParser(text)
        let alternatives = try parser.alternatives()
        // To node-semver, one alternative that holds everything takes the others' leave to hold pre-releases.
        self.alternatives = alternatives.contains([]) ? [[]] : alternatives
    }

    /// False for a text that is no version to npm.
    public func contains(_ version: String) -> Bool {
        withBytes(of: version) { bytes in
            let text = bytes.span
            guard SemanticValidity.isNpm(text) else { return false }
            let parts = SemanticParts(text, after: .npm)
            return alternatives.contains { comparators in
                comparators.allSatisfy { $0.holds(text) }
                    && (!parts.hasPrerelease || comparators.contains { $0.namesPrerelease(of: text, parts) })
            }
        }
    }
}

extension NpmRange.Comparator {
    func holds(_ text: Span<UInt8>) -> Bool {
        let order = withBytes(of: version) { SemanticOrder.compare(text, $0.span, after: .npm) }
        return switch operation {
        case .below: order == .less
        case .atMost: order != .greater
        case .equal: order == .equal
        case .atLeast: order != .less
        case .above: order == .greater
        }
    }

    func namesPrerelease(of text: Span<UInt8>, _ parts: SemanticParts) -> Bool {
        withBytes(of: version) { bytes in
            let own = SemanticParts(bytes.span, after: .npm)
            return own.hasPrerelease && compareComponents(text, parts.core, bytes.span, own.core) == .equal
        }
    }
}
