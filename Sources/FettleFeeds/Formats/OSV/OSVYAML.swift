internal import Foundation
internal import Yams

/// An OSV record in YAML. It is small and flat; what is not is refused before the parser builds anything of it.
enum OSVYAML {
    /// The largest record of PyPA's is 17 KB.
    static let maximumBytes = 2 << 20
    /// Brackets open at once, and blanks or dashes that a line begins with.
    private static let maximumNesting = 200

    /// Lines that begin with `id:` and with one of the names that every record has, and no JSON.
    static func recognises(_ head: Data) -> Bool {
        guard let first = head.first(where: { !JSONScan.isBlank($0) }), first != UInt8(ascii: "{"),
            first != UInt8(ascii: "["), first != UInt8(ascii: "<")
        else { return false }
        let names: Set<Substring> = Set(
            String(decoding: head, as: UTF8.self).split(whereSeparator: \.isNewline).compactMap { line in
                guard let end = line.firstIndex(of: ":"), line.first?.isWhitespace == false else { return nil }
                return line[..<end]
            })
        return names.contains("id") && (names.contains("affected") || names.contains("modified"))
    }

    /// - Returns: the record, or why it is malformed though the document is YAML.
    /// - Throws: `FeedError` for a document that is no YAML, or that is made to explode.
    static func record(_ document: FeedDocument) throws(FeedError) -> Result<OSVRecord, any Error> {
        guard document.bytes.count <= maximumBytes else {
            throw FeedError(document.name, "is a YAML record of more than \(maximumBytes) bytes")
        }
        guard let text = String(data: document.bytes, encoding: .utf8) else {
            throw FeedError(document.name, "is no UTF-8 text")
        }
        let bytes = Array(text.utf8)
        if let name = repeatedAnchor(bytes) {
            throw FeedError(
                document.name, "repeats the anchor '\(name)': a record has no use for aliases, write it out")
        }
        guard !nestsTooDeeply(bytes) else {
            throw FeedError(document.name, "nests deeper than \(maximumNesting) levels")
        }
        let node: Node
        do {
            guard let root = try Yams.compose(yaml: text) else {
                throw FeedError(document.name, "is an empty YAML document")
            }
            node = root
        } catch let error as FeedError {
            throw error
        } catch {
            let reason = "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ").prefix(200)
            throw FeedError(document.name, "is no valid YAML: \(reason)")
        }
        return Result { try YAMLDecoder().decode(OSVRecord.self, from: node) }
    }

    /// An anchor's name that an alias takes up again. Aliases of aliases grow tenfold with each level, in the tree and
    /// where keys are compared; without any nothing can grow. The look is by bytes and may see one in a text that has
    /// the same word behind `&` and behind `*`.
    private static func repeatedAnchor(_ bytes: [UInt8]) -> String? {
        var anchors: Set<ArraySlice<UInt8>> = []
        var aliases: Set<ArraySlice<UInt8>> = []
        var position = 0
        while position < bytes.count {
            let sign = bytes[position]
            position += 1
            guard sign == UInt8(ascii: "&") || sign == UInt8(ascii: "*") else { continue }
            if position >= 2, isName(bytes[position - 2]) { continue }
            let start = position
            while position < bytes.count, isName(bytes[position]) { position += 1 }
            // An anchor ends at a blank or a sign of YAML's; `&lt;` in a text is none.
            if start == position || (position < bytes.count && bytes[position] == UInt8(ascii: ";")) { continue }
            if sign == UInt8(ascii: "&") {
                anchors.insert(bytes[start..<position])
            } else {
                aliases.insert(bytes[start..<position])
            }
        }
        return anchors.intersection(aliases).first.map { String(decoding: $0.prefix(60), as: UTF8.self) }
    }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F, 0x80...0xFF: true
        default: false
        }
    }

    private static func nestsTooDeeply(_ bytes: [UInt8]) -> Bool {
        var open = 0
        var indent = 0
        var isIndenting = true
        for byte in bytes {
            switch byte {
            case 0x0A, 0x0D:
                indent = 0
                isIndenting = true
                continue
            case UInt8(ascii: "["), UInt8(ascii: "{"): open += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): open = max(0, open - 1)
            default: break
            }
            isIndenting = isIndenting && (byte == 0x20 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "?"))
            if isIndenting { indent += 1 }
            if open > maximumNesting || indent > maximumNesting { return true }
        }
        return false
    }
}
