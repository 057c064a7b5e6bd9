import Foundation

/// Writes the canonical form in one pass, for what nearly all values are made of: text, whole numbers, booleans, lists and objects.
///
/// Foundation's encoder makes a tree of dictionaries first, which costs several times as much; what is left to it is everything
/// that this one gives up: numbers with a fraction, dates, raw data, URLs, decimals, keys with characters to escape, containers
/// that are opened inside of others by hand, and whatever throws. The bytes are the same, whoever writes them.
enum CanonicalWriter {
    /// - Returns: nil where Foundation has to write it.
    static func bytes(of value: some Encodable) -> [UInt8]? {
        let root = JSONNode()
        guard (try? root.write(value)) != nil, root.hasValue, !root.isGivenUp else { return nil }
        var bytes: [UInt8] = []
        root.finish(into: &bytes)
        return bytes
    }
}

/// The whole value is left to Foundation.
private struct GivenUp: Error {}

/// A value while it is being written. Used again for the next one at the same depth: nobody holds it beyond `encode(to:)` but
/// those for whom it gives up.
private final class JSONNode: Encoder {
    private enum Kind { case nothing, single, list, object }

    /// A member of an object: places in `out`.
    private struct Member {
        var key: Range<Int>
        /// With the key, its quotes and the colon.
        var whole: Range<Int>
    }

