/// One element of a Maven version.
struct MavenToken {
    enum Kind {
        /// A list opens; what follows is in it, to the end of the version.
        case open
        case number
        case word
        case end
    }

    var kind = Kind.end
    /// The number or the word. Empty where the text has nothing between two separators, which is the number 0.
    var text = 0..<0
    var qualifier = MavenQualifier.unknown
    /// How it stands to the end of a list: a zero, a word such as `final`, and the opening of a list are level with it.
    var weight = VersionOrdering.equal
}

/// Where a token stands among all that may stand in its place. Lists, zeros and words such as `final` say nothing by
/// themselves; they stand by what follows them.
enum MavenRank: Int {
    case earlyWord
    case earlyReleaseWord
    case earlyList
    case earlyZero
    /// The end of the version, and whatever is as good as it (`-final`).
    case end
    case lateReleaseWord
    case lateWord
    case lateList
    case lateZero
    case number
}

/// Reads one Maven version token by token. Zeros and words such as `final` that end a list, or stand before the list in
/// it, are left out, as Maven does.
struct MavenReader {
    private(set) var token = MavenToken()
    private var position = 0
    private var opensNext = false
    private var isListEmpty = true
    /// What weighs nothing counts before this place, so that a thousand zeros are not looked past a thousand times.
    private var countsBefore = 0
    /// How the first following token with a weight weighs. Valid before that token's place.
    private var nextWeight = VersionOrdering.equal
    private var nextWeightIsKnownBefore = 0

    mutating func advance(in text: Span<UInt8>) -> MavenRank {
        read(in: text)
        if isWeightless, position > countsBefore { skipWeightless(in: text) }
        switch token.kind {
        case .end:
            return .end
        case .open:
            return rankByFollowing(in: text, .earlyList, .lateList)
        case .number:
            return token.weight == .equal ? rankByFollowing(in: text, .earlyZero, .lateZero) : .number
        case .word:
            switch token.weight {
            case .less: return .earlyWord
            case .equal: return rankByFollowing(in: text, .earlyReleaseWord, .lateReleaseWord)
            case .greater: return .lateWord
            }
        }
    }

    /// A zero, or a word that stands for a release.
    private var isWeightless: Bool {
        (token.kind == .number || token.kind == .word) && token.weight == .equal
    }

    private mutating func rankByFollowing(
        in text: Span<UInt8>, _ early: MavenRank, _ late: MavenRank
    ) -> MavenRank {
        if position >= nextWeightIsKnownBefore {
            var ahead = self
            repeat { ahead.read(in: text) } while ahead.token.kind != .end && ahead.token.weight == .equal
            nextWeight = ahead.token.weight
            nextWeightIsKnownBefore = ahead.token.text.lowerBound
        }
        switch nextWeight {
        case .less: return early
        case .greater: return late
        case .equal:
            // Nothing follows that counts: the version is as good as over.
            token.kind = .end
            return .end
        }
    }

    /// Steps over a run of weightless tokens, if a list or the end follows them.
    private mutating func skipWeightless(in text: Span<UInt8>) {
        var ahead = self
        while ahead.isWeightless {
            countsBefore = ahead.position
            ahead.read(in: text)
        }
        guard ahead.token.kind == .open || ahead.token.kind == .end else { return }
        self = ahead
    }

    private mutating func read(in text: Span<UInt8>) {
        guard position < text.count else {
            // A list that opens at the end of the text is empty, and as good as nothing.
            token = MavenToken(kind: .end, text: text.count..<text.count)
            return
        }
        if opensNext {
            open()
            return
        }
        let start = position
        let byte = text[start]
        if byte == ASCII.dot || byte == ASCII.hyphen {
            take(.number, start..<start, in: text)
        } else if byte.isDigit {
            var end = start + 1
            while end < text.count, text[end].isDigit { end += 1 }
            take(.number, start..<end, in: text)
            for digit in token.text where text[digit] != ASCII.zero {
                token.weight = .greater
                break
            }
        } else {
            readWord(in: text)
        }
    }

    private mutating func readWord(in text: Span<UInt8>) {
        var end = position
        while end < text.count, text[end] != ASCII.dot, text[end] != ASCII.hyphen, !text[end].isDigit { end += 1 }
        let isBeforeNumber = end < text.count && text[end].isDigit
        // A word before digits, and a word at the end, begin a list of their own: ".X" is as good as "-X".
        if !isListEmpty, isBeforeNumber || end == text.count {
            open()
            return
        }
        take(.word, position..<end, in: text)
        token.qualifier = MavenQualifier(text, token.text, isBeforeNumber: isBeforeNumber)
        token.weight = token.qualifier.weight
    }

    private mutating func open() {
        opensNext = false
        isListEmpty = true
        token = MavenToken(kind: .open, text: position..<position)
    }

    /// Takes a token, and the separator behind it.
    private mutating func take(_ kind: MavenToken.Kind, _ run: Range<Int>, in text: Span<UInt8>) {
        token = MavenToken(kind: kind, text: run)
        isListEmpty = false
        position = run.upperBound
        guard position < text.count else { return }
        let byte = text[position]
        if byte == ASCII.dot || byte == ASCII.hyphen {
            position += 1
            opensNext = byte == ASCII.hyphen
        } else {
            // From digits to letters or back.
            opensNext = true
        }
    }
}
