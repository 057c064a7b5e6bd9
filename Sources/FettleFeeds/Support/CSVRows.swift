internal import Foundation

/// The rows of a CSV text, one after the other (RFC 4180, https://www.rfc-editor.org/rfc/rfc4180): fields in quotes may
/// hold commas, line ends and doubled quotes.
struct CSVRows {
    /// Of a row; a row with more ends here, so that no row grows with the document.
    static let maximumFields = 256

    private let bytes: [UInt8]
    private var position = 0
    /// Whether the text ended within quotes: it is cut off.
    private(set) var isCutOff = false
    /// Of the row that was read last, from 1.
    private(set) var line = 0
    private var lines = 1

    init(_ data: Data) {
        bytes = Array(data.starts(with: [0xEF, 0xBB, 0xBF]) ? data.dropFirst(3) : data)
    }

    /// Nil behind the last; empty lines are passed over.
    mutating func next() -> [String]? {
        while position < bytes.count, bytes[position] == 0x0A || bytes[position] == 0x0D {
            if bytes[position] == 0x0A { lines += 1 }
            position += 1
        }
        guard position < bytes.count else { return nil }
        line = lines
        var fields: [String] = []
        while true {
            let text = field()
            if fields.count < Self.maximumFields { fields.append(text) }
            guard position < bytes.count, bytes[position] == UInt8(ascii: ",") else { break }
            position += 1
        }
        return fields
    }

    private mutating func field() -> String {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
            let start = position
            while position < bytes.count, !Self.endsField(bytes[position]) { position += 1 }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }
        position += 1
        var text: [UInt8] = []
        while true {
            guard position < bytes.count else {
                isCutOff = true
                break
            }
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: "\"") {
                guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { break }
                position += 1
            } else if byte == 0x0A {
                lines += 1
            }
            text.append(byte)
        }
        // What stands behind the closing quote belongs to no field.
        while position < bytes.count, !Self.endsField(bytes[position]) { position += 1 }
        return String(decoding: text, as: UTF8.self)
    }

    private static func endsField(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == 0x0A || byte == 0x0D
    }
}
