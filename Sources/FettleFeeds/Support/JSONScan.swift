/// Finds where the values of a JSON text begin and end. Positions are bytes from 0.
struct JSONScan {
    enum Found {
        /// The name's range with its quotes, and the value's.
        case member(key: Range<Int>?, value: Range<Int>)
        /// Nothing more; what follows begins here.
        case end(Int)
        case problem(String, at: Int)
    }

    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    func afterByteOrderMark() -> Int {
        bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF ? 3 : 0
    }

    func afterBlanks(_ start: Int) -> Int {
        var position = start
        while position < bytes.count, Self.isBlank(bytes[position]) { position += 1 }
        return position
    }

    /// From behind the opening bracket, or behind the member before.
    func member(from start: Int, inObject: Bool, isFirst: Bool) -> Found {
        let closing = inObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
        var position = afterBlanks(start)
        guard position < bytes.count else { return .problem("is cut off", at: position) }
        if bytes[position] == closing { return .end(position + 1) }
        if !isFirst {
            guard bytes[position] == UInt8(ascii: ",") else {
                return .problem("is no JSON: a ',' or '\(inObject ? "}" : "]")' must stand", at: position)
            }
            position = afterBlanks(position + 1)
        }
        var key: Range<Int>?
        if inObject {
            guard position < bytes.count else { return .problem("is cut off", at: position) }
            guard bytes[position] == UInt8(ascii: "\"") else {
                return .problem("is no JSON: a name in quotes must stand", at: position)
            }
            guard let end = afterString(position) else { return .problem("is cut off in a string", at: position) }
            key = position..<end
            position = afterBlanks(end)
            guard position < bytes.count else { return .problem("is cut off", at: position) }
            guard bytes[position] == UInt8(ascii: ":") else {
                return .problem("is no JSON: a ':' must stand", at: position)
            }
            position = afterBlanks(position + 1)
        }
        switch value(from: position) {
        case .end(let end): return .member(key: key, value: position..<end)
        case let other: return other
        }
    }

    /// Behind the value that begins here.
    func value(from start: Int) -> Found {
        guard start < bytes.count else { return .problem("is cut off", at: start) }
        switch bytes[start] {
        case UInt8(ascii: "\""):
            guard let end = afterString(start) else { return .problem("is cut off in a string", at: start) }
            return .end(end)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            return container(from: start)
        default:
            var position = start
            while position < bytes.count, !Self.endsScalar(bytes[position]) { position += 1 }
            return position > start ? .end(position) : .problem("is no JSON: a value must stand", at: start)
        }
    }

    private func container(from start: Int) -> Found {
        // A bit for each level, set for an object: the depth is bounded by its width.
        var kinds: UInt64 = 0
        var depth = 0
        var position = start
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                guard let end = afterString(position) else { return .problem("is cut off in a string", at: position) }
                position = end
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                guard depth < JSONSplitter.maximumDepth else {
                    return .problem("nests deeper than \(JSONSplitter.maximumDepth) levels", at: position)
                }
                kinds = kinds << 1 | (byte == UInt8(ascii: "{") ? 1 : 0)
                depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard (kinds & 1 == 1) == (byte == UInt8(ascii: "}")) else {
                    return .problem("is no JSON: a bracket of the wrong kind stands", at: position)
                }
                kinds >>= 1
                depth -= 1
                if depth == 0 { return .end(position + 1) }
            default: break
            }
            position += 1
        }
        return .problem("is cut off inside the value that begins at byte \(start)", at: position)
    }

    /// Behind the string whose opening quote stands here; nil where it has no end.
    func afterString(_ start: Int) -> Int? {
        var position = start + 1
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""): return position + 1
            // Whatever is escaped, the byte behind the backslash doesn't end the string.
            case UInt8(ascii: "\\"): position += 2
            default: position += 1
            }
        }
        return nil
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    private static func endsScalar(_ byte: UInt8) -> Bool {
        isBlank(byte) || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}")
    }
}
