/// Where the parts of `1!2.3rc1.post2.dev3+local.4` lie. All the spellings that PEP 440 allows are read
/// (`v1.0-Alpha_1`, `1.0-1` for a post-release, blanks around it).
struct Pep440Parts {
    /// Where false, the other parts mean nothing.
    let isValid: Bool
    private(set) var epoch = 0..<0
    /// Numbers between dots.
    private(set) var release = 0..<0
    /// A development release of a final version is below every pre-release; a final version above them.
    private(set) var prereleaseRank = Self.finalRank
    /// The pre-release's number; empty where there is none, which is 0.
    private(set) var prerelease = 0..<0
    /// Nil where it is no post-release; empty where it is one without a number, which is 0.
    private(set) var post: Range<Int>?
    private(set) var development: Range<Int>?
    /// Letters and digits between single separators; never empty.
    private(set) var local: Range<Int>?

    private static let developmentRank = 0
    private static let alphaRank = 1
    private static let betaRank = 2
    private static let candidateRank = 3
    private static let finalRank = 4

    /// Whether it is an alpha, a beta, a release candidate or a development release.
    var isPrerelease: Bool { prereleaseRank != Self.finalRank || development != nil }
    var hasPrereleasePart: Bool { Self.alphaRank <= prereleaseRank && prereleaseRank <= Self.candidateRank }

    init(_ text: Span<UInt8>) {
        var end = text.count
        while end > 0, text[end - 1].isBlank { end -= 1 }
        var position = 0
        while position < end, text[position].isBlank { position += 1 }
        self.init(text, position..<end)
    }

    init(_ text: Span<UInt8>, _ range: Range<Int>) {
        var reader = Reader(position: range.lowerBound, end: range.upperBound)
        if reader.has(ASCII.v, in: text) { reader.position += 1 }
        var numbers = reader.digits(in: text)
        if !numbers.isEmpty, reader.has(ASCII.exclamation, in: text) {
            epoch = numbers
            reader.position += 1
            numbers = reader.digits(in: text)
        }
        guard !numbers.isEmpty else {
            isValid = false
            return
        }
        reader.position = min(endOfNumbers(text, from: numbers.lowerBound), reader.end)
        release = numbers.lowerBound..<reader.position
        var rank: Int?
        if let word = reader.labelled(Self.prereleaseWords, in: text) {
            rank = word.rank
            prerelease = word.number
        }
        post = reader.impliedPost(in: text) ?? reader.labelled([("post", 0), ("rev", 0), ("r", 0)], in: text)?.number
        development = reader.labelled([("dev", 0)], in: text)?.number
        prereleaseRank = rank ?? (post == nil && development != nil ? Self.developmentRank : Self.finalRank)
        local = reader.local(in: text)
        isValid = reader.position == reader.end
    }

    /// The longer spelling before its own beginning.
    private static var prereleaseWords: InlineArray<8, (StaticString, Int)> {
        [
            ("alpha", alphaRank), ("a", alphaRank), ("beta", betaRank), ("b", betaRank), ("preview", candidateRank),
            ("pre", candidateRank), ("c", candidateRank), ("rc", candidateRank),
        ]
    }

    private struct Reader {
        var position: Int
        let end: Int

        func has(_ letter: UInt8, in text: Span<UInt8>) -> Bool {
            position < end && text[position].lowercased == letter
        }

        func isSeparator(_ byte: UInt8) -> Bool {
            byte == ASCII.dot || byte == ASCII.hyphen || byte == ASCII.underscore
        }

        mutating func digits(in text: Span<UInt8>) -> Range<Int> {
            let start = position
            while position < end, text[position].isDigit { position += 1 }
            return start..<position
        }

        /// `[separator] word [separator] [number]`. Reads nothing where no word of the list stands here.
        mutating func labelled<let count: Int>(
            _ words: InlineArray<count, (StaticString, Int)>, in text: Span<UInt8>
        ) -> (rank: Int, number: Range<Int>)? {
            var start = position
            if start < end, isSeparator(text[start]) { start += 1 }
            for index in words.indices where hasWord(words[index].0, in: text, at: start, before: end) {
                position = start + words[index].0.utf8CodeUnitCount
                if position < end, isSeparator(text[position]) { position += 1 }
                return (words[index].1, digits(in: text))
            }
            return nil
        }

        /// `-1`, the old spelling of `.post1`.
        mutating func impliedPost(in text: Span<UInt8>) -> Range<Int>? {
            guard has(ASCII.hyphen, in: text), position + 1 < end, text[position + 1].isDigit else { return nil }
            position += 1
            return digits(in: text)
        }

        mutating func local(in text: Span<UInt8>) -> Range<Int>? {
            guard has(ASCII.plus, in: text) else { return nil }
            let start = position + 1
            var here = start
            while here < end {
                let isWord = text[here].isDigit || text[here].isLetter
                // A separator stands alone, between two words.
                guard isWord || (isSeparator(text[here]) && here > start && !isSeparator(text[here - 1])) else {
                    return nil
                }
                here += 1
            }
            guard start < end, !isSeparator(text[end - 1]) else { return nil }
            position = end
            return start..<end
        }
    }
}
