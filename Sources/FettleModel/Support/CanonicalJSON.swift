public import Foundation

/// The one JSON form that digests are taken over: UTF-8, keys sorted, no white space, no escaped slashes.
///
/// Values that are digested hold integers, text, booleans, arrays and objects, never floating point numbers, so that this
/// form agrees with RFC 8785 (JSON Canonicalization Scheme) for them.
public enum CanonicalJSON {
    public static func encode(_ value: some Encodable) throws -> Data {
        if let bytes = CanonicalWriter.bytes(of: value) { return Data(bytes) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    /// The same keys in the same order, indented for people. Not what is digested.
    public static func pretty(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        return try encoder.encode(value)
    }

    public static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        try JSONDecoder().decode(type, from: data)
    }
}
