/// What Composer's normalising makes of a version: which part of the text counts, and how it is read.
struct PackagistParts {
    /// What counts, without blanks around it, a leading `v` and build metadata; a branch's name without `dev-`.
    let text: Range<Int>
    let isValid: Bool
    let isBranch: Bool
    /// Numbers are filled up with zeros to so many: four, but none for a date.
    let leastNumbers: Int
    /// `1.x-dev`: an `x` and each missing number stand for the highest number there is.
    let hasWildcards: Bool

    init(_ text: Span<UInt8>) {
        var end = text.count
        while end > 0, text[end - 1].isBlank || text[end - 1] == 0 { end -= 1 }
        var start = 0
        while start < end, text[start].isBlank || text[start] == 0 { start += 1 }
        if hasWord("dev-", in: text, at: start, before: end) {
            self.init(text: (start + 4)..<end, isBranch: true)
            return
        }
        if Self.isMainBranch(text, start..<end) {
            self.init(text: start..<end, isBranch: true)
            return
        }
        end = Self.withoutMetadata(text, start..<end)
        let whole = start..<end
        if start < end, text[start].lowercased == ASCII.v { start += 1 }
        if Self.isClassical(text, start..<end) {
            self.init(text: start..<end, leastNumbers: 4)
        } else if Self.isDate(text, start..<end) {
            self.init(text: start..<end, leastNumbers: 0)
        } else if Self.isNumericBranch(text, start..<end) {
            self.init(text: start..<end, leastNumbers: 4, hasWildcards: true)
        } else {
            // No version to Composer; read as version_compare would, the numbers filled up as in the others.
            self.init(text: start < end && text[start].isDigit ? start..<end : whole, isValid: false, leastNumbers: 4)
        }
    }

    private init(
        text: Range<Int>, isValid: Bool = true, isBranch: Bool = false, leastNumbers: Int = 0,
        hasWildcards: Bool = false
    ) {
        self.text = text
        self.isValid = isValid
        self.isBranch = isBranch
        self.leastNumbers = leastNumbers
        self.hasWildcards = hasWildcards
    }

    /// The three names that stand for a branch without saying so.
    private static func isMainBranch(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        switch range.count {
        case 5: compareText(text, range, with: "trunk") == .equal
        case 6: compareText(text, range, with: "master") == .equal
        case 7: compareText(text, range, with: "default") == .equal
        default: false
        }
    }

    /// The end of the text before `+metadata`, which may hold anything but blanks, and not be empty.
    private static func withoutMetadata(_ text: Span<UInt8>, _ range: Range<Int>) -> Int {
        var plus: Int?
        for position in range {
            let byte = text[position]
            if byte.isBlank || (plus == nil && byte == UInt8(ascii: ",")) { return range.upperBound }
            if plus == nil, byte == ASCII.plus { plus = position }
        }
        guard let plus, plus > range.lowerBound, plus + 1 < range.upperBound else { return range.upperBound }
        return plus
    }

    /// One to four numbers, the first of at most five digits, and a stability.
    private static func isClassical(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var position = endOfDigits(text, from: range.lowerBound, before: range.upperBound)
        guard (1...5).contains(position - range.lowerBound) else { return false }
        for _ in 0..<3 {
            guard position < range.upperBound, text[position] == ASCII.dot else { break }
            let end = endOfDigits(text, from: position + 1, before: range.upperBound)
            guard end > position + 1 else { break }
            position = end
        }
        return isStability(text, position..<range.upperBound)
    }

    /// Four digits for the year, one to six pairs of digits, up to two numbers of one to three digits; between them
    /// `.`, `:`, `-` or nothing.
    private static func isDate(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard endOfDigits(text, from: range.lowerBound, before: range.upperBound) >= range.lowerBound + 4 else {
            return false
        }
        var end = range.lowerBound
        while end < range.upperBound {
            let isNumber = text[end].isDigit
            let isSeparator = isDateSeparator(text[end]) && end + 1 < range.upperBound && text[end + 1].isDigit
            guard isNumber || isSeparator else { break }
            end += 1
        }
        // Longer than any date can be.
        guard end - range.lowerBound <= 4 + 6 * 3 + 2 * 4 else { return false }
        return isRestOfDate(text, (range.lowerBound + 4)..<end, pairs: 0, numbers: 0)
            && isStability(text, end..<range.upperBound)
    }

