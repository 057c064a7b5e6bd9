/// A range in Maven's notation: `[1.0,2.0)`, `(,1.0]`, `[1.5]`, or several of them between commas
/// (https://maven.apache.org/pom.html#dependency-version-requirement-specification).
public struct MavenRange: Sendable, Hashable {
    /// Oldest first, as the text has them.
    public let intervals: [VersionInterval]
    /// The version that a text without brackets recommends; such a range holds every version.
    public let recommended: String?

    /// - Throws: ``VersionRangeError`` where Maven would refuse the text.
    public init(_ text: String) throws(VersionRangeError) {
        try VersionRangeLimits.check(text)
        let bytes = Array(text.utf8)
        var intervals: [VersionInterval] = []
        var position = Self.afterBlanks(bytes, 0)
        while position < bytes.count, bytes[position] == UInt8(ascii: "[") || bytes[position] == UInt8(ascii: "(") {
            let closing = bytes[position...].firstIndex { $0 == UInt8(ascii: "]") || $0 == UInt8(ascii: ")") }
            guard let closing else { throw VersionRangeError(.contradictory, "a range without an end", at: position) }
            let interval = try Self.interval(bytes, position...closing)
            if let upper = intervals.last?.upper {
                guard let lower = interval.lower,
                    VersionScheme.maven.compare(lower.version, upper.version) != .less
                else { throw VersionRangeError(.contradictory, "ranges that overlap", at: position) }
            }
            intervals.append(interval)
            position = Self.afterBlanks(bytes, closing + 1)
            if position < bytes.count, bytes[position] == UInt8(ascii: ",") {
                position = Self.afterBlanks(bytes, position + 1)
            }
        }
        if position < bytes.count {
            guard intervals.isEmpty else {
                throw VersionRangeError(.unexpected, "a version without brackets among ranges", at: position)
            }
            recommended = Self.trimmed(bytes, position..<bytes.count)
            self.intervals = [VersionInterval(lower: nil, upper: nil)]
        } else {
            guard !intervals.isEmpty else { throw VersionRangeError(.unexpected, "an empty range", at: 0) }
            recommended = nil
            self.intervals = intervals
        }
    }

    public func contains(_ version: String) -> Bool {
        intervals.contains { $0.contains(version, in: .maven) }
    }

    private static func interval(
        _ bytes: [UInt8], _ range: ClosedRange<Int>
    ) throws(VersionRangeError) -> VersionInterval {
        let includesLower = bytes[range.lowerBound] == UInt8(ascii: "[")
        let includesUpper = bytes[range.upperBound] == UInt8(ascii: "]")
        let inside = (range.lowerBound + 1)..<range.upperBound
        guard let comma = bytes[inside].firstIndex(of: UInt8(ascii: ",")) else {
            guard includesLower, includesUpper, let version = trimmed(bytes, inside) else {
                throw VersionRangeError(
                    .contradictory, "a single version must stand in square brackets", at: range.lowerBound)
            }
            let bound = VersionBound(version, isInclusive: true)
            return VersionInterval(lower: bound, upper: bound)
        }
        let lower = trimmed(bytes, inside.lowerBound..<comma).map { VersionBound($0, isInclusive: includesLower) }
        let upper = trimmed(bytes, (comma + 1)..<inside.upperBound).map { VersionBound($0, isInclusive: includesUpper) }
        if let lower, let upper {
            let order = VersionScheme.maven.compare(lower.version, upper.version)
            guard order == .less || (order == .equal && includesLower && includesUpper) else {
                throw VersionRangeError(.contradictory, "a range that ends before it begins", at: range.lowerBound)
            }
        }
        return VersionInterval(lower: lower, upper: upper)
    }

    private static func afterBlanks(_ bytes: [UInt8], _ start: Int) -> Int {
        var position = start
        while position < bytes.count, bytes[position] <= 0x20 { position += 1 }
        return position
    }

    /// Nil where nothing is left.
    private static func trimmed(_ bytes: [UInt8], _ range: Range<Int>) -> String? {
        guard let first = bytes[range].firstIndex(where: { $0 > 0x20 }),
            let last = bytes[range].lastIndex(where: { $0 > 0x20 })
        else { return nil }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }
}
