internal import Foundation

/// Decodes to nil instead of failing, so that one malformed part does not cost the whole, and keeps the reason.
struct Lenient<Value: Decodable>: Decodable {
    let value: Value?
    let problem: String?

    init(from decoder: any Decoder) throws {
        do {
            value = try Value(from: decoder)
            problem = nil
        } catch {
            value = nil
            problem = DecodingReason.text(error)
        }
    }
}

extension KeyedDecodingContainer {
    /// The well-formed elements of an array; none where it is missing or is no array.
    func elements<Value: Decodable>(_ type: Value.Type, _ key: Key) -> [Value] {
        (tolerant([Lenient<Value>].self, key) ?? []).compactMap(\.value)
    }

    /// Nil where the name is missing, null, or has a value of another kind: for what a record can do without.
    func tolerant<Value: Decodable>(_ type: Value.Type, _ key: Key) -> Value? {
        (try? decodeIfPresent(type, forKey: key)) ?? nil
    }
}

extension FeedDocument {
    /// All of the document, where it is one piece of JSON.
    ///
    /// - Parameter complaint: what the document isn't: `is no page of Rocky's errata`.
    func decoded<Value: Decodable>(_ type: Value.Type, orElse complaint: String) throws(FeedError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: bytes)
        } catch {
            throw FeedError(name, "\(complaint): \(DecodingReason.text(error))")
        }
    }

    /// One record of many. The failure is of a record that is malformed, and can be left out.
    ///
    /// - Parameter place: the record's, for the message: `record 3`.
    /// - Throws: where it is no JSON at all: the file was damaged, and nobody knows what else of it.
    func record<Value: Decodable>(
        _ type: Value.Type, _ place: String, from value: Data, by decoder: JSONDecoder
    ) throws(FeedError) -> Result<Value, any Error> {
        let record = Result { try decoder.decode(type, from: value) }
        if case .failure = record, case .wrong(let byte) = value.withUnsafeBytes({ JSONEnding(of: $0) }) {
            let words = "\(place) is malformed JSON, at its byte \(byte): fetch the file again, or take it away"
            throw FeedError(name, words)
        }
        return record
    }
}

/// Says in a few words why something could not be decoded.
enum DecodingReason {
    private static let maximumBytes = 200

    static func text(_ error: any Error) -> String {
        let text =
            switch error as? DecodingError {
            case .keyNotFound(let key, let context): "'\(key.stringValue)' is missing\(place(context))"
            case .typeMismatch(_, let context): "a value of the wrong kind\(place(context))"
            case .valueNotFound(_, let context): "a value is missing\(place(context))"
            case .dataCorrupted(let context) where context.codingPath.isEmpty: "it is no valid JSON"
            case .dataCorrupted(let context): "a value cannot be read\(place(context))"
            case nil: "\(error)"
            @unknown default: "\(error)"
            }
        return String(decoding: text.utf8.prefix(maximumBytes), as: UTF8.self)
    }

    private static func place(_ context: DecodingError.Context) -> String {
        guard !context.codingPath.isEmpty else { return "" }
        let names = context.codingPath.suffix(6).map { key in key.intValue.map { "[\($0)]" } ?? key.stringValue }
        return " at \(names.joined(separator: "."))"
    }
}
