/// An element of an XML document, as far as libvirt's descriptions of machines need it: names, attributes, text and order. No
/// namespaces, no document types; what is not well formed, too deep or too large is refused.
///
/// FoundationXML would be the whole of Foundation for one command, in a binary that has to start fast.
struct XMLElement: Sendable, Equatable {
    let name: String
    var attributes: [String: String]
    var children: [XMLElement] = []
    /// The text directly in it, without that of its children.
    var text = ""

    static let mostBytes = 1_024 * 1_024
    static let deepest = 64
    static let mostElements = 50_000

    func children(named name: String) -> [XMLElement] { children.filter { $0.name == name } }
    func first(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    /// The element itself and all below it, in the document's order.
    func descendants() -> [XMLElement] { [self] + children.flatMap { $0.descendants() } }

    /// - Throws: `FactError` that says what is wrong, never with a part of the document.
    static func parse(_ text: Substring) throws(FactError) -> XMLElement {
        guard text.utf8.count <= mostBytes else { throw FactError("a description is longer than 1 MiB") }
        var parser = XMLParser(Array(text.utf8))
        return try parser.document()
    }
}

/// Recursive descent over bytes, with a stack of its own.
private struct XMLParser {
    private let bytes: [UInt8]
    private var at = 0
    private var count = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(FactError) -> XMLElement {
        var open: [XMLElement] = []
        while at < bytes.count {
            if skip("<?", to: "?>") { continue }
            if skip("<!--", to: "-->") { continue }
            if starts("<!") { throw FactError("a description has a document type or a section of raw text") }
            if starts("</") {
                at += 2
                let name = try word()
                space()
                guard take(">"), let element = open.popLast(), element.name == name else { throw Self.notWellFormed }
                guard let parent = open.indices.last else { return try ended(element) }
                open[parent].children.append(element)
            } else if starts("<") {
                let (element, isEmpty) = try start()
                if !isEmpty {
                    open.append(element)
                    guard open.count <= XMLElement.deepest else { throw FactError("a description is nested too deep") }
                } else if let parent = open.indices.last {
                    open[parent].children.append(element)
                } else {
                    return try ended(element)
                }
            } else {
                let text = try characters(until: UInt8(ascii: "<"))
                if let current = open.indices.last {
                    open[current].text += text
                } else if text.contains(where: { !$0.isWhitespace }) {
                    throw Self.notWellFormed
                }
            }
        }
        throw FactError("a description ends in the middle")
    }

    private static var notWellFormed: FactError { FactError("a description is not well-formed XML") }

    private mutating func ended(_ root: XMLElement) throws(FactError) -> XMLElement {
        space()
        guard at == bytes.count else { throw FactError("something follows a description") }
        return root
    }

    private mutating func start() throws(FactError) -> (XMLElement, isEmpty: Bool) {
        at += 1
        count += 1
        guard count <= XMLElement.mostElements else { throw FactError("a description has too many parts") }
        let name = try word()
        var attributes: [String: String] = [:]
        while true {
            space()
            if take("/>") { return (XMLElement(name: name, attributes: attributes), true) }
            if take(">") { return (XMLElement(name: name, attributes: attributes), false) }
            let key = try word()
            space()
            guard take("=") else { throw Self.notWellFormed }
            space()
            guard at < bytes.count, bytes[at] == UInt8(ascii: "'") || bytes[at] == UInt8(ascii: "\"") else {
                throw Self.notWellFormed
            }
            let quote = bytes[at]
            at += 1
            let value = try characters(until: quote)
            guard at < bytes.count, bytes[at] == quote, attributes.updateValue(value, forKey: key) == nil else {
                throw Self.notWellFormed
            }
            at += 1
        }
    }

    private mutating func word() throws(FactError) -> String {
        let start = at
        while at < bytes.count, Self.isNameByte(bytes[at]) { at += 1 }
        guard at > start, at - start <= 256 else { throw Self.notWellFormed }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: ":"), 0x80...:
            true
        default: false
        }
    }

    private mutating func characters(until end: UInt8) throws(FactError) -> String {
        var text: [UInt8] = []
        while at < bytes.count, bytes[at] != end {
            if bytes[at] == UInt8(ascii: "&") {
                text += try reference()
            } else {
                text.append(bytes[at])
                at += 1
            }
        }
        return FactText.decode(text)
    }

    private mutating func reference() throws(FactError) -> [UInt8] {
        let known: [(String, String)] = [
            ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"), ("&apos;", "'"), ("&quot;", "\""),
        ]
        for (written, meant) in known where take(written) { return Array(meant.utf8) }
        let isHexadecimal = take("&#x")
        guard isHexadecimal || take("&#") else { throw Self.notWellFormed }
        let start = at
        while at < bytes.count, bytes[at] != UInt8(ascii: ";"), at - start < 8 { at += 1 }
        let digits = String(decoding: bytes[start..<at], as: UTF8.self)
        guard take(";"), let code = UInt32(digits, radix: isHexadecimal ? 16 : 10), let scalar = Unicode.Scalar(code)
        else { throw Self.notWellFormed }
        return Array(String(Character(scalar)).utf8)
    }

    private mutating func space() {
        while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
    }

    private func starts(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { bytes[at...].starts(with: $0) }
    }

    private mutating func take(_ text: String) -> Bool {
        guard bytes[at...].starts(with: text.utf8) else { return false }
        at += text.utf8.count
        return true
    }

    /// - Returns: whether something of the kind began here; it is left behind, or all of the rest if it never ends.
    private mutating func skip(_ opening: StaticString, to closing: String) -> Bool {
        guard starts(opening) else { return false }
        at += opening.utf8CodeUnitCount
        while at < bytes.count {
            if take(closing) { return true }
            at += 1
        }
        return true
    }
}

extension XMLElement {
    /// As XML, attributes by name; for what goes back to libvirt.
    var written: String {
        let attributes = attributes.sorted { $0.key < $1.key }.map { " \($0.key)='\(Self.escaped($0.value))'" }.joined()
        return "<\(name)\(attributes)>\(Self.escaped(text))\(children.map(\.written).joined())</\(name)>"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("'", with: "&apos;")
    }
}
