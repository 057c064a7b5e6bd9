/// Version specifiers of Python packages between commas: `>=1.0,!=1.3.*,<2`
/// (https://packaging.python.org/en/latest/specifications/version-specifiers/).
public struct Pep440Specifiers: Sendable, Hashable {
    /// Whether pre-releases and development releases count.
    public enum Prereleases: Sendable, Hashable {
        /// Only where a specifier names one itself, as an installer does by itself.
        case whereNamed
        /// Always: the question is what the specifiers hold, not what to install.
        case always
        case never
    }

    enum Operation: String, CaseIterable {
        // The longer before its own beginning.
        case identical = "==="
        case compatible = "~="
        case equal = "=="
        case notEqual = "!="
        case atMost = "<="
        case atLeast = ">="
        case below = "<"
        case above = ">"
    }

    struct Specifier: Sendable, Hashable {
        let operation: Operation
        /// Without the `.*` of a wildcard.
        let version: String
        let isWildcard: Bool
    }

    let specifiers: [Specifier]

    /// - Throws: ``VersionRangeError`` where Python's packaging would refuse the text. An empty text holds all versions.
    public init(_ text: String) throws(VersionRangeError) {
        try VersionRangeLimits.check(text)
        var specifiers: [Specifier] = []
        var place = 0
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let trimmed = Self.trimmed(part)
            if !trimmed.isEmpty { specifiers.append(try Self.specifier(trimmed, at: place)) }
            place += part.utf8.count + 1
        }
        self.specifiers = specifiers
    }

    public func contains(_ version: String, prereleases: Prereleases = .always) -> Bool {
        withBytes(of: version) { bytes in
            let parts = Pep440Parts(bytes.span)
            if parts.isValid, parts.isPrerelease, !allows(prereleases) { return false }
            return specifiers.allSatisfy { $0.holds(version, bytes.span, parts) }
        }
    }

    private func allows(_ prereleases: Prereleases) -> Bool {
        switch prereleases {
        case .always: true
        case .never: false
        case .whereNamed:
            specifiers.contains { specifier in
                specifier.operation != .notEqual && !specifier.isWildcard
                    && withBytes(of: specifier.version) {
                        let parts = Pep440Parts($0.span)
                        return parts.isValid && parts.isPrerelease
                    }
            }
        }
    }

    private static func specifier(_ text: Substring, at place: Int) throws(VersionRangeError) -> Specifier {
        guard let operation = Operation.allCases.first(where: { text.hasPrefix($0.rawValue) }) else {
            throw VersionRangeError(.unexpected, "a specifier without an operator", at: place)
        }
        var version = trimmed(text.dropFirst(operation.rawValue.count))
        if operation == .identical {
            guard !version.utf8.contains(where: { $0.isBlank || $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: ")") })
            else { throw VersionRangeError(.unexpected, "a blank, ; or ) in an identity", at: place) }
            return Specifier(operation: operation, version: String(version), isWildcard: false)
        }
        let isWildcard = version.hasSuffix(".*")
        if isWildcard { version = version.dropLast(2) }
        let isAllowed = withBytes(of: version) { bytes in
            let parts = Pep440Parts(bytes.span)
            guard parts.isValid else { return false }
            let isExact = operation == .equal || operation == .notEqual
            if parts.local != nil, !isExact || isWildcard { return false }
            if isWildcard, !isExact || parts.isPrerelease || parts.post != nil { return false }
            return operation != .compatible || bytes[parts.release].contains(ASCII.dot)
        }
        guard isAllowed else {
            throw VersionRangeError(.invalidVersion, "a version that can't follow \(operation.rawValue)", at: place)
        }
        return Specifier(operation: operation, version: String(version), isWildcard: isWildcard)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var bytes = text.utf8
        while let first = bytes.first, first.isBlank { bytes.removeFirst() }
        while let last = bytes.last, last.isBlank { bytes.removeLast() }
        return Substring(bytes)
    }
}

