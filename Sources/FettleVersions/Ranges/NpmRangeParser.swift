/// Reads npm's range notation and brings every form of it to comparators.
struct NpmRangeParser {
    private let bytes: [UInt8]
    private var position = 0

    /// A version of which the last numbers may be missing or `x`.
    private struct Partial {
        var major: UInt64?
        var minor: UInt64?
        var patch: UInt64?
        /// With its hyphen; empty where there is none.
        var prerelease = ""
    }

    private typealias Comparator = NpmRange.Comparator

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    mutating func alternatives() throws(VersionRangeError) -> [[NpmRange.Comparator]] {
        var alternatives = [try alternative()]
        while position < bytes.count {
            // An alternative ends at the end or before "||".
            position += 2
            alternatives.append(try alternative())
        }
        return alternatives
    }

    private mutating func alternative() throws(VersionRangeError) -> [NpmRange.Comparator] {
        var comparators: [Comparator] = []
        skipBlanks()
        let start = position
        if let hyphenated = try hyphenRange() { return hyphenated }
        position = start
        while !isAtEnd {
            comparators += try comparator()
            skipBlanks()
        }
        return comparators
    }

    private var isAtEnd: Bool {
        position >= bytes.count
            || (bytes[position] == UInt8(ascii: "|") && position + 1 < bytes.count
                && bytes[position + 1] == UInt8(ascii: "|"))
    }

    private mutating func skipBlanks() {
        while position < bytes.count, bytes[position].isBlank { position += 1 }
    }

    /// `1.2 - 2.3`; nil where it isn't one.
    private mutating func hyphenRange() throws(VersionRangeError) -> [NpmRange.Comparator]? {
        guard !isAtEnd, isPartialStart(bytes[position]), let from = try? partial() else { return nil }
        let end = position
        skipBlanks()
        guard end < position, position + 1 < bytes.count, bytes[position] == ASCII.hyphen, bytes[position + 1].isBlank
        else { return nil }
        position += 1
        skipBlanks()
        let upper = try partial()
        skipBlanks()
        guard isAtEnd else { throw VersionRangeError(.unexpected, "more after a range with a hyphen", at: position) }
        return lowerEnd(from) + (try upperEnd(upper))
    }

    private func isPartialStart(_ byte: UInt8) -> Bool {
        byte.isDigit || byte.lowercased == ASCII.x || byte == ASCII.star || byte.lowercased == ASCII.v
            || byte == ASCII.equals
    }

    private mutating func comparator() throws(VersionRangeError) -> [NpmRange.Comparator] {
        let sign = take([">=", "<=", "~>", "<", ">", "=", "~", "^"])
        skipBlanks()
        let version = try partial()
        if !isAtEnd, !bytes[position].isBlank {
            throw VersionRangeError(.unexpected, "a character that can't follow a version", at: position)
        }
        switch sign {
        case "^": return try caret(version)
        case "~", "~>": return try tilde(version)
        case ">=": return lowerEnd(version)
        case "<": return try below(version)
        case "<=": return try upperEnd(version)
        case ">": return try above(version)
        default:
            // "1.2.x" without a sign holds what "~1.2" does.
            guard version.patch != nil else { return try tilde(version) }
            return [Comparator(operation: .equal, version: text(version))]
        }
    }

    private mutating func take(_ signs: [String]) -> String {
        for sign in signs where bytes[position...].starts(with: sign.utf8) {
            position += sign.utf8.count
            return sign
        }
        return ""
    }

    // MARK: The forms

    private func lowerEnd(_ version: Partial) -> [NpmRange.Comparator] {
        // ">=0.0.0" says nothing, and counts as nothing when pre-releases are asked for.
        guard let major = version.major else { return [] }
        let lowest = text(major, version.minor ?? 0, version.patch ?? 0, version.prerelease)
        return lowest == "0.0.0" ? [] : [Comparator(operation: .atLeast, version: lowest)]
    }

    private func upperEnd(_ version: Partial) throws(VersionRangeError) -> [NpmRange.Comparator] {
        guard let major = version.major else { return [] }
        guard let minor = version.minor else { return [try before(next(major), 0, 0)] }
        guard version.patch != nil else { return [try before(major, next(minor), 0)] }
        return [Comparator(operation: .atMost, version: text(version))]
    }

    private func below(_ version: Partial) throws(VersionRangeError) -> [NpmRange.Comparator] {
        guard let major = version.major else { return [Self.nothing] }
        guard version.patch != nil else { return [try before(major, version.minor ?? 0, 0)] }
        return [Comparator(operation: .below, version: text(version))]
    }

