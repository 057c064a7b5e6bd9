/// The order of Semantic Versioning 2.0.0 (https://semver.org/#spec-item-11), which semver, npm, Go and crates share:
/// numbers, then no pre-release above any pre-release, then its identifiers; build metadata counts for nothing.
///
/// What a strict parser refuses is read as loosely as node-semver's loose mode does: missing numbers are 0, more than
/// three are compared too, and a pre-release needs no hyphen (`1.2.3beta`).
enum SemanticOrder {
    static func compare(
        _ left: Span<UInt8>, _ right: Span<UInt8>, after prefix: SemanticPrefix
    ) -> VersionOrdering {
        let leftParts = SemanticParts(left, after: prefix)
        let rightParts = SemanticParts(right, after: prefix)
        let numbers = compareComponents(left, leftParts.core, right, rightParts.core)
        if numbers != .equal { return numbers }
        if leftParts.hasPrerelease != rightParts.hasPrerelease {
            return leftParts.hasPrerelease ? .less : .greater
        }
        guard leftParts.hasPrerelease else { return .equal }
        return compareIdentifiers(left, leftParts.prerelease, right, rightParts.prerelease)
    }

    /// Identifier by identifier: numbers by value, below words; words byte by byte; the shorter list below the longer.
    static func compareIdentifiers(
        _ left: Span<UInt8>, _ leftRange: Range<Int>, _ right: Span<UInt8>, _ rightRange: Range<Int>
    ) -> VersionOrdering {
        var leftFields = FieldReader(leftRange, separator: ASCII.dot)
        var rightFields = FieldReader(rightRange, separator: ASCII.dot)
        while true {
            let leftHas = leftFields.advance(in: left)
            let rightHas = rightFields.advance(in: right)
            guard leftHas, rightHas else { return VersionOrdering(leftHas ? 1 : 0, rightHas ? 1 : 0) }
            let leftField = leftFields.field
            let rightField = rightFields.field
            let leftIsNumber = areDigits(left, leftField)
            let rightIsNumber = areDigits(right, rightField)
            if leftIsNumber != rightIsNumber { return leftIsNumber ? .less : .greater }
            let fields =
                leftIsNumber
                ? compareNumbers(left, leftField, right, rightField)
                : compareText(left, leftField, right, rightField)
            if fields != .equal { return fields }
        }
    }
}

/// What may stand before the first number and says nothing.
enum SemanticPrefix {
    /// Nothing at all.
    case none
    /// `v`, as tags have it.
    case v
    /// Any of `v`, `=` and blanks, as npm takes them.
    case npm
    /// `v`, or `go` as the toolchain's own versions have it.
    case go
}

/// Where the parts of `1.2.3-rc.1+build` lie.
struct SemanticParts {
    /// Digits and dots. Empty where the text doesn't begin with a digit.
    let core: Range<Int>
    /// Without its hyphen. Meaningless where there is none.
    let prerelease: Range<Int>
    let hasPrerelease: Bool

    @inline(__always)
    init(_ text: Span<UInt8>, after prefix: SemanticPrefix) {
        let start = Self.start(of: text, after: prefix)
        let coreEnd = endOfNumbers(text, from: start)
        core = start..<coreEnd
        var end = coreEnd
        while end < text.count, text[end] != ASCII.plus { end += 1 }
        hasPrerelease = coreEnd < end
        prerelease = (coreEnd < end && text[coreEnd] == ASCII.hyphen ? coreEnd + 1 : coreEnd)..<end
    }

    @inline(__always)
    private static func start(of text: Span<UInt8>, after prefix: SemanticPrefix) -> Int {
        var start = 0
        switch prefix {
        case .none:
            break
        case .v:
            if start < text.count, text[start].lowercased == ASCII.v { start += 1 }
        case .npm:
            while start < text.count,
                text[start].lowercased == ASCII.v || text[start] == ASCII.equals || text[start].isBlank
            {
                start += 1
            }
        case .go:
            if start < text.count, text[start].lowercased == ASCII.v {
                start += 1
            } else if text.count > 2, text[0] == UInt8(ascii: "g"), text[1] == UInt8(ascii: "o"), text[2].isDigit {
                start += 2
            }
        }
        return start
    }
}
