/// Takes a document apart into its tags and texts: the part of XML 1.0 that feeds and bills of materials are written in
/// (https://www.w3.org/TR/xml/), in UTF-8.
///
/// A document type is refused, since its entities are what makes a small document grow without end or read other files
/// (https://cwe.mitre.org/data/definitions/776.html, https://cwe.mitre.org/data/definitions/611.html): there are no
/// entities but the five that XML has, and nothing is ever fetched. Elements are nested at most 128 deep, and have at
/// most 64 attributes of at most 64 KiB; of a text, the first 64 KiB are kept. Bytes that are no UTF-8 become U+FFFD.
struct XMLTokens {
    static let depthLimit = 128
    static let attributeLimit = 64
    static let textLimit = 64 * 1024

    enum Token {
        /// An element begins; `attributes` must be read next.
        case start(XMLNames.Name)
        /// An element ends; what was kept of it is in `trimmedText`.
        case end(XMLNames.Name)
    }

    /// Whether what stands in the innermost element is kept.
    var isTextWanted = false

    private var names = XMLNames()
    private var position = 0
    /// The names of the elements that are open, with their prefixes.
    private var open: [XMLNames.Name] = []
    private var isRootClosed = false
    /// The innermost element was written as `<a/>`.
    private var isEmpty = false
    private var text: [UInt8] = []

    init(_ bytes: Span<UInt8>) throws(XMLProblem) {
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { position = 3 }
        try XMLEncoding.check(beginning: bytes)
    }

    /// Nil at the end of a whole document.
    mutating func next(_ bytes: Span<UInt8>) throws(XMLProblem) -> Token? {
        if isEmpty, let name = open.last {
            isEmpty = false
            return close(name)
        }
        while position < bytes.count {
            if bytes[position] != .less {
                try readText(bytes)
            } else if let token = try readMarkup(bytes) {
                return token
            }
        }
        if !open.isEmpty || !isRootClosed { throw damaged("ends early", bytes) }
        return nil
    }

    private mutating func readMarkup(_ bytes: Span<UInt8>) throws(XMLProblem) -> Token? {
        let next = position + 1 < bytes.count ? bytes[position + 1] : 0
        if next == .slash {
            position += 2
            return try readEnd(bytes)
        }
        if next != UInt8(ascii: "!"), next != UInt8(ascii: "?") {
            position += 1
            return try readStart(bytes)
        }
        if skip("<!--", bytes) {
            try pass(upTo: "-->", bytes)
        } else if skip("<![CDATA[", bytes) {
            let start = position
            if open.isEmpty { throw damaged("has text outside of its first element", bytes) }
            try pass(upTo: "]]>", bytes)
            if isTextWanted { keep(start..<(position - 3), bytes) }
        } else if skip("<?", bytes) {
            let start = position
            try pass(upTo: "?>", bytes)
            try XMLEncoding.check(instruction: bytes.extracting(start..<(position - 2)))
        } else if skip("<!DOCTYPE", bytes) {
            throw damaged("has a document type (<!DOCTYPE), which could name other files", bytes)
        } else {
            throw damaged("has a declaration (<!…) within", bytes)
        }
        return nil
    }

    private mutating func readStart(_ bytes: Span<UInt8>) throws(XMLProblem) -> Token {
        if isRootClosed { throw damaged("goes on behind its first element", bytes) }
        let name = try readName(bytes)
        if open.count >= Self.depthLimit { throw damaged("nests elements more than \(Self.depthLimit) deep", bytes) }
        open.append(name)
        return .start(name)
    }

    private mutating func readEnd(_ bytes: Span<UInt8>) throws(XMLProblem) -> Token {
        let name = try readName(bytes)
        guard open.last == name else { throw damaged("ends an element that is not open", bytes) }
        skipSpaces(bytes)
        guard skip(">", bytes) else { throw damaged("has an element that is not closed by '>'", bytes) }
        return close(name)
    }

    private mutating func close(_ name: XMLNames.Name) -> Token {
        open.removeLast()
        isRootClosed = open.isEmpty
        return .end(name)
    }

    /// The rest of a start tag.
    mutating func attributes(_ bytes: Span<UInt8>, areWanted: Bool) throws(XMLProblem) -> [String: String] {
        text.removeAll(keepingCapacity: true)
        var attributes: [String: String] = [:]
        if areWanted { attributes.reserveCapacity(8) }
        for _ in 0...Self.attributeLimit {
            let before = position
            skipSpaces(bytes)
            guard position < bytes.count else { throw damaged("ends early", bytes) }
            if bytes[position] == .greater || bytes[position] == .slash {
                isEmpty = skip("/", bytes)
                guard skip(">", bytes) else { throw damaged("has an element that is not closed by '>'", bytes) }
                text.removeAll(keepingCapacity: true)
                return attributes
            }
            if position == before { throw damaged("has an attribute without a space before it", bytes) }
            let (name, value) = try readAttribute(bytes)
            guard areWanted else { continue }
            text.removeAll(keepingCapacity: true)
            try keepResolved(value, bytes)
            guard attributes.updateValue(String(decoding: text, as: UTF8.self), forKey: name.local) == nil else {
                throw damaged("has an element with an attribute that is given twice", bytes)
            }
        }
        throw damaged("has an element with more than \(Self.attributeLimit) attributes", bytes)
    }

