/// The order of Debian's package manager, as Debian Policy 5.6.12 states it
/// (https://www.debian.org/doc/debian-policy/ch-controlfields.html#version).
///
/// Malformed versions follow the same rules over all bytes.
enum DpkgOrder {
    static func compare(_ left: Span<UInt8>, _ right: Span<UInt8>) -> VersionOrdering {
        left.withUnsafeBufferPointer { leftText in
            right.withUnsafeBufferPointer { rightText in
                guard let leftBytes = leftText.baseAddress, let rightBytes = rightText.baseAddress,
                    !leftText.isEmpty, !rightText.isEmpty
                else { return compareByParts(left, right) }
                return compare(leftBytes, leftText.count, rightBytes, rightText.count)
                    ?? compareByParts(left, right)
            }
        }
    }

    /// Versions that get compared mostly begin alike, so this looks for the first difference and takes apart only what
    /// is behind it. Nil where the versions part ways among their first digits, which may be epochs.
    ///
    /// Bytes are read through pointers, because the checks of a span's bounds took a third of the time: each index is
    /// compared with its end in the same expression or loop that reads it.
    @inline(__always)
    private static func compare(
        _ left: UnsafePointer<UInt8>, _ leftCount: Int, _ right: UnsafePointer<UInt8>, _ rightCount: Int
    ) -> VersionOrdering? {
        let shared = sharedPrefix(left, right, min(leftCount, rightCount))
        if shared == leftCount, shared == rightCount { return .equal }
        var start = 0
        while start < shared, left[start].isDigit { start += 1 }
        guard start < shared else { return nil }
        // An epoch that both have is the same in both.
        start = left[start] == ASCII.colon ? start + 1 : 0
        let leftHyphen = lastHyphen(left, from: shared, before: leftCount)
        let rightHyphen = lastHyphen(right, from: shared, before: rightCount)
        // The digits before the first difference belong to the number in which it may lie.
        var first = shared
        while first > start, left[first - 1].isDigit { first -= 1 }
        if leftHyphen == nil, rightHyphen == nil {
            // Both upstreams end at one place in what they share, or neither has a revision.
            return compareFragments(left, first, leftCount, right, first, rightCount)
        }
        if leftHyphen == nil || rightHyphen == nil, lastHyphen(left, from: start, before: shared) != nil {
            // One upstream ends where the other goes on with a hyphen, which is above the end.
            return leftHyphen == nil ? .less : .greater
        }
        let upstreams = compareFragments(
            left, first, leftHyphen ?? leftCount, right, first, rightHyphen ?? rightCount)
        if upstreams != .equal { return upstreams }
        return compareFragments(
            left, leftHyphen.map { $0 + 1 } ?? leftCount, leftCount,
            right, rightHyphen.map { $0 + 1 } ?? rightCount, rightCount)
    }

    /// How many of the first `count` bytes are alike, eight at a time.
    @inline(__always)
    private static func sharedPrefix(
        _ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, _ count: Int
    ) -> Int {
        var position = 0
        while position + 8 <= count {
            let leftWord = UnsafeRawPointer(left + position).loadUnaligned(as: UInt64.self)
            let rightWord = UnsafeRawPointer(right + position).loadUnaligned(as: UInt64.self)
            let difference = UInt64(littleEndian: leftWord) ^ UInt64(littleEndian: rightWord)
            if difference != 0 { return position + difference.trailingZeroBitCount / 8 }
            position += 8
        }
        while position < count, left[position] == right[position] { position += 1 }
        return position
    }

    @inline(__always)
    private static func lastHyphen(_ text: UnsafePointer<UInt8>, from start: Int, before end: Int) -> Int? {
        var position = end
        while position > start {
            position -= 1
            if text[position] == ASCII.hyphen { return position }
        }
        return nil
    }

    /// The order by all three parts of each version, one after the other.
    private static func compareByParts(_ left: Span<UInt8>, _ right: Span<UInt8>) -> VersionOrdering {
        let leftParts = VersionParts(left)
        let rightParts = VersionParts(right)
        let epochs = compareNumbers(left, leftParts.epoch, right, rightParts.epoch)
        if epochs != .equal { return epochs }
        let upstreams = compareFragments(left, leftParts.version, right, rightParts.version)
        if upstreams != .equal { return upstreams }
        // dpkg takes a missing revision for an empty one, which equals 0.
        return compareFragments(left, leftParts.release, right, rightParts.release)
    }

    private static func compareFragments(
        _ left: Span<UInt8>, _ leftRange: Range<Int>, _ right: Span<UInt8>, _ rightRange: Range<Int>
    ) -> VersionOrdering {
        left.extracting(leftRange).withUnsafeBufferPointer { leftText in
            right.extracting(rightRange).withUnsafeBufferPointer { rightText in
                var none: UInt8 = 0
                return withUnsafePointer(to: &none) { none in
                    compareFragments(
                        leftText.baseAddress ?? none, 0, leftText.count, rightText.baseAddress ?? none, 0,
                        rightText.count)
                }
            }
        }
    }

    /// Compares one part by turns: a stretch without digits by the weights of its bytes, then a number by value.
    @inline(__always)
    private static func compareFragments(
        _ left: UnsafePointer<UInt8>, _ leftStart: Int, _ leftEnd: Int,
        _ right: UnsafePointer<UInt8>, _ rightStart: Int, _ rightEnd: Int
    ) -> VersionOrdering {
        var leftIndex = leftStart
        var rightIndex = rightStart
        while leftIndex < leftEnd || rightIndex < rightEnd {
            // The side that has reached a digit or its end weighs 0, and no other byte does: so when the weights are
            // equal and not 0, both sides have a byte to step over.
            while true {
                let leftWeight = leftIndex < leftEnd ? weight(left[leftIndex]) : 0
                let rightWeight = rightIndex < rightEnd ? weight(right[rightIndex]) : 0
                if leftWeight != rightWeight { return leftWeight < rightWeight ? .less : .greater }
                if leftWeight == 0 { break }
                leftIndex += 1
                rightIndex += 1
            }
            while leftIndex < leftEnd, left[leftIndex] == ASCII.zero { leftIndex += 1 }
            while rightIndex < rightEnd, right[rightIndex] == ASCII.zero { rightIndex += 1 }
            var firstDifference = 0
            while leftIndex < leftEnd, rightIndex < rightEnd, left[leftIndex].isDigit, right[rightIndex].isDigit {
                if firstDifference == 0 { firstDifference = Int(left[leftIndex]) - Int(right[rightIndex]) }
                leftIndex += 1
                rightIndex += 1
            }
            // More digits make the greater number, whatever the first ones were.
            if leftIndex < leftEnd, left[leftIndex].isDigit { return .greater }
            if rightIndex < rightEnd, right[rightIndex].isDigit { return .less }
            if firstDifference != 0 { return firstDifference < 0 ? .less : .greater }
        }
        return .equal
    }

    /// `~` sorts before the end of a part, letters before all other bytes.
    @inline(__always)
    private static func weight(_ byte: UInt8) -> Int {
        if byte.isDigit { return 0 }
        if byte.isLetter { return Int(byte) }
        if byte == ASCII.tilde { return -1 }
        return Int(byte) + 256
    }
}
