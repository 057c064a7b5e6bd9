/// The order of Python packages, PEP 440
/// (https://packaging.python.org/en/latest/specifications/version-specifiers/#summary-of-permitted-suffixes-and-relative-ordering).
///
/// Texts that are no version of PEP 440 are all below those that are, as in Python's packaging before it refused them;
/// among themselves numbers and words compare one after the other.
enum Pep440Order {
    static func compare(_ left: Span<UInt8>, _ right: Span<UInt8>) -> VersionOrdering {
        let leftParts = Pep440Parts(left)
        let rightParts = Pep440Parts(right)
        if leftParts.isValid != rightParts.isValid { return leftParts.isValid ? .greater : .less }
        guard leftParts.isValid else { return compareMalformed(left, right) }
        let publics = comparePublic(left, leftParts, right, rightParts)
        if publics != .equal { return publics }
        return compareLocals(left, leftParts.local, right, rightParts.local)
    }

    /// Without the local versions (`+ubuntu1`).
    static func comparePublic(
        _ left: Span<UInt8>, _ leftParts: Pep440Parts, _ right: Span<UInt8>, _ rightParts: Pep440Parts
    ) -> VersionOrdering {
        let bases = compareBases(left, leftParts, right, rightParts)
        if bases != .equal { return bases }
        let kinds = VersionOrdering(leftParts.prereleaseRank, rightParts.prereleaseRank)
        if kinds != .equal { return kinds }
        let prereleases = compareNumbers(left, leftParts.prerelease, right, rightParts.prerelease)
        if prereleases != .equal { return prereleases }
        let posts = compareOptional(left, leftParts.post, right, rightParts.post, missing: .less)
        if posts != .equal { return posts }
        return compareOptional(left, leftParts.development, right, rightParts.development, missing: .greater)
    }

    /// Epoch and release numbers alone.
    static func compareBases(
        _ left: Span<UInt8>, _ leftParts: Pep440Parts, _ right: Span<UInt8>, _ rightParts: Pep440Parts
    ) -> VersionOrdering {
        let epochs = compareNumbers(left, leftParts.epoch, right, rightParts.epoch)
        if epochs != .equal { return epochs }
        return compareComponents(left, leftParts.release, right, rightParts.release)
    }

    private static func compareOptional(
        _ left: Span<UInt8>, _ leftRun: Range<Int>?, _ right: Span<UInt8>, _ rightRun: Range<Int>?,
        missing: VersionOrdering
    ) -> VersionOrdering {
        switch (leftRun, rightRun) {
        case (nil, nil): .equal
        case (nil, _?): missing
        case (_?, nil): missing.reversed
        case (let leftRun?, let rightRun?): compareNumbers(left, leftRun, right, rightRun)
        }
    }

    /// Segment by segment: words below numbers, in any case of letters; the shorter list below the longer.
    private static func compareLocals(
        _ left: Span<UInt8>, _ leftRange: Range<Int>?, _ right: Span<UInt8>, _ rightRange: Range<Int>?
    ) -> VersionOrdering {
        guard let leftRange, let rightRange else {
            return VersionOrdering(leftRange == nil ? 0 : 1, rightRange == nil ? 0 : 1)
        }
        var leftPosition = leftRange.lowerBound
        var rightPosition = rightRange.lowerBound
        while leftPosition < leftRange.upperBound, rightPosition < rightRange.upperBound {
            let leftField = segment(of: left, from: leftPosition, before: leftRange.upperBound)
            let rightField = segment(of: right, from: rightPosition, before: rightRange.upperBound)
            let leftIsNumber = areDigits(left, leftField)
            let rightIsNumber = areDigits(right, rightField)
            if leftIsNumber != rightIsNumber { return leftIsNumber ? .greater : .less }
            let segments =
                leftIsNumber
                ? compareNumbers(left, leftField, right, rightField)
                : compareFolded(left, leftField, right, rightField)
            if segments != .equal { return segments }
            leftPosition = leftField.upperBound + 1
            rightPosition = rightField.upperBound + 1
        }
        return VersionOrdering(
            leftPosition < leftRange.upperBound ? 1 : 0, rightPosition < rightRange.upperBound ? 1 : 0)
    }

    private static func segment(of text: Span<UInt8>, from start: Int, before end: Int) -> Range<Int> {
        var position = start
        while position < end, text[position].isDigit || text[position].isLetter { position += 1 }
        return start..<position
    }

    /// Words (in any case) below the end, the end below numbers; everything else only separates.
    private static func compareMalformed(_ left: Span<UInt8>, _ right: Span<UInt8>) -> VersionOrdering {
        var leftWords = WordReader(0..<left.count)
        var rightWords = WordReader(0..<right.count)
        while true {
            leftWords.advance(in: left)
            rightWords.advance(in: right)
            if leftWords.kind != rightWords.kind {
                return VersionOrdering(leftWords.kind.rawValue, rightWords.kind.rawValue)
            }
            let words: VersionOrdering
            switch leftWords.kind {
            case .end: return .equal
            case .word: words = compareFolded(left, leftWords.value, right, rightWords.value)
            case .number: words = compareNumbers(left, leftWords.value, right, rightWords.value)
            }
            if words != .equal { return words }
        }
    }
}

/// Reads a text as numbers and words; all other bytes only separate.
struct WordReader {
    enum Kind: Int {
        case word, end, number
    }

    private(set) var kind = Kind.end
    private(set) var value = 0..<0
    private var position: Int
    private let end: Int

    init(_ range: Range<Int>) {
        position = range.lowerBound
        end = range.upperBound
    }

    mutating func advance(in text: Span<UInt8>) {
        while position < end, !text[position].isDigit, !text[position].isLetter { position += 1 }
        let start = position
        if position < end, text[position].isDigit {
            while position < end, text[position].isDigit { position += 1 }
            kind = .number
        } else {
            while position < end, text[position].isLetter { position += 1 }
            kind = start < position ? .word : .end
        }
        value = start..<position
    }
}
