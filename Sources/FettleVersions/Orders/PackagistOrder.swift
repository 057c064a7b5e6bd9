/// The order of Composer: a version is brought to its normal form (https://github.com/composer/semver, VersionParser)
/// and compared as PHP's version_compare does (https://www.php.net/manual/function.version-compare.php).
///
/// To Composer `1.0`, `v1.0.0` and `1.0.0.0` are one version, which they are not to version_compare alone. Branches
/// (`dev-main`) are below all numbers, and each is a version of its own.
enum PackagistOrder {
    static func compare(_ left: Span<UInt8>, _ right: Span<UInt8>) -> VersionOrdering {
        let leftParts = PackagistParts(left)
        let rightParts = PackagistParts(right)
        if leftParts.isBranch || rightParts.isBranch {
            guard leftParts.isBranch, rightParts.isBranch else { return leftParts.isBranch ? .less : .greater }
            return compareText(left, leftParts.text, right, rightParts.text)
        }
        var leftReader = PackagistReader(leftParts)
        var rightReader = PackagistReader(rightParts)
        while true {
            leftReader.advance(in: left)
            rightReader.advance(in: right)
            if leftReader.rank != rightReader.rank {
                return VersionOrdering(leftReader.rank.rawValue, rightReader.rank.rawValue)
            }
            if leftReader.rank == .end { return .equal }
            guard leftReader.rank == .number else { continue }
            let numbers = compareNumbers(left, leftReader, right, rightReader)
            if numbers != .equal { return numbers }
        }
    }

    private static func compareNumbers(
        _ left: Span<UInt8>, _ leftReader: PackagistReader, _ right: Span<UInt8>, _ rightReader: PackagistReader
    ) -> VersionOrdering {
        switch (leftReader.isWildcard, rightReader.isWildcard) {
        case (true, true): .equal
        case (true, false): compareWithWildcard(right, rightReader.value).reversed
        case (false, true): compareWithWildcard(left, leftReader.value)
        case (false, false): FettleVersions.compareNumbers(left, leftReader.value, right, rightReader.value)
        }
    }

    /// The `x` of `1.x-dev` stands for 9999999.
    private static func compareWithWildcard(_ text: Span<UInt8>, _ number: Range<Int>) -> VersionOrdering {
        let wildcard: UInt64 = 9_999_999
        guard let value = value(of: text, number, atMost: wildcard) else { return .greater }
        return value < wildcard ? .less : .equal
    }

    static func isValid(_ text: Span<UInt8>) -> Bool {
        PackagistParts(text).isValid
    }
}

/// Reads one version as the words and numbers of its normal form.
struct PackagistReader {
    /// As version_compare ranks them: an unknown word below all, the end just below numbers.
    enum Rank: Int {
        case unknown, development, alpha, beta, candidate, end, number, patch
    }

    private(set) var rank = Rank.end
    /// Empty for a number that normalising added, which is 0.
    private(set) var value = 0..<0
    private(set) var isWildcard = false
    private let parts: PackagistParts
    private var position: Int
    /// How many numbers were read with no word between.
    private var leadingNumbers = 0

    init(_ parts: PackagistParts) {
        self.parts = parts
        position = parts.text.lowerBound
    }

    mutating func advance(in text: Span<UInt8>) {
        isWildcard = false
        while position < parts.text.upperBound, !text[position].isDigit, !text[position].isLetter,
            !(parts.hasWildcards && text[position] == ASCII.star)
        {
            position += 1
        }
        let end = parts.text.upperBound
        if position < end, text[position].isDigit {
            let start = position
            while position < end, text[position].isDigit { position += 1 }
            takeNumber(start..<position)
        } else if position < end, parts.hasWildcards,
            text[position].lowercased == ASCII.x || text[position] == ASCII.star
        {
            position += 1
            takeNumber(position..<position)
            isWildcard = true
        } else if leadingNumbers < parts.leastNumbers {
            takeNumber(end..<end)
            isWildcard = parts.hasWildcards
        } else {
            leadingNumbers = Int.max
            readWord(in: text)
        }
    }

    private mutating func takeNumber(_ number: Range<Int>) {
        rank = .number
        value = number
        if leadingNumbers < Int.max { leadingNumbers += 1 }
    }

    private mutating func readWord(in text: Span<UInt8>) {
        let start = position
        let end = parts.text.upperBound
        while position < end, text[position].isLetter { position += 1 }
        guard start < position else {
            rank = .end
            return
        }
        rank = Self.rank(of: text, start..<position)
        // A word that ends in "dev" without a separator is two: `1.0betadev`.
        if rank != .development, parts.isValid, position - start > 3,
            hasWord("dev", in: text, at: position - 3, before: position)
        {
            position -= 3
        }
        if parts.isValid, position - start == 6, compareText(text, start..<position, with: "stable") == .equal {
            rank = .end
            position = end
        }
    }

    /// version_compare looks at the beginning of a word only: `patch` is a `p`.
    private static func rank(of text: Span<UInt8>, _ word: Range<Int>) -> Rank {
        func begins(_ letters: StaticString) -> Bool {
            hasWord(letters, in: text, at: word.lowerBound, before: word.upperBound)
        }
        switch text[word.lowerBound].lowercased {
        case UInt8(ascii: "a"): return .alpha
        case UInt8(ascii: "b"): return .beta
        case UInt8(ascii: "p"): return .patch
        case UInt8(ascii: "d") where begins("dev"): return .development
        case UInt8(ascii: "r") where begins("rc"): return .candidate
        default: return .unknown
        }
    }
}
