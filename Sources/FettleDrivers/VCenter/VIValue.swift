import FettleModel
internal import Foundation

/// What the Virtual Infrastructure JSON API tells of one property: values whose kind only the answer says. A primitive in the place of
/// anything comes as `{"_typeName": "string", "_value": "…"}`, and is the value itself here.
indirect enum VIValue: Decodable, Sendable, Equatable {
    case null
    case text(String)
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case list([VIValue])
    case fields([String: VIValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let fields = try? container.decode([String: VIValue].self) {
            self = fields["_value"] ?? .fields(fields)
        } else if let list = try? container.decode([VIValue].self) {
            self = .list(list)
        } else if let flag = try? container.decode(Bool.self) {
            self = .boolean(flag)
        } else if let number = try? container.decode(Int.self) {
            self = .integer(number)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if container.decodeNil() {
            self = .null
        } else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no value")
        }
    }

    subscript(_ key: String) -> VIValue? {
        guard case .fields(let fields) = self else { return nil }
        return fields[key]
    }

    var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    var flag: Bool? {
        guard case .boolean(let flag) = self else { return nil }
        return flag
    }

    var integer: Int? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    var list: [VIValue]? {
        guard case .list(let list) = self else { return nil }
        return list
    }

    /// Of which kind an object is.
    var type: String? { self["_typeName"]?.text }

    /// nil: it is none, or one that goes into no address.
    var reference: VIReference? {
        guard let type = self["type"]?.text, let value = self["value"]?.text else { return nil }
        return VIReference(type, value)
    }
}

/// A managed object of vCenter: its kind, and its id, which is its own as long as it is in the inventory.
struct VIReference: Sendable, Hashable, Comparable, CustomStringConvertible {
    let type: String
    let value: String

    /// - Returns: nil for what could be read as more than one part of a path.
    init?(_ type: String, _ value: String) {
        func isPlain(_ text: String, _ limit: Int, _ others: String) -> Bool {
            (1...limit).contains(text.utf8.count)
                && text.utf8.allSatisfy { byte in
                    switch byte {
                    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                    default: others.utf8.contains(byte)
                    }
                }
        }
        guard isPlain(type, 80, ""), isPlain(value, 128, "-_."), value.utf8.first != UInt8(ascii: ".") else {
            return nil
        }
        self.type = type
        self.value = value
    }

    /// As it goes into a question.
    var json: [String: Any] { ["_typeName": "ManagedObjectReference", "type": type, "value": value] }

    var description: String { value }

    static func < (one: VIReference, other: VIReference) -> Bool { (one.type, one.value) < (other.type, other.value) }
}

/// Why vCenter could not, in its own words.
struct VIFault: Sendable, Equatable {
    /// Such as `NoPermission`; nil: it does not say.
    var kind: String?
    /// One line for people.
    var words: String

    /// Of an answer with a status of a failure: `{"_typeName": "NoPermission", "faultMessage": […], …}`.
    init(_ answer: APIAnswer) {
        let body = try? JSONDecoder().decode(VIValue.self, from: Data(answer.body))
        let messages = (body?["faultMessage"]?.list ?? []).compactMap { $0["message"]?.text }
        let said = [body?["faultstring"]?.text, messages.joined(separator: " ")].compactMap { $0 }
        self.init(kind: body?.type, said: said.first { !$0.isEmpty } ?? answer.reason, missing: Self.missing(body))
        words = "\(answer.status) \(words)"
    }

    /// Of a task that has come to nothing, or of what speaks against something: a `LocalizedMethodFault`.
    init(localized value: VIValue) {
        let fault = value["fault"]
        self.init(kind: fault?.type, said: value["localizedMessage"]?.text ?? "", missing: Self.missing(fault))
    }

    private init(kind: String?, said: String, missing: [String]) {
        self.kind = kind.flatMap { FactText.isName($0) ? $0 : nil }
        let line = SafeText.lastLines(of: FactText.decode(said.utf8))
        var words = [self.kind, line].compactMap { $0 }.joined(separator: ": ")
        if words.isEmpty { words = "without a word" }
        if !missing.isEmpty { words += " (\(PackageWords.list(missing)))" }
        self.words = words
    }

    /// Privileges that the account does not have.
    private static func missing(_ fault: VIValue?) -> [String] {
        let lists = (fault?["missingPrivileges"]?.list ?? []).flatMap { $0["privilegeIds"]?.list ?? [] }
        let all = lists.compactMap(\.text) + [fault?["privilegeId"]?.text].compactMap { $0 }
        return Set(all.map { FactText.excerpt(FactText.decode($0.utf8), limit: 80) }).sorted()
    }
}
