/// The names in an XML document, each made into a string once: a document has few of them, but each a million times.
struct XMLNames {
    struct Name: Equatable {
        /// `red-def:evr`
        let whole: String
        /// `evr`
        let local: String
        static func == (left: Name, right: Name) -> Bool { left.whole == right.whole }
    }

    /// By the hash of the bytes; a name whose hash is taken is made anew each time.
    private var known: [UInt64: Name] = [:]

    mutating func name(_ bytes: Span<UInt8>) -> Name {
        // FNV-1a (https://www.rfc-editor.org/rfc/rfc9923).
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in bytes.indices { hash = (hash ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01B3 }
        if let name = known[hash], Self.isEqual(name.whole, bytes) { return name }
        var copy: [UInt8] = []
        for index in bytes.indices { copy.append(bytes[index]) }
        let whole = String(decoding: copy, as: UTF8.self)
        let local = copy.lastIndex(of: UInt8(ascii: ":")).map { copy[($0 + 1)...] } ?? copy[...]
        let name = Name(whole: whole, local: String(decoding: local, as: UTF8.self))
        if known.count < 4096 { known[hash] = known[hash] ?? name }
        return name
    }

    private static func isEqual(_ name: String, _ bytes: Span<UInt8>) -> Bool {
        var index = 0
        for byte in name.utf8 {
            guard index < bytes.count, bytes[index] == byte else { return false }
            index += 1
        }
        return index == bytes.count
    }

    /// The character of `amp`, `#38` or `#x26`; nil for any other.
    static func entity(_ bytes: Span<UInt8>) -> Unicode.Scalar? {
        var copy: [UInt8] = []
        for index in bytes.indices { copy.append(bytes[index]) }
        let name = String(decoding: copy, as: UTF8.self)
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            guard name.hasPrefix("#") else { return nil }
            let isHex = name.hasPrefix("#x")
            let digits = name.dropFirst(isHex ? 2 : 1)
            // Swift reads a sign as well.
            guard digits.utf8.first != UInt8(ascii: "+"), digits.utf8.first != UInt8(ascii: "-") else { return nil }
            return UInt32(digits, radix: isHex ? 16 : 10).flatMap { $0 == 0 ? nil : Unicode.Scalar($0) }
        }
    }
}