extension Pep440Specifiers.Specifier {
    func holds(_ text: String, _ version: Span<UInt8>, _ parts: Pep440Parts) -> Bool {
        if operation == .identical { return text.lowercased() == self.version.lowercased() }
        guard parts.isValid else { return false }
        return withBytes(of: self.version) { bytes in
            let own = bytes.span
            let ownParts = Pep440Parts(own)
            switch operation {
            case .identical: return false
            case .equal: return isEqual(version, parts, own, ownParts)
            case .notEqual: return !isEqual(version, parts, own, ownParts)
            case .atMost: return Pep440Order.comparePublic(version, parts, own, ownParts) != .greater
            case .atLeast: return Pep440Order.comparePublic(version, parts, own, ownParts) != .less
            case .compatible:
                return Pep440Order.comparePublic(version, parts, own, ownParts) != .less
                    && hasPrefix(version, parts, own, ownParts, droppingLast: true)
            case .below: return isBelow(version, parts, own, ownParts)
            case .above: return isAbove(version, parts, own, ownParts)
            }
        }
    }

    private func isEqual(
        _ version: Span<UInt8>, _ parts: Pep440Parts, _ own: Span<UInt8>, _ ownParts: Pep440Parts
    ) -> Bool {
        if isWildcard { return hasPrefix(version, parts, own, ownParts, droppingLast: false) }
        if ownParts.local == nil { return Pep440Order.comparePublic(version, parts, own, ownParts) == .equal }
        return Pep440Order.compare(version, own) == .equal
    }

    /// Whether a version's epoch and first numbers are ours; numbers that it hasn't are 0.
    private func hasPrefix(
        _ version: Span<UInt8>, _ parts: Pep440Parts, _ own: Span<UInt8>, _ ownParts: Pep440Parts, droppingLast: Bool
    ) -> Bool {
        guard compareNumbers(version, parts.epoch, own, ownParts.epoch) == .equal else { return false }
        var ownEnd = ownParts.release.upperBound
        if droppingLast {
            while ownEnd > ownParts.release.lowerBound, own[ownEnd - 1] != ASCII.dot { ownEnd -= 1 }
            ownEnd -= 1
        }
        var ownFields = FieldReader(ownParts.release.lowerBound..<ownEnd, separator: ASCII.dot)
        var fields = FieldReader(parts.release, separator: ASCII.dot)
        while ownFields.advance(in: own) {
            _ = fields.advance(in: version)
            if compareNumbers(version, fields.field, own, ownFields.field) != .equal { return false }
        }
        return true
    }

    /// Below, and no pre-release of our version itself, unless ours is one.
    private func isBelow(
        _ version: Span<UInt8>, _ parts: Pep440Parts, _ own: Span<UInt8>, _ ownParts: Pep440Parts
    ) -> Bool {
        guard Pep440Order.compare(version, own) == .less else { return false }
        guard !ownParts.isPrerelease, parts.isPrerelease,
            Pep440Order.compareBases(version, parts, own, ownParts) == .equal
        else { return true }
        guard let ownPost = ownParts.post else { return false }
        // A pre-release of our post-release is a development release of the same one.
        guard !parts.hasPrereleasePart, let post = parts.post else { return true }
        return compareNumbers(version, post, own, ownPost) != .equal
    }

    /// Above, and no post-release of our version itself, unless ours is one, nor a local build of it.
    private func isAbove(
        _ version: Span<UInt8>, _ parts: Pep440Parts, _ own: Span<UInt8>, _ ownParts: Pep440Parts
    ) -> Bool {
        guard Pep440Order.compare(version, own) == .greater else { return false }
        if parts.local != nil, Pep440Order.comparePublic(version, parts, own, ownParts) == .equal { return false }
        guard ownParts.post == nil, parts.post != nil else { return true }
        guard ownParts.development == nil else { return true }
        let isSame =
            Pep440Order.compareBases(version, parts, own, ownParts) == .equal
            && parts.prereleaseRank == ownParts.prereleaseRank
            && compareNumbers(version, parts.prerelease, own, ownParts.prerelease) == .equal
        return !isSame
    }
}
