import Foundation

/// The first place at which a text stops being JSON (RFC 8259). The decoder only says that it is none, and a file of facts has
/// millions of characters.
///
/// In time that grows with the text, without recursion: however deep it is nested.
struct JSONFault: Equatable {
    /// Counted from 1; the column in bytes.
    var line: Int
    var column: Int
    var what: String

    var words: String { "line \(line), column \(column): \(what)" }

    /// - Returns: nil if it is JSON as far as its signs go, and no whole number is too long; then a string may still be no UTF-8.
    static func first(in data: Data) -> JSONFault? {
        data.withUnsafeBytes { bytes in
            var reader = Reader(bytes: bytes)
            var what = reader.fault()
            if what == nil, let place = reader.longNumber {
                what = "a number with more digits than any that is read"
                reader.position = place
            }
            guard let what else { return nil }
            let before = bytes[..<min(reader.position, bytes.count)]
            let lineBegin = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            return JSONFault(
                line: before.count { $0 == UInt8(ascii: "\n") } + 1, column: reader.position - lineBegin + 1, what: what
            )
        }
    }
}

private struct Reader {
    let bytes: UnsafeRawBufferPointer
    var position = 0
    /// Where the first whole number begins that is longer than any of 64 bits.
    private(set) var longNumber: Int?
    /// Objects and lists that are open, the innermost last.
    private var open: [UInt8] = []

    /// What may come next.
    private enum Next: String {
        case value = "a value"
        case valueOrEnd = "a value or ']'"
        case keyOrEnd = "a name in quotes or '}'"
        case key = "a name in quotes"
        case colon = "':'"
        case commaOrEnd = "','"
        case nothing = "the end"
    }

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func fault() -> String? {
        skipSpace()
        guard position < bytes.count else { return "the file is empty" }
        var next = Next.value
        while true {
            skipSpace()
            guard position < bytes.count else {
                if next == .nothing { return nil }
                return "it ends here, and \(expected(next)) should come: the file is cut off"
            }
            guard let following = take(next) else { return complaint(next) }
            next = following
        }
    }

    private func expected(_ next: Next) -> String {
        guard next == .commaOrEnd else { return next.rawValue }
        return open.last == UInt8(ascii: "{") ? "',' or '}'" : "',' or ']'"
    }

    private func complaint(_ next: Next) -> String {
        guard position < bytes.count else { return "it ends in the middle of a value: the file is cut off" }
        let byte = bytes[position]
        let sign = (0x20..<0x7f).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : "byte \(byte)"
        return "\(sign) stands where \(expected(next)) is expected"
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
    }

    /// - Returns: what may come after it; nil: what stands at `position` is wrong there.
    private mutating func take(_ next: Next) -> Next? {
        let byte = bytes[position]
        switch (next, byte) {
        case (.value, UInt8(ascii: "{")), (.valueOrEnd, UInt8(ascii: "{")):
            open.append(byte)
            position += 1
            return .keyOrEnd
        case (.value, UInt8(ascii: "[")), (.valueOrEnd, UInt8(ascii: "[")):
            open.append(byte)
            position += 1
            return .valueOrEnd
        case (.valueOrEnd, UInt8(ascii: "]")), (.keyOrEnd, UInt8(ascii: "}")): return close()
        case (.value, _), (.valueOrEnd, _): return takeScalar() ? afterValue : nil
        case (.key, UInt8(ascii: "\"")), (.keyOrEnd, UInt8(ascii: "\"")): return takeString() ? .colon : nil
        case (.colon, UInt8(ascii: ":")):
            position += 1
            return .value
        case (.commaOrEnd, UInt8(ascii: ",")):
            position += 1
            return open.last == UInt8(ascii: "{") ? .key : .value
        case (.commaOrEnd, UInt8(ascii: "}")) where open.last == UInt8(ascii: "{"): return close()
        case (.commaOrEnd, UInt8(ascii: "]")) where open.last == UInt8(ascii: "["): return close()
        default: return nil
        }
    }

    private var afterValue: Next { open.isEmpty ? .nothing : .commaOrEnd }

    private mutating func close() -> Next {
        open.removeLast()
        position += 1
        return afterValue
    }

    private mutating func takeScalar() -> Bool {
        if bytes[position] == UInt8(ascii: "\"") { return takeString() }
        for word in ["true", "false", "null"] where bytes[position...].starts(with: word.utf8) {
            position += word.utf8.count
            return true
        }
        return takeNumber()
    }

    /// Up to the sign that is wrong in it.
    private mutating func takeString() -> Bool {
        position += 1
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return true
            case UInt8(ascii: "\\"): position += 2
            case 0..<0x20: return false
            default: position += 1
            }
        }
        position = bytes.count
        return false
    }

    private mutating func takeNumber() -> Bool {
        func digits(_ from: Int) -> Int {
            var end = from
            while end < bytes.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[end] { end += 1 }
            return end
        }
        let sign = bytes[position] == UInt8(ascii: "-") ? 1 : 0
        var end = digits(position + sign)
        guard end > position + sign else { return false }
        if longNumber == nil, end - position > 19 { longNumber = position }
        if end < bytes.count, bytes[end] == UInt8(ascii: ".") {
            let fraction = digits(end + 1)
            guard fraction > end + 1 else { return false }
            end = fraction
        }
        if end < bytes.count, bytes[end] | 0x20 == UInt8(ascii: "e") {
            let hasSign = end + 1 < bytes.count && [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(bytes[end + 1])
            let exponent = digits(end + (hasSign ? 2 : 1))
            guard exponent > end + (hasSign ? 2 : 1) else { return false }
            end = exponent
        }
        position = end
        return true
    }
}
