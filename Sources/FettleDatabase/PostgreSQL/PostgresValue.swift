/// A value bound to a placeholder. It goes over the wire in binary, with its type and length: never as part of the statement,
/// and a NUL inside a text is refused by the server instead of ending it early.
enum PostgresValue {
    case integer(Int64)
    case text(String)
    case bytes([UInt8])

    static func integer(_ value: Int) -> PostgresValue { .integer(Int64(value)) }

    /// The type's object identifier (`pg_type.oid`).
    var type: UInt32 {
        switch self {
        case .integer: PostgresType.int8
        case .text: PostgresType.text
        case .bytes: PostgresType.bytea
        }
    }

    var encoded: [UInt8] {
        switch self {
        case .integer(let value): withUnsafeBytes(of: value.bigEndian) { Array($0) }
        case .text(let text): Array(text.utf8)
        case .bytes(let bytes): bytes
        }
    }
}

/// The few types that the tables use.
enum PostgresType {
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let int8: UInt32 = 20
    static let text: UInt32 = 25
}
