/// ASCII bytes by name, and the two things that every order needs: classes of bytes and the order of digit runs.
enum ASCII {
    static let plus = UInt8(ascii: "+")
    static let hyphen = UInt8(ascii: "-")
    static let dot = UInt8(ascii: ".")
    static let zero = UInt8(ascii: "0")
    static let colon = UInt8(ascii: ":")
    static let caret = UInt8(ascii: "^")
    static let underscore = UInt8(ascii: "_")
    static let tilde = UInt8(ascii: "~")
}

extension UInt8 {
    @inline(__always)
    var isDigit: Bool { self &- ASCII.zero < 10 }

    @inline(__always)
    var isLowercaseLetter: Bool { self &- UInt8(ascii: "a") < 26 }

    @inline(__always)
    var isLetter: Bool { (self | 0x20).isLowercaseLetter }
}

/// Compares two runs of digits by value. Leading zeros count for nothing, and no length overflows, because the digits
/// are never turned into a machine number: after the zeros the longer run is the greater one.
func compareNumbers(
    _ left: Span<UInt8>, _ leftRun: Range<Int>, _ right: Span<UInt8>, _ rightRun: Range<Int>
) -> VersionOrdering {
    var leftStart = leftRun.lowerBound
    var rightStart = rightRun.lowerBound
    while leftStart < leftRun.upperBound, left[leftStart] == ASCII.zero { leftStart += 1 }
    while rightStart < rightRun.upperBound, right[rightStart] == ASCII.zero { rightStart += 1 }
    let leftLength = leftRun.upperBound - leftStart
    let rightLength = rightRun.upperBound - rightStart
    if leftLength != rightLength { return VersionOrdering(leftLength, rightLength) }
    return compareText(left, leftStart..<leftRun.upperBound, right, rightStart..<rightRun.upperBound)
}

/// Compares two runs byte by byte; a run that is the other's beginning is the lesser one.
func compareText(
    _ left: Span<UInt8>, _ leftRun: Range<Int>, _ right: Span<UInt8>, _ rightRun: Range<Int>
) -> VersionOrdering {
    let shared = min(leftRun.count, rightRun.count)
    for offset in 0..<shared {
        let leftByte = left[leftRun.lowerBound + offset]
        let rightByte = right[rightRun.lowerBound + offset]
        if leftByte != rightByte { return leftByte < rightByte ? .less : .greater }
    }
    return VersionOrdering(leftRun.count, rightRun.count)
}

/// Lends a text's UTF-8 bytes without a copy. A text that keeps its characters in another form (bridged from
/// Objective-C, so never on Linux) is copied once.
@inline(__always)
func withBytes<Text: StringProtocol, Answer>(
    of text: Text, _ body: (UnsafeBufferPointer<UInt8>) -> Answer
) -> Answer {
    if let answer = text.utf8.withContiguousStorageIfAvailable(body) { return answer }
    return Array(text.utf8).withUnsafeBufferPointer(body)
}
