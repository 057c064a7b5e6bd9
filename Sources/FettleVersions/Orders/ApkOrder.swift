/// The order of Alpine's package manager, apk-tools 3, as apk-package(5) describes it:
/// `number{.number}[letter]{_suffix[number]}[~hash][-rNumber]`.
///
/// Versions compare token by token. Where the kinds differ, the raw values of ``Kind`` decide; that makes the order
/// lexicographic over tokens, and so consistent for malformed text too: everything from the first fault on is one
/// `fault` token, below the end.
///
/// One widening: digits right after the letter (`6.6p1`) are a number, as in apk-tools 2; apk-tools 3 refuses such
/// versions, but old advisories name them, and to apk 3 `6.6p1` and `6.6p2` would be the same fault.
enum ApkOrder {
    static func compare(_ left: Span<UInt8>, _ right: Span<UInt8>) -> VersionOrdering {
        var leftReader = ApkReader()
        var rightReader = ApkReader()
        while true {
            leftReader.advance(in: left)
            rightReader.advance(in: right)
            if leftReader.rank != rightReader.rank {
                return VersionOrdering(leftReader.rank, rightReader.rank)
            }
            switch leftReader.kind {
            case .end, .fault:
                return .equal
            case .start, .suffix:
                continue
            case .firstNumber, .suffixNumber, .revision:
                let numbers = compareNumbers(left, leftReader.value, right, rightReader.value)
                if numbers != .equal { return numbers }
            case .number:
                let numbers = compareComponents(left, leftReader.value, right, rightReader.value)
                if numbers != .equal { return numbers }
            case .letter, .hash:
                let texts = compareText(left, leftReader.value, right, rightReader.value)
                if texts != .equal { return texts }
            }
        }
    }

    /// Like Gentoo: a component after the first with a leading zero is a decimal fraction, compared as text.
    private static func compareComponents(
        _ left: Span<UInt8>, _ leftRun: Range<Int>, _ right: Span<UInt8>, _ rightRun: Range<Int>
    ) -> VersionOrdering {
        if left[leftRun.lowerBound] == ASCII.zero || right[rightRun.lowerBound] == ASCII.zero {
            return compareText(left, leftRun, right, rightRun)
        }
        return compareNumbers(left, leftRun, right, rightRun)
    }
}

/// Reads one apk version token by token, and knows which kind may follow which.
struct ApkReader {
    /// In the order in which the grammar allows them.
    enum Kind: Int {
        case start, firstNumber, number, letter, suffix, suffixNumber, hash, revision, end, fault
    }

    private(set) var kind = Kind.start
    /// Where the token's value lies: digits, the letter, or the hash. Never empty but for `suffix`, `end` and `fault`.
    private(set) var value = 0..<0
    /// The place of this token among all that could stand here; decides where two versions part ways.
    private(set) var rank = 0
    private var position = 0

    mutating func advance(in text: Span<UInt8>) {
        kind = nextKind(in: text)
        // Suffixes before a release (-4 ... -1) are below everything; those after it share a band of their own.
        if kind != .suffix { rank = Self.rank(of: kind) }
    }

    private static let afterReleaseBand = 10

    private static func rank(of kind: Kind) -> Int {
        switch kind {
        case .fault: 0
        case .end: 1
        case .revision: 2
        case .hash: 3
        case .suffixNumber: 4
        case .suffix: afterReleaseBand
        case .letter: 20
        case .number: 21
        case .firstNumber: 22
        case .start: 23
        }
    }

    private mutating func nextKind(in text: Span<UInt8>) -> Kind {
        if kind == .start {
            return takeDigits(in: text) ? .firstNumber : .fault
        }
        guard position < text.count else { return .end }
        let byte = text[position]
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            // Digits with no sign before them follow a suffix or (apk-tools 2) a letter.
            guard kind == .suffix || kind == .letter, takeDigits(in: text) else { return .fault }
            return kind == .suffix ? .suffixNumber : .number
        case UInt8(ascii: "a")...UInt8(ascii: "z"):
            guard kind.rawValue <= Kind.number.rawValue else { return .fault }
            value = position..<(position + 1)
            position += 1
            return .letter
        case ASCII.dot:
            guard kind.rawValue <= Kind.number.rawValue else { return .fault }
            position += 1
            return takeDigits(in: text) ? .number : .fault
        case ASCII.underscore:
            guard kind.rawValue <= Kind.suffixNumber.rawValue else { return .fault }
            position += 1
            return takeSuffix(in: text) ? .suffix : .fault
        case ASCII.tilde:
            guard kind.rawValue < Kind.hash.rawValue else { return .fault }
            position += 1
            return take(in: text, while: { $0.isDigit || ($0 &- UInt8(ascii: "a") < 6) }) ? .hash : .fault
        case ASCII.hyphen:
            guard kind.rawValue < Kind.revision.rawValue else { return .fault }
            guard position + 1 < text.count, text[position + 1] == UInt8(ascii: "r") else { return .fault }
            position += 2
            return takeDigits(in: text) ? .revision : .fault
        default:
            return .fault
        }
    }

    private mutating func takeDigits(in text: Span<UInt8>) -> Bool {
        take(in: text, while: { $0.isDigit })
    }

    @inline(__always)
    private mutating func take(in text: Span<UInt8>, while belongs: (UInt8) -> Bool) -> Bool {
        let start = position
        while position < text.count, belongs(text[position]) { position += 1 }
        value = start..<position
        return start < position
    }

    /// Reads the name after `_` and sets the rank by it: `alpha < beta < pre < rc`, all before the release itself;
    /// `cvs < svn < git < hg < p`, all after it.
    private mutating func takeSuffix(in text: Span<UInt8>) -> Bool {
        guard take(in: text, while: { $0.isLowercaseLetter }) else { return false }
        let length = value.count
        guard length <= 5 else { return false }
        // At most five letters fit one number, so that the names compare as numbers, with no table to search.
        var name: UInt64 = 0
        for position in value { name = name << 8 | UInt64(text[position]) }
        switch name {
        case 0x61_6c70_6861: rank = -4  // alpha
        case 0x6265_7461: rank = -3  // beta
        case 0x70_7265: rank = -2  // pre
        case 0x7263: rank = -1  // rc
        case 0x63_7673: rank = Self.afterReleaseBand  // cvs
        case 0x73_766e: rank = Self.afterReleaseBand + 1  // svn
        case 0x67_6974: rank = Self.afterReleaseBand + 2  // git
        case 0x6867: rank = Self.afterReleaseBand + 3  // hg
        case 0x70: rank = Self.afterReleaseBand + 4  // p
        default: return false
        }
        return true
    }
}