    /// Of whom errors would tell it; this one's are never shown.
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }
    private(set) var isGivenUp = false
    private(set) var count = 0
    private var kind = Kind.nothing
    private var out: [UInt8] = []
    private var members: [Member] = []
    private var below: JSONNode?

    var hasValue: Bool { kind != .nothing }

    private func reset() {
        isGivenUp = false
        count = 0
        kind = .nothing
        out.removeAll(keepingCapacity: true)
        members.removeAll(keepingCapacity: true)
    }

    // MARK: Encoder

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        become(.object)
        return KeyedEncodingContainer(JSONMembers<Key>(node: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        become(.list)
        return JSONElements(node: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { JSONSingle(node: self) }

    private func become(_ kind: Kind) {
        if self.kind != .nothing, self.kind != kind { isGivenUp = true }
        self.kind = kind
    }

    // MARK: Parts

    func write<Value: Encodable>(_ value: Value) throws {
        // By their own `encode(to:)` these would be something else than what Foundation makes of them.
        if Value.self == Data.self || Value.self == URL.self || Value.self == Decimal.self || Value.self == Date.self {
            throw GivenUp()
        }
        try value.encode(to: self)
    }

    func single(_ write: (inout [UInt8]) -> Void) {
        if kind != .nothing { isGivenUp = true }
        kind = .single
        write(&out)
    }

    func element(_ write: (inout [UInt8]) -> Void) {
        separate()
        write(&out)
    }

    func element(_ value: some Encodable) throws {
        separate()
        try nested(value)
    }

    func member(_ key: some CodingKey, _ write: (inout [UInt8]) -> Void) throws {
        let (start, keyEnd) = try begin(key)
        write(&out)
        members.append(Member(key: start + 1..<keyEnd, whole: start..<out.count))
    }

    func member(_ key: some CodingKey, _ value: some Encodable) throws {
        let (start, keyEnd) = try begin(key)
        try nested(value)
        members.append(Member(key: start + 1..<keyEnd, whole: start..<out.count))
    }

    /// A container that is filled later, when nobody here knows.
    func giveUp() -> JSONNode {
        isGivenUp = true
        return JSONNode()
    }

    private func separate() {
        if count > 0 { out.append(UInt8(ascii: ",")) }
        count += 1
    }

    /// A key whose text is not its JSON would be sorted by the wrong one.
    private func begin(_ key: some CodingKey) throws -> (start: Int, keyEnd: Int) {
        let text = key.stringValue
        let start = out.count
        JSONText.append(text, to: &out)
        guard out.count == start + text.utf8.count + 2 else { throw GivenUp() }
        out.append(UInt8(ascii: ":"))
        return (start, out.count - 2)
    }

    private func nested(_ value: some Encodable) throws {
        let node = below ?? JSONNode()
        below = node
        node.reset()
        try node.write(value)
        guard !node.isGivenUp else { throw GivenUp() }
        node.finish(into: &out)
    }

    // MARK: End

    /// What it has become, behind what is there already. A value that wrote nothing is an empty object.
    func finish(into bytes: inout [UInt8]) {
        switch kind {
        case .single: bytes += out
        case .list:
            bytes.append(UInt8(ascii: "["))
            bytes += out
            bytes.append(UInt8(ascii: "]"))
        case .nothing, .object:
            bytes.append(UInt8(ascii: "{"))
            finishMembers(into: &bytes)
            bytes.append(UInt8(ascii: "}"))
        }
    }

    /// Sorted by their keys' bytes. Of two with the same key the later one counts.
    private func finishMembers(into bytes: inout [UInt8]) {
        out.withUnsafeBufferPointer { out in
            // Few, and often nearly in order.
            for next in members.indices.dropFirst() {
                let member = members[next]
                var place = next
                while place > 0, Self.precedes(member.key, members[place - 1].key, in: out) {
                    members[place] = members[place - 1]
                    place -= 1
                }
                members[place] = member
            }
            var isFirst = true
            for (place, member) in members.enumerated() {
                if place + 1 < members.count, !Self.precedes(member.key, members[place + 1].key, in: out) { continue }
                if !isFirst { bytes.append(UInt8(ascii: ",")) }
                isFirst = false
                bytes += out[member.whole]
            }
        }
    }

    private static func precedes(
        _ left: Range<Int>, _ right: Range<Int>, in bytes: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        for offset in 0..<min(left.count, right.count) {
            let (one, other) = (bytes[left.lowerBound + offset], bytes[right.lowerBound + offset])
            if one != other { return one < other }
        }
        return left.count < right.count
    }
}

/// Text and numbers as JSON has them.
private enum JSONText {
    private static let hexadecimal = Array("0123456789abcdef".utf8)

    static func append(_ text: String, to bytes: inout [UInt8]) {
        let quote = UInt8(ascii: "\"")
        bytes.append(quote)
        let isDone: Void? = text.utf8.withContiguousStorageIfAvailable { append($0, to: &bytes) }
        if isDone == nil { Array(text.utf8).withUnsafeBufferPointer { append($0, to: &bytes) } }
        bytes.append(quote)
    }

    private static func append(_ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
        var plain = 0
        for place in text.indices {
            let byte = text[place]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            bytes += text[plain..<place]
            plain = place + 1
            bytes.append(UInt8(ascii: "\\"))
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
            case 0x08: bytes.append(UInt8(ascii: "b"))
            case 0x09: bytes.append(UInt8(ascii: "t"))
            case 0x0A: bytes.append(UInt8(ascii: "n"))
            case 0x0C: bytes.append(UInt8(ascii: "f"))
            case 0x0D: bytes.append(UInt8(ascii: "r"))
            default:
                bytes += [UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0")]
                bytes += [hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]]
            }
        }
        bytes += text[plain...]
    }

    static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) { bytes += String(number).utf8 }

    static func append(_ isTrue: Bool, to bytes: inout [UInt8]) { bytes += (isTrue ? "true" : "false").utf8 }

    static func appendNull(to bytes: inout [UInt8]) { bytes += "null".utf8 }
}

// MARK: - Containers

private struct JSONMembers<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: JSONNode
    var codingPath: [any CodingKey] { [] }

    func encodeNil(forKey key: Key) throws { try node.member(key) { JSONText.appendNull(to: &$0) } }
    func encode(_ value: Bool, forKey key: Key) throws { try node.member(key) { JSONText.append(value, to: &$0) } }
    func encode(_ value: String, forKey key: Key) throws { try node.member(key) { JSONText.append(value, to: &$0) } }
    func encode(_ value: Double, forKey key: Key) throws { throw GivenUp() }
    func encode(_ value: Float, forKey key: Key) throws { throw GivenUp() }
    func encode(_ value: Int, forKey key: Key) throws { try node.member(key) { JSONText.append(value, to: &$0) } }
    func encode(_ value: Int8, forKey key: Key) throws { try node.member(key) { JSONText.append(value, to: &$0) } }
    func encode(_ value: Int16, forKey key: Key) throws { try node.member(key) { JSONText.append(value, to: &$0) } }
    func encode(_ value: Int32, forKey key: Key) throws { try node.member(key) { JSONText.append(value, to: &$0) } }
    func encode(_ value: Int64, forKey key: Key) throws { try node.member(key) { JSONText.append(value, to: &$0) } }
    func encode(_ value: UInt, forKey key: Key) throws { try node.member(key) { JSONText.append(value, to: &$0) } }
    func encode(_ value: UInt8, forKey key: Key) throws { try node.member(key) { JSONText.append(value, to: &$0) } }
    func encode(_ value: UInt16, forKey key: Key) throws { try node.member(key) { JSONText.append(value, to: &$0) } }
    func encode(_ value: UInt32, forKey key: Key) throws { try node.member(key) { JSONText.append(value, to: &$0) } }
    func encode(_ value: UInt64, forKey key: Key) throws { try node.member(key) { JSONText.append(value, to: &$0) } }
    func encode(_ value: some Encodable, forKey key: Key) throws { try node.member(key, value) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        node.giveUp().container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { node.giveUp().unkeyedContainer() }
    func superEncoder() -> any Encoder { node.giveUp() }
    func superEncoder(forKey key: Key) -> any Encoder { node.giveUp() }
}

