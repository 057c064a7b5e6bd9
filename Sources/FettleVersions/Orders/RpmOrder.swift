/// The order of rpm (https://rpm-software-management.github.io/rpm/manual/dependencies.html#versioning): epochs, then
/// versions, then releases, each read as a list of numbers and words.
enum RpmOrder {
    static func compare(_ left: Span<UInt8>, _ right: Span<UInt8>) -> VersionOrdering {
        let leftParts = VersionParts(left)
        let rightParts = VersionParts(right)
        // A missing epoch is an empty run of digits here, whose value is 0. Feeds leave the epoch out.
        if leftParts.hasEpoch || rightParts.hasEpoch {
            let epochs = compareNumbers(left, leftParts.epoch, right, rightParts.epoch)
            if epochs != .equal { return epochs }
        }
        let versions = compareSegments(left, leftParts.version, right, rightParts.version)
        if versions != .equal { return versions }
        switch (leftParts.hasRelease, rightParts.hasRelease) {
        case (false, false): return .equal
        case (true, false): return .greater
        case (false, true): return .less
        case (true, true): return compareSegments(left, leftParts.release, right, rightParts.release)
        }
    }

    /// Compares one part segment by segment: `~` below the end, then `^`, then words, then numbers.
    /// All other bytes only separate.
    static func compareSegments(
        _ left: Span<UInt8>, _ leftRange: Range<Int>, _ right: Span<UInt8>, _ rightRange: Range<Int>
    ) -> VersionOrdering {
        var leftCursor = Cursor(leftRange)
        var rightCursor = Cursor(rightRange)
        while true {
            let leftSegment = leftCursor.next(in: left)
            let rightSegment = rightCursor.next(in: right)
            if leftSegment.kind != rightSegment.kind {
                return VersionOrdering(leftSegment.kind.rawValue, rightSegment.kind.rawValue)
            }
            switch leftSegment.kind {
            case .end:
                return .equal
            case .tilde, .caret:
                continue
            case .word:
                let words = compareText(left, leftSegment.range, right, rightSegment.range)
                if words != .equal { return words }
            case .number:
                let numbers = compareNumbers(left, leftSegment.range, right, rightSegment.range)
                if numbers != .equal { return numbers }
            }
        }
    }

    /// The raw values are the order of segments of different kinds.
    private enum Kind: Int {
        case tilde, end, caret, word, number
    }

    private struct Segment {
        let kind: Kind
        let range: Range<Int>
    }

    private struct Cursor {
        var position: Int
        let end: Int

        init(_ range: Range<Int>) {
            position = range.lowerBound
            end = range.upperBound
        }

        @inline(__always)
        mutating func next(in text: Span<UInt8>) -> Segment {
            while position < end {
                let start = position
                let byte = text[position]
                position += 1
                if byte.isDigit {
                    while position < end, text[position].isDigit { position += 1 }
                    return Segment(kind: .number, range: start..<position)
                }
                if byte.isLetter {
                    while position < end, text[position].isLetter { position += 1 }
                    return Segment(kind: .word, range: start..<position)
                }
                if byte == ASCII.tilde { return Segment(kind: .tilde, range: start..<position) }
                if byte == ASCII.caret { return Segment(kind: .caret, range: start..<position) }
            }
            return Segment(kind: .end, range: end..<end)
        }
    }
}
