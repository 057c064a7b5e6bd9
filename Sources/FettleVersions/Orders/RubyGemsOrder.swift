/// The order of RubyGems (https://docs.ruby-lang.org/en/master/Gem/Version.html): numbers and words one after the
/// other, a word below any number, a missing segment 0, and a hyphen the same as `.pre.`.
enum RubyGemsOrder {
    static func compare(_ left: Span<UInt8>, _ right: Span<UInt8>) -> VersionOrdering {
        var leftReader = RubyGemsReader()
        var rightReader = RubyGemsReader()
        while true {
            leftReader.advance(in: left)
            rightReader.advance(in: right)
            if leftReader.kind == .end, rightReader.kind == .end { return .equal }
            // A version that has ended goes on with zeros: an end's value is empty, which is 0 as a number.
            let leftIsWord = leftReader.kind == .word || leftReader.kind == .hyphen
            let rightIsWord = rightReader.kind == .word || rightReader.kind == .hyphen
            if leftIsWord != rightIsWord { return leftIsWord ? .less : .greater }
            let segments =
                leftIsWord
                ? compareWords(left, leftReader, right, rightReader)
                : compareNumbers(left, leftReader.value, right, rightReader.value)
            if segments != .equal { return segments }
        }
    }

    private static func compareWords(
        _ left: Span<UInt8>, _ leftReader: RubyGemsReader, _ right: Span<UInt8>, _ rightReader: RubyGemsReader
    ) -> VersionOrdering {
        switch (leftReader.kind, rightReader.kind) {
        case (.hyphen, .hyphen): .equal
        case (.hyphen, _): compareText(right, rightReader.value, with: "pre").reversed
        case (_, .hyphen): compareText(left, leftReader.value, with: "pre")
        default: compareText(left, leftReader.value, right, rightReader.value)
        }
    }

    /// A number, then dot-separated words of letters and digits, then one hyphen and more of them.
    static func isValid(_ text: Span<UInt8>) -> Bool {
        var start = 0
        while start < text.count, text[start].isDigit { start += 1 }
        guard start > 0 else { return false }
        var hasHyphen = false
        var isWordEmpty = false
        for position in start..<text.count {
            let byte = text[position]
            if byte.isDigit || byte.isLetter {
                // Letters right behind the first number: only digits may stand there.
                if position == start { return false }
                isWordEmpty = false
            } else if byte == ASCII.dot, !isWordEmpty {
                isWordEmpty = true
            } else if byte == ASCII.hyphen, hasHyphen || !isWordEmpty {
                // Only the first hyphen separates; later ones are part of a word.
                isWordEmpty = !hasHyphen
                hasHyphen = true
            } else {
                return false
            }
        }
        return !isWordEmpty
    }
}

/// Reads one gem version segment by segment, zeros at the end of the leading numbers left out.
struct RubyGemsReader {
    enum Kind {
        case number, word, hyphen, end
    }

    private(set) var kind = Kind.number
    private(set) var value = 0..<0
    private var position = 0
    private var hasSeenWord = false
    /// Zeros before this place are known to count, so that a thousand of them are not looked past a thousand times.
    private var zerosCountBefore = 0

    mutating func advance(in text: Span<UInt8>) {
        read(in: text)
        guard !hasSeenWord, kind == .number, position > zerosCountBefore, isZero(in: text) else { return }
        // Zeros before a word or the end are no part of the version: 1.0.a is 1.a.
        var ahead = self
        while ahead.kind == .number, ahead.isZero(in: text) { ahead.read(in: text) }
        if ahead.kind == .number {
            zerosCountBefore = ahead.position
        } else {
            self = ahead
        }
    }

    private func isZero(in text: Span<UInt8>) -> Bool {
        for position in value where text[position] != ASCII.zero { return false }
        return true
    }

    private mutating func read(in text: Span<UInt8>) {
        while position < text.count {
            let start = position
            let byte = text[position]
            position += 1
            if byte.isDigit {
                while position < text.count, text[position].isDigit { position += 1 }
                kind = .number
                value = start..<position
                return
            }
            if byte.isLetter {
                while position < text.count, text[position].isLetter { position += 1 }
                kind = .word
                value = start..<position
                hasSeenWord = true
                return
            }
            if byte == ASCII.hyphen {
                kind = .hyphen
                hasSeenWord = true
                return
            }
        }
        kind = .end
        value = position..<position
    }
}
