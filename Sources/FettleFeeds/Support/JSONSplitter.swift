internal import Foundation

/// One member of a JSON object, or one element of an array.
struct JSONMember {
    /// The member's name; nil for an element of an array.
    let key: String?
    /// From 0; for messages.
    let number: Int
    /// The value's bytes, which are no valid JSON for certain: only its ends were looked for.
    let value: Data
}

/// Takes a large JSON object or array apart into its members without building any of them, so that each can be decoded,
/// kept or left out by itself, and the document never stands in memory as a tree.
///
/// Exact about strings and their escapes, brackets and their kinds; what lies between them is judged by who decodes a
/// member. Each byte is looked at once.
struct JSONSplitter {
    /// Nesting of a member's value. The feeds stay below 15, JSONDecoder gives up at 512.
    static let maximumDepth = 64

    private let document: String
    private let bytes: Data
    private var position: Int
    private let isObject: Bool
    private var count = 0
    private var isFinished = false

    /// Goes into the object or array that the text begins with.
    ///
    /// - Parameter name: the document's, for messages.
    /// - Throws: `FeedError` where it begins with neither.
    init(_ bytes: Data, of name: String) throws(FeedError) {
        document = name
        // A slice's indices go on from its whole; here they begin at 0, as in messages.
        self.bytes = bytes.startIndex == 0 ? bytes : Data(bytes)
        let start = self.bytes.withUnsafeBytes { JSONScan($0).afterBlanks(JSONScan($0).afterByteOrderMark()) }
        guard start < self.bytes.count, [UInt8(ascii: "{"), UInt8(ascii: "[")].contains(self.bytes[start]) else {
            throw FeedError(name, "is no JSON object or array: byte \(start) must be '{' or '['")
        }
        isObject = self.bytes[start] == UInt8(ascii: "{")
        position = start + 1
    }

    /// The next member; nil behind the last.
    ///
    /// - Throws: `FeedError` where the text is cut off, or is no JSON between members.
    mutating func next() throws(FeedError) -> JSONMember? {
        guard !isFinished else { return nil }
        let (start, isObject, isFirst) = (position, isObject, count == 0)
        let found = bytes.withUnsafeBytes { buffer in
            JSONScan(buffer).member(from: start, inObject: isObject, isFirst: isFirst)
        }
        switch found {
        case .problem(let message, let offset):
            throw FeedError(document, "\(message), at byte \(offset) of \(bytes.count)")
        case .end(let after):
            isFinished = true
            let rest = bytes.withUnsafeBytes { JSONScan($0).afterBlanks(after) }
            guard rest == bytes.count else {
                throw FeedError(document, "goes on behind the JSON that it holds, at byte \(rest) of \(bytes.count)")
            }
            return nil
        case .member(let key, let value):
            position = value.upperBound
            count += 1
            return JSONMember(
                key: try key.map { range throws(FeedError) in try text(range) }, number: count - 1,
                value: bytes[value])
        }
    }

    /// The text of a string, of which the range has the quotes too.
    private func text(_ range: Range<Int>) throws(FeedError) -> String {
        let inside = bytes[(range.lowerBound + 1)..<(range.upperBound - 1)]
        if !inside.contains(UInt8(ascii: "\\")), let text = String(data: inside, encoding: .utf8) { return text }
        guard let text = try? JSONDecoder().decode(String.self, from: bytes[range]) else {
            throw FeedError(document, "a name that is no JSON string, at byte \(range.lowerBound) of \(bytes.count)")
        }
        return text
    }

    /// The JSON values that follow one another in a text, blanks between them: one in a plain document, many in JSON
    /// lines.
    static func values(
        in bytes: Data, of name: String, _ body: (Data) throws(FeedError) -> Void
    ) throws(FeedError) {
        let bytes = bytes.startIndex == 0 ? bytes : Data(bytes)
        var position = bytes.withUnsafeBytes { JSONScan($0).afterBlanks(JSONScan($0).afterByteOrderMark()) }
        while position < bytes.count {
            let start = position
            let found = bytes.withUnsafeBytes { JSONScan($0).value(from: start) }
            switch found {
            case .problem(let message, let offset):
                throw FeedError(name, "\(message), at byte \(offset) of \(bytes.count)")
            case .end(let end):
                try body(bytes[start..<end])
                position = bytes.withUnsafeBytes { JSONScan($0).afterBlanks(end) }
            case .member: return
            }
        }
    }
}
