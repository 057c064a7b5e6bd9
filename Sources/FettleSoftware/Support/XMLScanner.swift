import Foundation

/// What an `XMLScanner` finds next.
enum XMLEvent {
    /// The name is without its prefix; the attributes' names are as they are written.
    case start(name: String, attributes: [String: String])
    case end(name: String)
    case text(String)
}

/// Reads well-formed XML in UTF-8, without the parts by which a document could reach outside itself or grow: a DOCTYPE
/// is refused, and so is every entity but XML's own five.
///
/// Foundation's XMLParser would do, but on Linux it takes a document that is cut off for a whole one, and ends the
/// process on some that are malformed.
struct XMLScanner {
    static let maximumDepth = 128

    private let bytes: [UInt8]
    private var position = 0
    private var open: [String] = []
    private var hasRoot = false
    /// The end of an element such as `<a/>`.
    private var pendingEnd: String?
    private(set) var line = 1

    init(_ data: Data) throws(Refusal) {
        // UTF-16 and its kin have a zero byte in each letter of markup.
        if data.contains(0) { throw Refusal("this XML is not in UTF-8; save it as UTF-8") }
        bytes = Array(data)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        try checkEncoding()
    }

    private func checkEncoding() throws(Refusal) {
        let head = String(decoding: bytes.prefix(200), as: UTF8.self).lowercased()
        guard let end = head.firstRange(of: "?>"), let mark = head[..<end.lowerBound].firstRange(of: "encoding")
        else { return }
        let encoding = head[mark.upperBound..<end.lowerBound].drop { $0 == " " || $0 == "=" || $0 == "\"" || $0 == "'" }
            .prefix { $0 != "\"" && $0 != "'" }
        guard encoding == "utf-8" || encoding == "utf8" || encoding == "us-ascii" else {
            throw Refusal("this XML is in \(ListCollector.shown(encoding)); save it as UTF-8")
        }
    }

    /// Nil at the end of a whole document.
    mutating func next() throws(Refusal) -> XMLEvent? {
        if let name = pendingEnd {
            pendingEnd = nil
            return .end(name: name)
        }
        while position < bytes.count {
            if bytes[position] != UInt8(ascii: "<") {
                let text = try characters()
                if !open.isEmpty { return .text(text) }
                guard text.utf8.allSatisfy({ $0 == 0x20 || $0 &- 0x09 < 5 }) else {
                    throw refusal("text outside the root")
                }
            } else if starts(with: "<!--") {
                try skip(past: "-->")
            } else if starts(with: "<?") {
                try skip(past: "?>")
            } else if starts(with: "<![CDATA[") {
                let start = position + 9
                try skip(past: "]]>")
                guard !open.isEmpty else { throw refusal("text outside the root") }
                return .text(String(decoding: bytes[start..<(position - 3)], as: UTF8.self))
            } else if starts(with: "<!") {
                throw refusal("it has a DOCTYPE, which can name other files and which no bill of materials needs")
            } else if starts(with: "</") {
                return try endTag()
            } else {
                return try startTag()
            }
        }
        guard hasRoot, open.isEmpty else { throw refusal("the document ends inside an element") }
        return nil
    }

    private func refusal(_ what: String) -> Refusal { Refusal(line: line, "this XML is not well-formed: \(what)") }

    private func starts(with word: StaticString) -> Bool {
        guard word.utf8CodeUnitCount <= bytes.count - position else { return false }
        return word.withUTF8Buffer { letters in
            for offset in letters.indices where bytes[position + offset] != letters[offset] { return false }
            return true
        }
    }

    private mutating func advance() {
        if bytes[position] == 0x0A { line += 1 }
        position += 1
    }

    private mutating func skip(past word: StaticString) throws(Refusal) {
        while position < bytes.count {
            if starts(with: word) {
                position += word.utf8CodeUnitCount
                return
            }
            advance()
        }
        throw refusal("`\(word)` is missing")
    }

    private mutating func skipBlanks() {
        while position < bytes.count, bytes[position] == 0x20 || bytes[position] &- 0x09 < 5 { advance() }
    }

