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
    static let equals = UInt8(ascii: "=")
    static let exclamation = UInt8(ascii: "!")
    static let v = UInt8(ascii: "v")
    static let x = UInt8(ascii: "x")
    static let star = UInt8(ascii: "*")
}

extension UInt8 {
    @inline(__always)
    var isDigit: Bool { self &- ASCII.zero < 10 }

    @inline(__always)
    var isLowercaseLetter: Bool { self &- UInt8(ascii: "a") < 26 }

    @inline(__always)
    var isLetter: Bool { (self | 0x20).isLowercaseLetter }

    /// A letter in lower case; any other byte as it is.
    @inline(__always)
    var lowercased: UInt8 { isLetter ? self | 0x20 : self }

    /// A space, or a control character that counts as one.
    @inline(__always)
    var isBlank: Bool { self == 0x20 || self &- 0x09 < 5 || self &- 0x1C < 4 }
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

/// Compares a run with a word of ours, byte by byte.
func compareText(_ text: Span<UInt8>, _ run: Range<Int>, with word: StaticString) -> VersionOrdering {
    word.withUTF8Buffer { compareText(text, run, $0.span, 0..<$0.count) }
}

/// Compares two runs byte by byte, letters of both cases alike, as their capitals.
func compareFolded(
    _ left: Span<UInt8>, _ leftRun: Range<Int>, _ right: Span<UInt8>, _ rightRun: Range<Int>
) -> VersionOrdering {
    let shared = min(leftRun.count, rightRun.count)
    for offset in 0..<shared {
        let leftByte = left[leftRun.lowerBound + offset]
        let rightByte = right[rightRun.lowerBound + offset]
        let leftCapital = leftByte.isLowercaseLetter ? leftByte & 0xDF : leftByte
        let rightCapital = rightByte.isLowercaseLetter ? rightByte & 0xDF : rightByte
        if leftCapital != rightCapital { return leftCapital < rightCapital ? .less : .greater }
    }
    return VersionOrdering(leftRun.count, rightRun.count)
}

/// Whether the text has this word, written in lower case here and in any case there, at a position.
func hasWord(_ word: StaticString, in text: Span<UInt8>, at position: Int, before end: Int) -> Bool {
    word.withUTF8Buffer { letters in
        guard letters.count <= end - position else { return false }
        for offset in letters.indices where text[position + offset].lowercased != letters[offset] { return false }
        return true
    }
}

/// Compares two lists of numbers between dots by value; missing numbers are 0.
func compareComponents(
    _ left: Span<UInt8>, _ leftRange: Range<Int>, _ right: Span<UInt8>, _ rightRange: Range<Int>
) -> VersionOrdering {
    var leftFields = FieldReader(leftRange, separator: ASCII.dot)
    var rightFields = FieldReader(rightRange, separator: ASCII.dot)
    while true {
        let leftHas = leftFields.advance(in: left)
        let rightHas = rightFields.advance(in: right)
        guard leftHas || rightHas else { return .equal }
        // A field that isn't there is empty, and so 0.
        let numbers = compareNumbers(left, leftFields.field, right, rightFields.field)
        if numbers != .equal { return numbers }
    }
}

/// The end of the longest list of numbers between dots (`1.20.3`) that starts here; the start itself if there is none.
func endOfNumbers(_ text: Span<UInt8>, from start: Int) -> Int {
    var end = start
    while end < text.count {
        let isDot = text[end] == ASCII.dot && end > start && end + 1 < text.count && text[end + 1].isDigit
        guard text[end].isDigit || isDot else { break }
        end += 1
    }
    return end
}

/// Whether a run has digits and nothing else.
func areDigits(_ text: Span<UInt8>, _ run: Range<Int>) -> Bool {
    for position in run where !text[position].isDigit { return false }
    return !run.isEmpty
}

/// The number that a run of digits stands for, or nil where it is above the limit. An empty run is 0.
func value(of text: Span<UInt8>, _ digits: Range<Int>, atMost limit: UInt64) -> UInt64? {
    var value: UInt64 = 0
    for position in digits {
        let (shifted, tooLong) = value.multipliedReportingOverflow(by: 10)
        let (sum, tooGreat) = shifted.addingReportingOverflow(UInt64(text[position] &- ASCII.zero))
        guard !tooLong, !tooGreat, sum <= limit else { return nil }
        value = sum
    }
    return value
}

/// Reads the fields between separators one by one; an empty range has one empty field.
struct FieldReader {
    /// Empty at the end of the range after the last field.
    private(set) var field: Range<Int>
    private let end: Int
    private let separator: UInt8
    private var next: Int
    private var isDone = false

    @inline(__always)
    init(_ range: Range<Int>, separator: UInt8) {
        field = range.lowerBound..<range.lowerBound
        end = range.upperBound
        next = range.lowerBound
        self.separator = separator
    }

    /// False where there is no further field.
    @inline(__always)
    mutating func advance(in text: Span<UInt8>) -> Bool {
        if isDone {
            field = end..<end
            return false
        }
        let start = next
        while next < end, text[next] != separator { next += 1 }
        field = start..<next
        isDone = next == end
        next += 1
        return true
    }
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