    /// - Returns: where its value lies, entities not resolved.
    private mutating func readAttribute(
        _ bytes: Span<UInt8>
    ) throws(XMLProblem) -> (name: XMLNames.Name, value: Range<Int>) {
        let name = try readName(bytes)
        skipSpaces(bytes)
        guard skip("=", bytes) else { throw damaged("has an attribute without a value", bytes) }
        skipSpaces(bytes)
        guard position < bytes.count, bytes[position] == .quote || bytes[position] == .apostrophe else {
            throw damaged("has an attribute without quotes", bytes)
        }
        let quote = bytes[position]
        position += 1
        let start = position
        while position < bytes.count, bytes[position] != quote, bytes[position] != .less { position += 1 }
        guard position < bytes.count, bytes[position] == quote, position - start <= Self.textLimit else {
            throw damaged("has an attribute that isn't closed or is too long", bytes)
        }
        position += 1
        return (name, start..<(position - 1))
    }

    private mutating func readText(_ bytes: Span<UInt8>) throws(XMLProblem) {
        let start = position
        while position < bytes.count, bytes[position] != .less { position += 1 }
        if isTextWanted { try keepResolved(start..<position, bytes) }
        if open.isEmpty {
            for index in start..<position where !bytes[index].isXMLSpace {
                position = index
                throw damaged("has text outside of its first element", bytes)
            }
        }
    }

    /// Appends to the text, with the five entities and the numbered characters resolved.
    private mutating func keepResolved(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(XMLProblem) {
        var index = range.lowerBound
        while index < range.upperBound, text.count < Self.textLimit {
            var end = index
            while end < range.upperBound, bytes[end] != .ampersand { end += 1 }
            keep(index..<end, bytes)
            if end == range.upperBound { return }
            index = end + 1
            end = index
            while end < range.upperBound, end - index < 12, bytes[end] != .semicolon { end += 1 }
            guard end < range.upperBound, bytes[end] == .semicolon,
                let character = XMLNames.entity(bytes.extracting(index..<end))
            else { throw damaged("has an entity that XML doesn't know", bytes) }
            text.append(contentsOf: String(character).utf8)
            index = end + 1
        }
    }

    private mutating func keep(_ range: Range<Int>, _ bytes: Span<UInt8>) {
        let room = max(0, Self.textLimit - text.count)
        bytes.extracting(range).extracting(first: min(room, range.count)).withUnsafeBufferPointer {
            text.append(contentsOf: $0)
        }
    }

    var trimmedText: String {
        guard let first = text.firstIndex(where: { !$0.isXMLSpace }),
            let last = text.lastIndex(where: { !$0.isXMLSpace })
        else { return "" }
        return String(decoding: text[first...last], as: UTF8.self)
    }
}

// The smaller steps.
extension XMLTokens {
    private mutating func readName(_ bytes: Span<UInt8>) throws(XMLProblem) -> XMLNames.Name {
        let start = position
        while position < bytes.count, position - start <= 256, bytes[position].isInXMLName { position += 1 }
        guard position > start, position - start <= 256, !bytes[start].isInsideXMLNameOnly else {
            throw damaged("has '<' or an attribute without a name", bytes)
        }
        return names.name(bytes.extracting(start..<position))
    }

    private mutating func skip(_ mark: StaticString, _ bytes: Span<UInt8>) -> Bool {
        guard mark.utf8CodeUnitCount <= bytes.count - position else { return false }
        let isHere = mark.withUTF8Buffer { mark in
            for index in mark.indices where mark[index] != bytes[position + index] { return false }
            return true
        }
        if isHere { position += mark.utf8CodeUnitCount }
        return isHere
    }

    private mutating func pass(upTo mark: StaticString, _ bytes: Span<UInt8>) throws(XMLProblem) {
        let first = mark.utf8Start.pointee
        while position < bytes.count {
            if bytes[position] == first, skip(mark, bytes) { return }
            position += 1
        }
        throw damaged("ends early", bytes)
    }

    private mutating func skipSpaces(_ bytes: Span<UInt8>) {
        while position < bytes.count, bytes[position].isXMLSpace { position += 1 }
    }

    private func damaged(_ what: String, _ bytes: Span<UInt8>) -> XMLProblem {
        if position >= bytes.count { return XMLProblem("is damaged XML: it ends early, it is cut off") }
        var line = 1
        for index in 0..<min(position, bytes.count) where bytes[index] == 0x0A { line += 1 }
        return XMLProblem("is damaged XML: it \(what) (line \(line))")
    }
}

extension UInt8 {
    // Computed, so that each is a constant in the loops and not a look at a global.
    fileprivate static var less: UInt8 { UInt8(ascii: "<") }
    fileprivate static var greater: UInt8 { UInt8(ascii: ">") }
    fileprivate static var slash: UInt8 { UInt8(ascii: "/") }
    fileprivate static var quote: UInt8 { UInt8(ascii: "\"") }
    fileprivate static var apostrophe: UInt8 { UInt8(ascii: "'") }
    fileprivate static var ampersand: UInt8 { UInt8(ascii: "&") }
    fileprivate static var semicolon: UInt8 { UInt8(ascii: ";") }
    fileprivate var isXMLSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }

    /// `-`, `.` and the digits.
    fileprivate var isInsideXMLNameOnly: Bool {
        self == UInt8(ascii: "-") || self == UInt8(ascii: ".") || self &- 0x30 < 10
    }

    /// Wider than XML's own rule beyond ASCII, which no feed uses in a name.
    fileprivate var isInXMLName: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: ":"), 0x80...:
            true
        default: false
        }
    }
}
