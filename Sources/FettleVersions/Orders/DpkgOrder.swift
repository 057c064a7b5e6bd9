/// The order of Debian's package manager, as Debian Policy 5.6.12 states it
/// (https://www.debian.org/doc/debian-policy/ch-controlfields.html#version).
///
/// Malformed versions follow the same rules over all bytes.
enum DpkgOrder {
    static func compare(_ left: Span<UInt8>, _ right: Span<UInt8>) -> VersionOrdering {
        let leftParts = VersionParts(left)
        let rightParts = VersionParts(right)
        // Most versions have no epoch, so most skip this.
        if leftParts.hasEpoch || rightParts.hasEpoch {
            let epochs = compareNumbers(left, leftParts.epoch, right, rightParts.epoch)
            if epochs != .equal { return epochs }
        }
        let upstreams = compareFragments(left, leftParts.version, right, rightParts.version)
        if upstreams != .equal { return upstreams }
        // dpkg takes a missing revision for an empty one, which equals 0.
        return compareFragments(left, leftParts.release, right, rightParts.release)
    }

    /// Compares one part by turns: a stretch without digits by the weights of its bytes, then a number by value.
    static func compareFragments(
        _ left: Span<UInt8>, _ leftRange: Range<Int>, _ right: Span<UInt8>, _ rightRange: Range<Int>
    ) -> VersionOrdering {
        var leftIndex = leftRange.lowerBound
        var rightIndex = rightRange.lowerBound
        let leftEnd = leftRange.upperBound
        let rightEnd = rightRange.upperBound
        // Versions that get compared mostly begin alike. What is alike decides nothing, but for the digits at its end,
        // which may be the beginning of two different numbers.
        while leftIndex < leftEnd, rightIndex < rightEnd, left[leftIndex] == right[rightIndex] {
            leftIndex += 1
            rightIndex += 1
        }
        while leftIndex > leftRange.lowerBound, left[leftIndex - 1].isDigit {
            leftIndex -= 1
            rightIndex -= 1
        }
        while leftIndex < leftEnd || rightIndex < rightEnd {
            // The side that has reached a digit or its end weighs 0, and no other byte does: so when the weights are
            // equal, both sides have a byte to step over, and neither index runs past its end.
            while (leftIndex < leftEnd && !left[leftIndex].isDigit)
                || (rightIndex < rightEnd && !right[rightIndex].isDigit)
            {
                let leftWeight = leftIndex < leftEnd ? weight(left[leftIndex]) : 0
                let rightWeight = rightIndex < rightEnd ? weight(right[rightIndex]) : 0
                if leftWeight != rightWeight { return VersionOrdering(leftWeight, rightWeight) }
                leftIndex += 1
                rightIndex += 1
            }
            while leftIndex < leftEnd, left[leftIndex] == ASCII.zero { leftIndex += 1 }
            while rightIndex < rightEnd, right[rightIndex] == ASCII.zero { rightIndex += 1 }
            var firstDifference = VersionOrdering.equal
            while leftIndex < leftEnd, rightIndex < rightEnd, left[leftIndex].isDigit, right[rightIndex].isDigit {
                if firstDifference == .equal, left[leftIndex] != right[rightIndex] {
                    firstDifference = left[leftIndex] < right[rightIndex] ? .less : .greater
                }
                leftIndex += 1
                rightIndex += 1
            }
            // More digits make the greater number, whatever the first ones were.
            if leftIndex < leftEnd, left[leftIndex].isDigit { return .greater }
            if rightIndex < rightEnd, right[rightIndex].isDigit { return .less }
            if firstDifference != .equal { return firstDifference }
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
