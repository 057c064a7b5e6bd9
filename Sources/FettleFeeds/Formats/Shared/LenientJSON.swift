/// An element of an array that may be malformed: it is left out, and the others are kept.
struct Lenient<Value: Decodable>: Decodable {
    var value: Value?

    init(from decoder: any Decoder) throws { value = try? Value(from: decoder) }
}

extension KeyedDecodingContainer {
    /// The well-formed elements of an array; none where it is missing or is no array.
    func elements<Value: Decodable>(_ type: Value.Type, _ key: Key) -> [Value] {
        ((try? decodeIfPresent([Lenient<Value>].self, forKey: key)) ?? nil ?? []).compactMap(\.value)
    }

    /// Nil where it is missing or of another type.
    func value<Value: Decodable>(_ type: Value.Type, _ key: Key) -> Value? {
        (try? decodeIfPresent(type, forKey: key)) ?? nil
    }
}
