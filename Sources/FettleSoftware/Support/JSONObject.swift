import Foundation

/// An object of JSON that may hold anything: each look at it says what it expects.
struct JSONObject {
    private let fields: [String: Any]

    /// Refuses what is no JSON, or no object. Foundation's parser bounds the depth (512).
    init(parsing data: Data) throws(Refusal) {
        let value: Any
        do {
            value = try JSONSerialization.jsonObject(with: data)
        } catch {
            throw Refusal("this is no valid JSON: \(Self.problem(error))")
        }
        guard let fields = value as? [String: Any] else { throw Refusal("this is JSON, but no object") }
        self.fields = fields
    }

    init?(_ value: Any?) {
        guard let fields = value as? [String: Any] else { return nil }
        self.fields = fields
    }

    func has(_ key: String) -> Bool { fields[key] != nil }
    func string(_ key: String) -> String? { fields[key] as? String }
    func object(_ key: String) -> JSONObject? { JSONObject(fields[key]) }
    func array(_ key: String) -> [Any]? { fields[key] as? [Any] }
    func isTrue(_ key: String) -> Bool { fields[key] as? Bool == true }
    func isText(_ key: String) -> Bool { fields[key] is String }

    /// A whole number, also one written as text.
    func integer(_ key: String) -> Int? {
        if let text = fields[key] as? String { return Int(text) }
        return fields[key] as? Int
    }

    /// Members in the order of their keys, so that a list reads the same each time.
    var sorted: [(key: String, value: Any)] {
        fields.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) }
    }

    var isEmpty: Bool { fields.isEmpty }

    private static func problem(_ error: any Error) -> String {
        let text = (error as NSError).userInfo["NSDebugDescription"] as? String
        return ListCollector.shown(text ?? "it cannot be parsed")
    }
}