private struct JSONElements: UnkeyedEncodingContainer {
    let node: JSONNode
    var codingPath: [any CodingKey] { [] }
    var count: Int { node.count }

    func encodeNil() throws { node.element { JSONText.appendNull(to: &$0) } }
    func encode(_ value: Bool) throws { node.element { JSONText.append(value, to: &$0) } }
    func encode(_ value: String) throws { node.element { JSONText.append(value, to: &$0) } }
    func encode(_ value: Double) throws { throw GivenUp() }
    func encode(_ value: Float) throws { throw GivenUp() }
    func encode(_ value: Int) throws { node.element { JSONText.append(value, to: &$0) } }
    func encode(_ value: Int8) throws { node.element { JSONText.append(value, to: &$0) } }
    func encode(_ value: Int16) throws { node.element { JSONText.append(value, to: &$0) } }
    func encode(_ value: Int32) throws { node.element { JSONText.append(value, to: &$0) } }
    func encode(_ value: Int64) throws { node.element { JSONText.append(value, to: &$0) } }
    func encode(_ value: UInt) throws { node.element { JSONText.append(value, to: &$0) } }
    func encode(_ value: UInt8) throws { node.element { JSONText.append(value, to: &$0) } }
    func encode(_ value: UInt16) throws { node.element { JSONText.append(value, to: &$0) } }
    func encode(_ value: UInt32) throws { node.element { JSONText.append(value, to: &$0) } }
    func encode(_ value: UInt64) throws { node.element { JSONText.append(value, to: &$0) } }
    func encode(_ value: some Encodable) throws { try node.element(value) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        node.giveUp().container(keyedBy: type)
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { node.giveUp().unkeyedContainer() }
    func superEncoder() -> any Encoder { node.giveUp() }
}

private struct JSONSingle: SingleValueEncodingContainer {
    let node: JSONNode
    var codingPath: [any CodingKey] { [] }

    func encodeNil() throws { node.single { JSONText.appendNull(to: &$0) } }
    func encode(_ value: Bool) throws { node.single { JSONText.append(value, to: &$0) } }
    func encode(_ value: String) throws { node.single { JSONText.append(value, to: &$0) } }
    func encode(_ value: Double) throws { throw GivenUp() }
    func encode(_ value: Float) throws { throw GivenUp() }
    func encode(_ value: Int) throws { node.single { JSONText.append(value, to: &$0) } }
    func encode(_ value: Int8) throws { node.single { JSONText.append(value, to: &$0) } }
    func encode(_ value: Int16) throws { node.single { JSONText.append(value, to: &$0) } }
    func encode(_ value: Int32) throws { node.single { JSONText.append(value, to: &$0) } }
    func encode(_ value: Int64) throws { node.single { JSONText.append(value, to: &$0) } }
    func encode(_ value: UInt) throws { node.single { JSONText.append(value, to: &$0) } }
    func encode(_ value: UInt8) throws { node.single { JSONText.append(value, to: &$0) } }
    func encode(_ value: UInt16) throws { node.single { JSONText.append(value, to: &$0) } }
    func encode(_ value: UInt32) throws { node.single { JSONText.append(value, to: &$0) } }
    func encode(_ value: UInt64) throws { node.single { JSONText.append(value, to: &$0) } }
    func encode(_ value: some Encodable) throws { try node.write(value) }
}
