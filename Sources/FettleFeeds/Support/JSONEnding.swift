/// How a text that should be JSON ends: whether it is whole, was cut off, or never was JSON.
enum JSONEnding: Equatable {
    case whole
    /// Right to its last byte, where it breaks off: what comes so is the beginning of something.
    case cutOff
    /// From this byte on it is something else, such as a settings file that begins with a bracket too.
    case wrong(at: Int)

    /// Several values in a row are whole too (JSON lines).
    init(of bytes: UnsafeRawBufferPointer) {
        var reader = JSONEndingReader(bytes)
        self = reader.read()
    }
}

private struct JSONEndingReader {
    private let bytes: UnsafeRawBufferPointer
    private let scan: JSONScan
    private var position: Int
    /// A bit for each level, set for an object.
    private var kinds: UInt64 = 0
    private var depth = 0

    private enum Expected {
        case value
        /// Behind an opening bracket, which may be closed at once.
        case first
        /// Behind a value: a comma or the end of its container.
        case next
        /// Behind a comma in an object.
        case name
    }

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        scan = JSONScan(bytes)
        position = scan.afterByteOrderMark()
    }

    mutating func read() -> JSONEnding {
        var expected = Expected.value
        while true {
            position = scan.afterBlanks(position)
            guard position < bytes.count else {
                return depth == 0 ? .whole : .cutOff
            }
            if depth == 0, expected == .next { expected = .value }
            let byte = bytes[position]
            if expected == .next, byte == UInt8(ascii: ",") {
                expected = isInObject ? .name : .value
                position += 1
                continue
            }
            if expected == .next || expected == .first, close(byte) {
                expected = .next
                continue
            }
            guard expected != .next else { return .wrong(at: position) }
            let found: JSONEnding?
            if expected == .name || (expected == .first && isInObject) {
                found = name()
                expected = .value
            } else {
                found = value(byte)
                expected = found == nil ? .first : .next
            }
            if let found, found != .whole { return found }
        }
    }

    private var isInObject: Bool { kinds & 1 == 1 }

    private mutating func close(_ byte: UInt8) -> Bool {
        guard depth > 0, byte == (isInObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { return false }
        kinds >>= 1
        depth -= 1
        position += 1
        return true
    }

    /// A name and the colon behind it.
    private mutating func name() -> JSONEnding {
        guard bytes[position] == UInt8(ascii: "\"") else { return .wrong(at: position) }
        guard let end = scan.afterString(position), end <= bytes.count else { return .cutOff }
        position = scan.afterBlanks(end)
        guard position < bytes.count else { return .cutOff }
        guard bytes[position] == UInt8(ascii: ":") else { return .wrong(at: position) }
        position += 1
        return .whole
    }

    /// - Returns: nil where a container was opened.
    private mutating func value(_ byte: UInt8) -> JSONEnding? {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard depth < JSONSplitter.maximumDepth else { return .wrong(at: position) }
            kinds = kinds << 1 | (byte == UInt8(ascii: "{") ? 1 : 0)
            depth += 1
            position += 1
            return nil
        case UInt8(ascii: "\""):
            guard let end = scan.afterString(position), end <= bytes.count else { return .cutOff }
            position = end
            return .whole
        default: return word()
        }
    }

    /// A number, or `true`, `false` and `null`, which may be cut off too.
    private mutating func word() -> JSONEnding {
        let start = position
        while position < bytes.count, Self.isOfWord(bytes[position]), position - start < 400 { position += 1 }
        let word = String(decoding: bytes[start..<position], as: UTF8.self)
        if let first = word.utf8.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first) {
            if Double(word) != nil { return .whole }
            return position == bytes.count && word.utf8.allSatisfy(Self.isOfNumber) ? .cutOff : .wrong(at: start)
        }
        if ["true", "false", "null"].contains(word) { return .whole }
        let isBeginning = !word.isEmpty && ["true", "false", "null"].contains { $0.hasPrefix(word) }
        return position == bytes.count && isBeginning ? .cutOff : .wrong(at: start)
    }

    private static func isOfWord(_ byte: UInt8) -> Bool {
        isOfNumber(byte) || (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || byte == 0x5F
    }

    private static func isOfNumber(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte)
    }
}
