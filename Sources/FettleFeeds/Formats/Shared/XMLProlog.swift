import Foundation

/// What stands before the root element of an XML document, looked at without a parser.
///  A document type is refused: no feed has one, and its entities are what makes a small document grow without end or
/// read other files (https://cwe.mitre.org/data/definitions/776.html, https://cwe.mitre.org/data/definitions/611.html).
struct XMLProlog {
    /// The root element's name without its prefix; nil where the head ends before it or holds no XML.
    private(set) var root: String?
    /// Why the document must not be handed to a parser; nil: it may.
    private(set) var refusal: String?

    /// - Parameter head: the first bytes of the document; some KiB are enough.
    init(_ head: Data) {
        var scanner = ByteScanner(bytes: Array(head.prefix(64 * 1024)))
        scanner.skip(prefix: [0xEF, 0xBB, 0xBF])
        while true {
            scanner.skipSpaces()
            guard scanner.skip(prefix: Array("<".utf8)) else {
                refusal = "is no XML in UTF-8: it should begin with '<'"
                return
            }
            if scanner.skip(prefix: Array("?".utf8)) {
                guard let instruction = scanner.text(upTo: Array("?>".utf8)) else { break }
                if let encoding = Self.foreignEncoding(instruction) {
                    refusal = "is written in \(encoding), not in UTF-8"
                    return
                }
            } else if scanner.skip(prefix: Array("!--".utf8)) {
                guard scanner.text(upTo: Array("-->".utf8)) != nil else { break }
            } else if scanner.skip(prefix: Array("!".utf8)) {
                refusal = "has a document type (<!DOCTYPE), which no feed needs and which could name other files"
                return
            } else {
                root = scanner.elementName()
                if root == nil { break }
                return
            }
        }
        refusal = "ends before its first element"
    }

    /// The encoding that the XML declaration names, where bytes could mean something other than what is seen here.
    private static func foreignEncoding(_ instruction: [UInt8]) -> String? {
        let text = String(decoding: instruction, as: UTF8.self).lowercased()
        guard text.hasPrefix("xml"), let name = text.range(of: "encoding") else { return nil }
        let value = text[name.upperBound...].drop { $0 == " " || $0 == "=" }.dropFirst().prefix {
            $0 != "\"" && $0 != "'"
        }
        return ["utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1"].contains(String(value)) ? nil : String(value)
    }
}

/// Goes through bytes from the left.
private struct ByteScanner {
    let bytes: [UInt8]
    var position = 0

    @discardableResult
    mutating func skip(prefix: [UInt8]) -> Bool {
        guard bytes[position...].starts(with: prefix) else { return false }
        position += prefix.count
        return true
    }

    mutating func skipSpaces() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    /// What stands before the end mark, which is skipped; nil where it doesn't come.
    mutating func text(upTo end: [UInt8]) -> [UInt8]? {
        let start = position
        while position < bytes.count {
            let here = position
            if skip(prefix: end) { return Array(bytes[start..<here]) }
            position += 1
        }
        return nil
    }

    mutating func elementName() -> String? {
        let name = bytes[position...].prefix { $0 > 0x20 && $0 != UInt8(ascii: ">") && $0 != UInt8(ascii: "/") }
        guard !name.isEmpty, position + name.count < bytes.count else { return nil }
        return String(String(decoding: name, as: UTF8.self).split(separator: ":").last ?? "")
    }
}
