import Foundation

/// JSON as it comes from or goes to a receiver.
enum JSONPiece: Codable, Sendable, Equatable {
    case text(String)
    case number(Double)
    case bool(Bool)
    case list([JSONPiece])
    case object([String: JSONPiece])
    case null

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let bool = try? container.decode(Bool.self) {
            self = .bool(bool)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let list = try? container.decode([JSONPiece].self) {
            self = .list(list)
        } else {
            self = .object(try container.decode([String: JSONPiece].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .number(let number): try container.encode(number)
        case .bool(let bool): try container.encode(bool)
        case .list(let list): try container.encode(list)
        case .object(let object): try container.encode(object)
        case .null: try container.encodeNil()
        }
    }

    subscript(_ key: String) -> JSONPiece? {
        if case .object(let object) = self { object[key] } else { nil }
    }

    var text: String? { if case .text(let text) = self { text } else { nil } }
    var list: [JSONPiece]? { if case .list(let list) = self { list } else { nil } }

    /// A whole number, also where it is written as text or with `.0`.
    var integer: Int? {
        switch self {
        case .number(let number): Int(exactly: number)
        case .text(let text): Double(text).flatMap { Int(exactly: $0) }
        default: nil
        }
    }

    /// In one line, keys sorted, so that the same event gives the same bytes.
    static func bytes(_ object: [String: JSONPiece]) throws(DeliveryFailure) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return [UInt8](try encoder.encode(object))
        } catch {
            throw DeliveryFailure("the message cannot be written as JSON", mayPass: false)
        }
    }
}
