import Foundation

/// JSON from outside, within bounds.
enum JSONParts {
    static func object(_ bytes: Data, limit: Int, _ what: String) throws(IDTokenError) -> [String: Any] {
        guard bytes.count <= limit, let value = try? JSONSerialization.jsonObject(with: bytes) as? [String: Any] else {
            throw IDTokenError(.malformed, "\(what): no JSON object of up to \(limit) bytes")
        }
        return value
    }

    /// Source: https://www.rfc-editor.org/rfc/rfc7515#appendix-C
    static func base64URL(_ text: Substring) -> Data? {
        guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "=") })
        else {
            return nil
        }
        let plain = text.replacing("-", with: "+").replacing("_", with: "/")
        return Data(base64Encoded: plain + String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4))
    }

    /// Whole seconds; true and false are numbers to Foundation and are none here.
    static func seconds(_ value: Any?) -> Double? {
        guard let number = value as? NSNumber, !(value is Bool) else { return nil }
        let seconds = number.doubleValue
        return seconds.isFinite && abs(seconds) < 1e11 ? seconds : nil
    }
}
