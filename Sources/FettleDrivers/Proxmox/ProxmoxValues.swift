internal import FettleModel

/// A whole number as Perl writes it: `1`, `1.0` or `"1"`.
struct LooseInt: Decodable, Sendable, Equatable {
    let value: Int

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Int.self) {
            value = number
        } else if let number = (try? container.decode(Double.self)).flatMap({ Int(exactly: $0) }) {
            value = number
        } else if let number = (try? container.decode(String.self)).flatMap({ FactText.number($0, Int.self) }) {
            value = number
        } else {
            throw APIError.garbage("a number is none")
        }
    }
}

/// A part of a processor counts as a whole one: `1.5` or `"1.5"`.
struct LooseCount: Decodable, Sendable, Equatable {
    let value: Int

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let number = (try? container.decode(Double.self)) ?? (try? container.decode(String.self)).flatMap { Double($0) }
        guard let number, number.isFinite, let whole = Int(exactly: number.rounded(.up)) else {
            throw APIError.garbage("a number of processors is none")
        }
        value = whole
    }
}

/// `1`, `"1"` or `true`; nothing at all, `""`, is Perl's "no".
struct LooseFlag: Decodable, Sendable, Equatable {
    let value: Bool

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let flag = try? container.decode(Bool.self) {
            value = flag
        } else if (try? container.decode(String.self)) == "" {
            value = false
        } else {
            value = try LooseInt(from: decoder).value != 0
        }
    }
}

/// The number of a guest, which is its alone in the cluster.
struct GuestNumber: Decodable, Sendable, Hashable {
    let value: Int

    init(from decoder: any Decoder) throws {
        let number = try LooseInt(from: decoder).value
        guard (100...999_999_999).contains(number) else { throw APIError.garbage("a guest has no number") }
        value = number
    }
}

enum ProxmoxName {
    /// Of a node: a host's name without its domain, which a resource's id may have.
    ///
    /// - Returns: nil where no node can be named so.
    static func node(of resource: ResourceID) -> String? {
        let name = resource.rawValue.prefix { $0 != "." }
        return isNode(name) ? String(name) : nil
    }

    static func isNode(_ text: some StringProtocol) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"): true
                default: false
                }
            }
    }
}
