/// Any JSON value, told apart as JSON does: `true` is no number.
public indirect enum JSONValue: Sendable, Hashable {
    case null
    case boolean(Bool)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    public subscript(_ key: String) -> JSONValue? { if case .object(let members) = self { members[key] } else { nil } }
    public var text: String? { if case .text(let text) = self { text } else { nil } }
    public var list: [JSONValue]? { if case .list(let list) = self { list } else { nil } }
    public var object: [String: JSONValue]? { if case .object(let members) = self { members } else { nil } }

    /// As JSON Schema names the kinds.
    var kinds: Set<String> {
        switch self {
        case .null: ["null"]
        case .boolean: ["boolean"]
        case .number(let value): value == value.rounded() ? ["number", "integer"] : ["number"]
        case .text: ["string"]
        case .list: ["array"]
        case .object: ["object"]
        }
    }
}

extension JSONValue {
    /// Reads what an encoder or a person wrote. For tests: quicker than a decoder that has to guess each value's type.
    ///
    /// - Throws: the place of what is no JSON.
    public init(parsing bytes: some Sequence<UInt8>) throws(NoJSON) {
        var reader = Reader(bytes: Array(bytes))
        self = try reader.value()
        guard reader.isAtEnd else { throw reader.problem }
    }

    public struct NoJSON: Error {
        public var byte: Int
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        var problem: NoJSON { NoJSON(byte: position) }

        var isAtEnd: Bool {
            mutating get {
                skipBlanks()
                return position == bytes.count
            }
        }

        private mutating func skipBlanks() {
            while position < bytes.count, [0x20, 0x0a, 0x0d, 0x09].contains(bytes[position]) { position += 1 }
        }

        private mutating func take(_ character: Character) -> Bool {
            skipBlanks()
            guard position < bytes.count, bytes[position] == character.asciiValue else { return false }
            position += 1
            return true
        }

        mutating func value() throws(NoJSON) -> JSONValue {
            if take("{") {
                return .object(
                    try Dictionary(
                        elements(until: "}") { reader throws(NoJSON) in
                            let key = try reader.string()
                            guard reader.take(":") else { throw reader.problem }
                            return (key, try reader.value())
                        }, uniquingKeysWith: { _, last in last }))
            }
            if take("[") { return .list(try elements(until: "]") { reader throws(NoJSON) in try reader.value() }) }
            skipBlanks()
            if position < bytes.count, bytes[position] == UInt8(ascii: "\"") { return .text(try string()) }
            let start = position
            while position < bytes.count, !" ,]}\n\r\t".utf8.contains(bytes[position]) { position += 1 }
            switch String(decoding: bytes[start..<position], as: UTF8.self) {
            case "true": return .boolean(true)
            case "false": return .boolean(false)
            case "null": return .null
            case let word:
                guard let number = Double(word) else { throw problem }
                return .number(number)
            }
        }

        private mutating func elements<Element>(
            until end: Character, _ read: (inout Reader) throws(NoJSON) -> Element
        ) throws(NoJSON) -> [Element] {
            var result: [Element] = []
            if take(end) { return result }
            repeat { result.append(try read(&self)) } while take(",")
            guard take(end) else { throw problem }
            return result
        }

        private mutating func string() throws(NoJSON) -> String {
            guard take("\"") else { throw problem }
            var text: [UInt8] = []
            while position < bytes.count {
                let byte = bytes[position]
                position += 1
                if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
                guard byte == UInt8(ascii: "\\"), position < bytes.count else {
                    text.append(byte)
                    continue
                }
                text += try escaped()
            }
            throw problem
        }

        private mutating func escaped() throws(NoJSON) -> [UInt8] {
            let letter = bytes[position]
            position += 1
            switch letter {
            case UInt8(ascii: "n"): return [0x0a]
            case UInt8(ascii: "t"): return [0x09]
            case UInt8(ascii: "r"): return [0x0d]
            case UInt8(ascii: "b"): return [0x08]
            case UInt8(ascii: "f"): return [0x0c]
            case UInt8(ascii: "u"):
                let digits = String(decoding: bytes[position..<min(position + 4, bytes.count)], as: UTF8.self)
                guard digits.utf8.count == 4, let number = UInt32(digits, radix: 16),
                    let scalar = Unicode.Scalar(number)
                else { throw problem }
                position += 4
                return Array(String(scalar).utf8)
            default: return [letter]
            }
        }
    }
}