    private mutating func characters() throws(Refusal) -> String {
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "<") { advance() }
        return try decoded(bytes[start..<position])
    }

    private mutating func startTag() throws(Refusal) -> XMLEvent {
        guard open.count < Self.maximumDepth else {
            throw refusal("nested deeper than \(Self.maximumDepth) elements")
        }
        guard !open.isEmpty || !hasRoot else { throw refusal("a second root") }
        position += 1
        let name = try name()
        hasRoot = true
        var attributes: [String: String] = [:]
        while true {
            let before = position
            skipBlanks()
            guard position < bytes.count else { throw refusal("a tag is not closed") }
            if starts(with: "/>") {
                position += 2
                pendingEnd = Self.local(name)
                return .start(name: Self.local(name), attributes: attributes)
            }
            if bytes[position] == UInt8(ascii: ">") {
                position += 1
                open.append(name)
                return .start(name: Self.local(name), attributes: attributes)
            }
            guard position > before else { throw refusal("a blank is missing before an attribute") }
            let attribute = try self.name()
            guard attributes.updateValue(try value(), forKey: attribute) == nil else {
                throw refusal("an attribute is given twice")
            }
        }
    }

    private mutating func endTag() throws(Refusal) -> XMLEvent {
        position += 2
        let name = try name()
        skipBlanks()
        guard position < bytes.count, bytes[position] == UInt8(ascii: ">"), open.popLast() == name else {
            throw refusal("the end of `\(ListCollector.shown(name))` is at the wrong place")
        }
        position += 1
        return .end(name: Self.local(name))
    }

    private mutating func name() throws(Refusal) -> String {
        let start = position
        while position < bytes.count, Self.isName(bytes[position]) { position += 1 }
        guard position > start, !(bytes[start] &- 0x2D < 13) else { throw refusal("a name is missing") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private static func isName(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 11 || byte >= 0x80 || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    private static func local(_ name: String) -> String {
        guard let colon = name.utf8.lastIndex(of: UInt8(ascii: ":")) else { return name }
        return String(name[name.utf8.index(after: colon)...])
    }

    /// `= "value"`.
    private mutating func value() throws(Refusal) -> String {
        skipBlanks()
        guard position < bytes.count, bytes[position] == UInt8(ascii: "=") else { throw refusal("`=` is missing") }
        position += 1
        skipBlanks()
        guard position < bytes.count, bytes[position] == 0x22 || bytes[position] == 0x27 else {
            throw refusal("a value without quotes")
        }
        let quote = bytes[position]
        position += 1
        let start = position
        while position < bytes.count, bytes[position] != quote {
            guard bytes[position] != UInt8(ascii: "<") else { throw refusal("`<` in a value") }
            advance()
        }
        guard position < bytes.count else { throw refusal("a value is not closed") }
        position += 1
        return try decoded(bytes[start..<(position - 1)])
    }

    /// With XML's own entities and numbers of characters replaced.
    private func decoded(_ text: ArraySlice<UInt8>) throws(Refusal) -> String {
        guard text.contains(UInt8(ascii: "&")) else { return String(decoding: text, as: UTF8.self) }
        var result: [UInt8] = []
        var rest = text
        while let mark = rest.firstIndex(of: UInt8(ascii: "&")) {
            result += rest[..<mark]
            guard let end = rest[mark...].prefix(12).firstIndex(of: UInt8(ascii: ";")),
                let scalar = Self.scalar(String(decoding: rest[(mark + 1)..<end], as: UTF8.self))
            else { throw refusal("an entity that is not one of XML's own") }
            result += Array(String(Character(scalar)).utf8)
            rest = rest[(end + 1)...]
        }
        return String(decoding: result + rest, as: UTF8.self)
    }

    private static func scalar(_ entity: String) -> Unicode.Scalar? {
        switch entity {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default: break
        }
        guard entity.hasPrefix("#") else { return nil }
        let isHex = entity.hasPrefix("#x")
        let digits = entity.dropFirst(isHex ? 2 : 1)
        guard digits.utf8.first.map({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) == true else { return nil }
        return UInt32(digits, radix: isHex ? 16 : 10).flatMap { $0 == 0 ? nil : Unicode.Scalar($0) }
    }
}
