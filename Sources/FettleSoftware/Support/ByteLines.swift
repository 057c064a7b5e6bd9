import Foundation

/// The lines of a text in memory, as ranges of bytes: nothing is copied until a reader wants a piece.
struct ByteLines {
    let bytes: UnsafeRawBufferPointer
    private let first: Int
    private var next: Int
    /// The current line, without its line feed and a carriage return before it.
    private(set) var line = 0..<0
    /// From 1; 0 before the first.
    private(set) var number = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        // A byte order mark says nothing here.
        first = bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF ? 3 : 0
        next = first
    }

    /// Whether the text ends within its last line. Programs end every line of a list; people often leave the last end out.
    var endsWithinLine: Bool { bytes.count > first && bytes[bytes.count - 1] != 0x0A }

    /// False at the end of the text.
    mutating func advance() -> Bool {
        guard next < bytes.count, let base = bytes.baseAddress else { return false }
        let start = next
        var end = bytes.count
        if let found = memchr(base + start, 0x0A, bytes.count - start) { end = UnsafeRawPointer(found) - base }
        next = end + 1
        number += 1
        line = start..<(end > start && bytes[end - 1] == 0x0D ? end - 1 : end)
        return true
    }

    /// A piece as text; what is not UTF-8 becomes U+FFFD.
    func text(_ range: Range<Int>) -> String {
        String(decoding: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    }

    /// Without the spaces and tabs at both ends.
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, Self.isBlank(bytes[start]) { start += 1 }
        while end > start, Self.isBlank(bytes[end - 1]) { end -= 1 }
        return start..<end
    }

    func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        guard !range.isEmpty, let base = bytes.baseAddress,
            let found = memchr(base + range.lowerBound, Int32(byte), range.count)
        else { return nil }
        return UnsafeRawPointer(found) - base
    }

    /// Whether a range holds exactly this word, letters of both cases alike.
    func isWord(_ word: StaticString, _ range: Range<Int>) -> Bool {
        guard range.count == word.utf8CodeUnitCount else { return false }
        return word.withUTF8Buffer { letters in
            for offset in letters.indices {
                let (left, right) = (bytes[range.lowerBound + offset], letters[offset])
                guard left == right || (left | 0x20 == right | 0x20 && isLetter(right)) else { return false }
            }
            return true
        }
    }

    private func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}

extension Data {
    /// The lines as text, each without its end; for formats where speed does not matter.
    func textLines() -> [Substring] {
        var text = String(decoding: self, as: UTF8.self)[...]
        if text.unicodeScalars.first == "\u{FEFF}" { text = Substring(text.unicodeScalars.dropFirst()) }
        // By bytes: a carriage return and a line feed are one character.
        return text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
            Substring(line.last == 0x0D ? line.dropLast() : line)
        }
    }

    /// The lines that have an end, and apart from them what stands behind the last end: nil for nothing. What writes lists ends each
    /// line, so that such a rest was cut off, and says another version than there was.
    func wholeLines() -> (lines: [Substring], rest: Substring?) {
        var lines = textLines()
        guard let last = lines.popLast(), !last.isEmpty else { return (lines, nil) }
        return (lines, last)
    }
}

extension Substring {
    /// Without the spaces and tabs at both ends.
    var trimmed: Substring {
        var (start, end) = (utf8.startIndex, utf8.endIndex)
        while start < end, utf8[start] == 0x20 || utf8[start] == 0x09 { start = utf8.index(after: start) }
        while start < end {
            let before = utf8.index(before: end)
            guard utf8[before] == 0x20 || utf8[before] == 0x09 else { break }
            end = before
        }
        return self[start..<end]
    }

    /// Without one pair of quotes around it.
    var unquoted: Substring {
        guard utf8.count >= 2, let quote = utf8.first, quote == 0x22 || quote == 0x27, utf8.last == quote else {
            return self
        }
        return self[utf8.index(after: startIndex)..<utf8.index(before: endIndex)]
    }
}

extension String {
    var trimmed: Substring { self[...].trimmed }
}
