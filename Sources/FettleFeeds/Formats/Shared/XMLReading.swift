import Foundation

/// What is wanted of an element; what is not is passed over without being copied.
struct XMLInterest: OptionSet {
    let rawValue: UInt8
    static let attributes = XMLInterest(rawValue: 1)
    static let text = XMLInterest(rawValue: 2)
}

/// Is told of a document's elements, one after another, so that a document of any size is read in little memory.
protocol XMLHandler: AnyObject {
    func interest(in element: String) -> XMLInterest
    /// - Parameter element: without its prefix, as `red-def:evr` and `linux-def:evr` are one and the same.
    func opened(_ element: String, _ attributes: [String: String]) throws(FeedError)
    /// - Parameter text: trimmed; empty where it was not wanted, and of an element that holds others.
    func closed(_ element: String, _ text: String) throws(FeedError)
}

/// Reads XML from outside, element by element, within bounds: the part of XML 1.0 that feeds are written in
/// (https://www.w3.org/TR/xml/), in UTF-8. Speaks to a handler as SAX does.
///  Not by Foundation's `XMLParser`: on Linux that one traps where an attribute isn't UTF-8, so that one damaged byte
/// of a feed would end the program; and it needs libxml2. A document type is refused (`XMLProlog`), so there are no
/// entities but the five that XML has; nothing is ever fetched. Elements are nested at most 64 deep, and have at most
/// 64 attributes of at most 64 KiB; of a text, the first 64 KiB are kept. Bytes that are no UTF-8 become U+FFFD.
struct XMLReading {
    static let depthLimit = 64
    static let attributeLimit = 64
    static let textLimit = 64 * 1024

    /// - Throws: `FeedError` if the document is refused, is not well-formed or ends early, or the first that the
    ///   handler threw.
    static func read(_ document: FeedDocument, into handler: any XMLHandler) throws(FeedError) {
        if let refusal = XMLProlog(document.bytes.prefix(64 * 1024)).refusal {
            throw FeedError(document.name, refusal)
        }
        var reading = XMLReading(document.name, handler)
        try reading.read(document.bytes.span)
    }

    private let document: String
    private let handler: any XMLHandler
    private var names = XMLNames()
    private var position = 0
    /// The names of the elements that are open, with their prefixes.
    private var open: [XMLNames.Name] = []
    private var isRootClosed = false
    private var text: [UInt8] = []
    private var isTextWanted = false

    private init(_ document: String, _ handler: any XMLHandler) {
        self.document = document
        self.handler = handler
    }

    private mutating func read(_ bytes: Span<UInt8>) throws(FeedError) {
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { position = 3 }
        while position < bytes.count {
            if bytes[position] == .less {
                try readMarkup(bytes)
            } else {
                try readText(bytes)
            }
        }
        if !open.isEmpty || !isRootClosed { throw damaged("ends early", bytes) }
    }

    private mutating func readMarkup(_ bytes: Span<UInt8>) throws(FeedError) {
        let next = position + 1 < bytes.count ? bytes[position + 1] : 0
        if next == .slash {
            position += 2
            try readEnd(bytes)
        } else if next != UInt8(ascii: "!"), next != UInt8(ascii: "?") {
            position += 1
            try readStart(bytes)
        } else if skip("<!--", bytes) {
            try pass(upTo: "-->", bytes)
        } else if skip("<![CDATA[", bytes) {
            let start = position
            try pass(upTo: "]]>", bytes)
            if isTextWanted { keep(start..<(position - 3), bytes) }
        } else if skip("<?", bytes) {
            try pass(upTo: "?>", bytes)
        } else {
            throw damaged("has a declaration (<!…) within", bytes)
        }
    }

    private mutating func readStart(_ bytes: Span<UInt8>) throws(FeedError) {
        if isRootClosed { throw damaged("goes on behind its first element", bytes) }
        let name = try readName(bytes)
        if open.count >= Self.depthLimit { throw damaged("nests elements more than \(Self.depthLimit) deep", bytes) }
        let interest = handler.interest(in: name.local)
        let attributes = try readAttributes(bytes, isWanted: interest.contains(.attributes))
        let isEmpty = skip("/", bytes)
        guard skip(">", bytes) else { throw damaged("has an element that is not closed by '>'", bytes) }
        isTextWanted = interest.contains(.text)
        text.removeAll(keepingCapacity: true)
        open.append(name)
        try handler.opened(name.local, attributes)
        if isEmpty { try close(name, bytes) }
    }

    private mutating func readEnd(_ bytes: Span<UInt8>) throws(FeedError) {
        let name = try readName(bytes)
        skipSpaces(bytes)
        guard skip(">", bytes), open.last == name else {
            throw damaged("ends an element that is not open", bytes)
        }
        try close(name, bytes)
    }

    private mutating func close(_ name: XMLNames.Name, _ bytes: Span<UInt8>) throws(FeedError) {
        open.removeLast()
        isRootClosed = open.isEmpty
        let wasWanted = isTextWanted
        isTextWanted = false
        try handler.closed(name.local, wasWanted ? trimmedText() : "")
    }

    private mutating func readAttributes(_ bytes: Span<UInt8>, isWanted: Bool) throws(FeedError) -> [String: String] {
        var attributes: [String: String] = [:]
        if isWanted { attributes.reserveCapacity(8) }
        for _ in 0...Self.attributeLimit {
            skipSpaces(bytes)
            guard position < bytes.count else { throw damaged("ends early", bytes) }
            if bytes[position] == .greater || bytes[position] == .slash { return attributes }
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
            if isWanted {
                text.removeAll(keepingCapacity: true)
                try keepResolved(start..<position, bytes)
                attributes[name.local] = String(decoding: text, as: UTF8.self)
            }
            position += 1
        }
        throw damaged("has an element with more than \(Self.attributeLimit) attributes", bytes)
    }

    private mutating func readText(_ bytes: Span<UInt8>) throws(FeedError) {
        let start = position
        while position < bytes.count, bytes[position] != .less { position += 1 }
        if isTextWanted { try keepResolved(start..<position, bytes) }
        if open.isEmpty {
            for index in start..<position where !bytes[index].isXMLSpace {
                throw damaged("has text outside of its first element", bytes)
            }
        }
    }

    /// Appends to the text, with the five entities and the numbered characters resolved.
    private mutating func keepResolved(_ range: Range<Int>, _ bytes: Span<UInt8>) throws(FeedError) {
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

    private func trimmedText() -> String {
        guard let first = text.firstIndex(where: { !$0.isXMLSpace }),
            let last = text.lastIndex(where: { !$0.isXMLSpace })
        else { return "" }
        return String(decoding: text[first...last], as: UTF8.self)
    }

    private mutating func readName(_ bytes: Span<UInt8>) throws(FeedError) -> XMLNames.Name {
        let start = position
        while position < bytes.count, position - start <= 256, bytes[position].isInXMLName { position += 1 }
        guard position > start, position - start <= 256 else {
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

    private mutating func pass(upTo mark: StaticString, _ bytes: Span<UInt8>) throws(FeedError) {
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

    private func damaged(_ what: String, _ bytes: Span<UInt8>) -> FeedError {
        if position >= bytes.count { return FeedError(document, "is damaged XML: it ends early, it is cut off") }
        var line = 1
        for index in 0..<min(position, bytes.count) where bytes[index] == 0x0A { line += 1 }
        return FeedError(document, "is damaged XML: it \(what) (line \(line))")
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
