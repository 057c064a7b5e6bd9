/// The order of Maven, as its ComparableVersion has it in 3.9
/// (https://maven.apache.org/pom.html#version-order-specification).
///
/// Maven reads a version as a list of numbers and words, in which a hyphen or the change between digits and letters
/// opens a list inside the list, always as its last element; so the nested lists are one stream of tokens here, with a
/// token for "a list opens". Maven's own answers go round in circles at a few places: `1-alpha < 1 < 1.sp.1`, yet it
/// puts `1-alpha` above `1.sp.1`, because to it a list is above a word whatever they hold. Here a list or a word counts
/// as a pre-release, as nothing, or as a later release by what it holds, and all answers fit together.
enum MavenOrder {
    static func compare(_ left: Span<UInt8>, _ right: Span<UInt8>) -> VersionOrdering {
        var leftReader = MavenReader()
        var rightReader = MavenReader()
        while true {
            let leftRank = leftReader.advance(in: left)
            let rightRank = rightReader.advance(in: right)
            if leftRank != rightRank { return VersionOrdering(leftRank.rawValue, rightRank.rawValue) }
            if leftRank == .end { return .equal }
            let tokens = compareTokens(left, leftReader.token, right, rightReader.token)
            if tokens != .equal { return tokens }
        }
    }

    private static func compareTokens(
        _ left: Span<UInt8>, _ leftToken: MavenToken, _ right: Span<UInt8>, _ rightToken: MavenToken
    ) -> VersionOrdering {
        switch leftToken.kind {
        case .open, .end:
            return .equal
        case .number:
            return compareNumbers(left, leftToken.text, right, rightToken.text)
        case .word:
            let qualifiers = VersionOrdering(leftToken.qualifier.rawValue, rightToken.qualifier.rawValue)
            guard qualifiers == .equal, leftToken.qualifier == .unknown else { return qualifiers }
            return compareLowercased(left, leftToken.text, right, rightToken.text)
        }
    }

    private static func compareLowercased(
        _ left: Span<UInt8>, _ leftRun: Range<Int>, _ right: Span<UInt8>, _ rightRun: Range<Int>
    ) -> VersionOrdering {
        for offset in 0..<min(leftRun.count, rightRun.count) {
            let leftByte = left[leftRun.lowerBound + offset].lowercased
            let rightByte = right[rightRun.lowerBound + offset].lowercased
            if leftByte != rightByte { return leftByte < rightByte ? .less : .greater }
        }
        return VersionOrdering(leftRun.count, rightRun.count)
    }

    /// Maven reads any text, but refuses these characters where a project states its version.
    static func isValid(_ text: Span<UInt8>) -> Bool {
        for position in 0..<text.count {
            let byte = text[position]
            if byte <= 0x20 || byte == 0x7F { return false }
            switch byte {
            case UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "\""), UInt8(ascii: "<"),
                UInt8(ascii: ">"), UInt8(ascii: "|"), UInt8(ascii: "?"), UInt8(ascii: "*"), UInt8(ascii: "["),
                UInt8(ascii: "]"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","):
                return false
            default:
                continue
            }
        }
        return text.count > 0
    }
}

/// The words that Maven knows, in its order; all others are above them.
enum MavenQualifier: Int {
    case alpha, beta, milestone, candidate, snapshot, release, servicePack, unknown

    /// How a version with this word stands to one without.
    var weight: VersionOrdering { VersionOrdering(rawValue, Self.release.rawValue) }

    @inline(__always)
    init(_ text: Span<UInt8>, _ word: Range<Int>, isBeforeNumber: Bool) {
        // No known word is longer than nine letters; up to eight fit one number, in lower case.
        guard word.count <= 9 else {
            self = .unknown
            return
        }
        if word.count == 9 {
            self = hasWord("milestone", in: text, at: word.lowerBound, before: word.upperBound) ? .milestone : .unknown
            return
        }
        var name: UInt64 = 0
        for position in word { name = name << 8 | UInt64(text[position].lowercased) }
        switch name {
        case 0x61 where isBeforeNumber, 0x61_6c70_6861: self = .alpha  // a1, alpha
        case 0x62 where isBeforeNumber, 0x6265_7461: self = .beta  // b1, beta
        case 0x6d where isBeforeNumber: self = .milestone  // m1
        case 0x7263, 0x6372: self = .candidate  // rc, cr
        case 0x736e_6170_7368_6f74: self = .snapshot
        case 0x6761, 0x66_696e_616c, 0x72_656c_6561_7365: self = .release  // ga, final, release
        case 0x7370: self = .servicePack  // sp
        default: self = .unknown
        }
    }
}
