import Foundation
import Testing

/// A case that SciPy has answered (`reference.py`).
struct Reference: Decodable {
    let kind: String
    private let numbers: [String: Double]
    private let lists: [String: [Double]]

    static func all(_ kind: String) throws -> [Reference] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/reference.jsonl")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        let cases = try lines.map { try JSONDecoder().decode(Reference.self, from: Data($0.utf8)) }
        let found = cases.filter { $0.kind == kind }
        // A test over no case at all proves nothing.
        try #require(found.count >= 9, "there are too few cases of \(kind)")
        return found
    }

    func number(_ name: String) throws -> Double { try #require(numbers[name], "\(kind) has no \(name)") }
    func count(_ name: String) throws -> Int { try #require(Int(exactly: number(name)), "\(name) is no count") }
    func list(_ name: String) throws -> [Double] { try #require(lists[name], "\(kind) has no \(name)") }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Name.self)
        var (kind, numbers, lists) = ("", [String: Double](), [String: [Double]]())
        for key in container.allKeys {
            if key.stringValue == "kind" {
                kind = try container.decode(String.self, forKey: key)
            } else if let number = try? container.decode(Double.self, forKey: key) {
                numbers[key.stringValue] = number
            } else {
                lists[key.stringValue] = try container.decode([Double].self, forKey: key)
            }
        }
        (self.kind, self.numbers, self.lists) = (kind, numbers, lists)
    }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

/// Whether two numbers agree to so many digits, or differ by less than a double near 1 can tell.
func agree(_ value: Double, _ expected: Double, digits: Double = 12) -> Bool {
    if value == expected { return true }
    return abs(value - expected) <= max(abs(expected) * pow(10, -digits), 1e-300)
}