    /// Tries the ways to cut digits into pairs and numbers, of which there are few.
    private static func isRestOfDate(_ text: Span<UInt8>, _ range: Range<Int>, pairs: Int, numbers: Int) -> Bool {
        guard let first = range.first else { return pairs > 0 }
        let start = isDateSeparator(text[first]) ? first + 1 : first
        let digits = endOfDigits(text, from: start, before: range.upperBound) - start
        if numbers == 0, pairs < 6, digits >= 2,
            isRestOfDate(text, (start + 2)..<range.upperBound, pairs: pairs + 1, numbers: 0)
        {
            return true
        }
        guard pairs > 0, numbers < 2, digits >= 1 else { return false }
        for length in 1...min(3, digits)
        where isRestOfDate(text, (start + length)..<range.upperBound, pairs: pairs, numbers: numbers + 1) {
            return true
        }
        return false
    }

    private static func isDateSeparator(_ byte: UInt8) -> Bool {
        byte == ASCII.dot || byte == ASCII.colon || byte == ASCII.hyphen
    }

    /// `[._-]? [word numbers] [dev]`, all of it optional.
    private static func isStability(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var position = range.lowerBound
        let end = range.upperBound
        // What the first separator leaves may be "-dev" with a separator of its own.
        if isDevelopment(text, position..<end) { return true }
        if text[position] == ASCII.underscore || isJoint(text[position]) { position += 1 }
        if isDevelopment(text, position..<end) { return true }
        guard let afterWord = endOfStabilityWord(text, position..<end) else { return false }
        position = afterWord
        while position < end {
            let start = isJoint(text[position]) ? position + 1 : position
            let next = endOfDigits(text, from: start, before: end)
            guard next > start else { break }
            position = next
        }
        return isDevelopment(text, position..<end)
    }

    private static func isJoint(_ byte: UInt8) -> Bool {
        byte == ASCII.dot || byte == ASCII.hyphen
    }

    /// `[.-]dev`, or nothing.
    private static func isDevelopment(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard let first = range.first else { return true }
        let start = isJoint(text[first]) ? first + 1 : first
        return range.upperBound - start == 3 && hasWord("dev", in: text, at: start, before: range.upperBound)
    }

    private static func endOfStabilityWord(_ text: Span<UInt8>, _ range: Range<Int>) -> Int? {
        let words: InlineArray<9, StaticString> = ["stable", "beta", "b", "rc", "alpha", "a", "patch", "pl", "p"]
        for index in words.indices
        where hasWord(words[index], in: text, at: range.lowerBound, before: range.upperBound) {
            return range.lowerBound + words[index].utf8CodeUnitCount
        }
        return nil
    }

    /// One to four of number, `x` or `*`, the first a number, and `dev` behind them.
    private static func isNumericBranch(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var end = range.upperBound
        guard range.count > 3, hasWord("dev", in: text, at: end - 3, before: end) else { return false }
        end -= 3
        if isJoint(text[end - 1]) { end -= 1 }
        var position = endOfDigits(text, from: range.lowerBound, before: end)
        guard position > range.lowerBound else { return false }
        for _ in 0..<3 {
            guard position + 1 < end, text[position] == ASCII.dot else { break }
            let isWildcard = text[position + 1].lowercased == ASCII.x || text[position + 1] == ASCII.star
            let next = isWildcard ? position + 2 : endOfDigits(text, from: position + 1, before: end)
            guard next > position + 1 else { break }
            position = next
        }
        return position == end
    }

    private static func endOfDigits(_ text: Span<UInt8>, from start: Int, before end: Int) -> Int {
        var position = start
        while position < end, text[position].isDigit { position += 1 }
        return position
    }
}