    private func above(_ version: Partial) throws(VersionRangeError) -> [NpmRange.Comparator] {
        guard let major = version.major else { return [Self.nothing] }
        guard let minor = version.minor else {
            return [Comparator(operation: .atLeast, version: text(try next(major), 0, 0, ""))]
        }
        guard version.patch != nil else {
            return [Comparator(operation: .atLeast, version: text(major, try next(minor), 0, ""))]
        }
        return [Comparator(operation: .above, version: text(version))]
    }

    /// Up to the next minor number, or the next major one where the minor is missing.
    private func tilde(_ version: Partial) throws(VersionRangeError) -> [NpmRange.Comparator] {
        guard let major = version.major else { return [] }
        guard let minor = version.minor else { return lowerEnd(version) + [try before(next(major), 0, 0)] }
        return lowerEnd(version) + [try before(major, next(minor), 0)]
    }

    /// Up to the next change of the first number that isn't 0.
    private func caret(_ version: Partial) throws(VersionRangeError) -> [NpmRange.Comparator] {
        guard let major = version.major else { return [] }
        let lower = lowerEnd(version)
        guard major == 0, let minor = version.minor else { return lower + [try before(next(major), 0, 0)] }
        guard minor == 0, let patch = version.patch else { return lower + [try before(major, next(minor), 0)] }
        return lower + [try before(major, minor, next(patch))]
    }

    /// No version is below it.
    private static let nothing = NpmRange.Comparator(operation: .below, version: "0.0.0-0")

    private func before(
        _ major: UInt64, _ minor: UInt64, _ patch: UInt64
    ) throws(VersionRangeError) -> NpmRange.Comparator {
        Comparator(operation: .below, version: text(major, minor, patch, "-0"))
    }

    /// npm's numbers end at 2^53 - 1.
    private static let greatestNumber: UInt64 = 9_007_199_254_740_991

    private func next(_ number: UInt64) throws(VersionRangeError) -> UInt64 {
        guard number < Self.greatestNumber else {
            throw VersionRangeError(.invalidVersion, "a number with no next one", at: position)
        }
        return number + 1
    }

    private func text(_ version: Partial) -> String {
        text(version.major ?? 0, version.minor ?? 0, version.patch ?? 0, version.prerelease)
    }

    private func text(_ major: UInt64, _ minor: UInt64, _ patch: UInt64, _ prerelease: String) -> String {
        "\(major).\(minor).\(patch)\(prerelease)"
    }

    // MARK: Versions

    private mutating func partial() throws(VersionRangeError) -> Partial {
        while position < bytes.count,
            bytes[position].lowercased == ASCII.v || bytes[position] == ASCII.equals || bytes[position].isBlank
        {
            position += 1
        }
        var version = Partial()
        version.major = try number()
        guard takeDot() else { return version }
        let minor = try number()
        version.minor = version.major == nil ? nil : minor
        guard takeDot() else { return version }
        let patch = try number()
        version.patch = version.minor == nil ? nil : patch
        if position < bytes.count, bytes[position] == ASCII.hyphen {
            let prerelease = try identifiers(leadingZeros: false)
            if version.patch != nil { version.prerelease = prerelease }
        }
        if position < bytes.count, bytes[position] == ASCII.plus { _ = try identifiers(leadingZeros: true) }
        return version
    }

    private mutating func takeDot() -> Bool {
        guard position < bytes.count, bytes[position] == ASCII.dot else { return false }
        position += 1
        return true
    }

    /// Nil for `x`, `X` and `*`.
    private mutating func number() throws(VersionRangeError) -> UInt64? {
        let start = position
        if position < bytes.count, bytes[position].lowercased == ASCII.x || bytes[position] == ASCII.star {
            position += 1
            return nil
        }
        while position < bytes.count, bytes[position].isDigit { position += 1 }
        guard start < position, position == start + 1 || bytes[start] != ASCII.zero,
            let number = value(of: bytes.span, start..<position, atMost: Self.greatestNumber)
        else { throw VersionRangeError(.invalidVersion, "no number of npm's", at: start) }
        return number
    }

    /// `-rc.1` or `+build.1`, with its sign.
    private mutating func identifiers(leadingZeros: Bool) throws(VersionRangeError) -> String {
        let start = position
        position += 1
        while position < bytes.count,
            bytes[position].isDigit || bytes[position].isLetter || bytes[position] == ASCII.hyphen
                || bytes[position] == ASCII.dot
        {
            position += 1
        }
        guard SemanticValidity.areIdentifiers(bytes.span, (start + 1)..<position, leadingZeros: leadingZeros) else {
            throw VersionRangeError(.invalidVersion, "an identifier that is empty or begins with 0", at: start)
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }
}
