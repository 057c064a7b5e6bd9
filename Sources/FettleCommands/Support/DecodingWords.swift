import Foundation

/// Why a JSON text could not be read, in a sentence: what, and where in it.
enum DecodingWords {
    /// - Parameter data: the text, to find the place where it stops being JSON; nil: not at hand.
    static func of(_ error: any Error, in data: Data? = nil) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        switch error {
        case .keyNotFound(let key, let context): return "'\(key.stringValue)' is missing\(place(context))"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "\(context.debugDescription)\(place(context))"
        case .dataCorrupted(let context):
            if context.codingPath.isEmpty, let fault = data.flatMap(JSONFault.first) {
                return "it is not right JSON: \(fault.words)"
            }
            return "it is not right JSON\(place(context)): \(context.debugDescription)"
        @unknown default: return "\(error)"
        }
    }

    private static func place(_ context: DecodingError.Context) -> String {
        guard !context.codingPath.isEmpty else { return "" }
        return " at "
            + context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
    }
}
