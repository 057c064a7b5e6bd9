/// A value of a YAML file with the place where it stands.
struct YAMLValue {
    var content: Content
    var place: Place

    enum Content {
        case scalar(YAMLScalar)
        case sequence([YAMLValue])
        /// In the order of the file; no key twice.
        case mapping([YAMLEntry])
        /// A value with a tag that nobody here understands, such as `!vault`.
        case tagged(String)
    }

    /// What it is, for a message: `a list`, `the number 42`.
    var kindInWords: String {
        switch content {
        case .scalar(let scalar):
            switch scalar.kind {
            case .null: "nothing"
            case .boolean: "the boolean \(scalar.text.shown())"
            case .integer, .decimal: "the number \(scalar.text.shown())"
            case .text: "the text \(scalar.text.quoted)"
            }
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .tagged(let tag): "a value with the tag \(tag.quoted)"
        }
    }

    var scalar: YAMLScalar? { if case .scalar(let scalar) = content { scalar } else { nil } }
    var sequence: [YAMLValue]? { if case .sequence(let values) = content { values } else { nil } }
    var mapping: [YAMLEntry]? { if case .mapping(let entries) = content { entries } else { nil } }
    var isNull: Bool { scalar?.kind == .null }
}

struct YAMLEntry {
    var key: String
    var keyPlace: Place
    var value: YAMLValue
}

/// A scalar as it stands in the file, and what YAML 1.2's core schema takes it for
/// ([YAML 1.2.2, 10.3.2](https://yaml.org/spec/1.2.2/#1032-tag-resolution)): `yes` is text, `true` is a boolean.
struct YAMLScalar {
    var text: String
    var kind: Kind

    enum Kind {
        case null, boolean, integer, decimal, text
    }

    init(text: String, isPlain: Bool) {
        self.text = text
        kind = isPlain ? Self.kind(ofPlain: text) : .text
    }

    static func kind(ofPlain text: String) -> Kind {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "false", "False", "FALSE": return .boolean
        case ".nan", ".NaN", ".NAN": return .decimal
        default: break
        }
        var digits = text.utf8[...]
        if text.hasPrefix("0o"), text.utf8.count > 2 {
            return digits.dropFirst(2).allSatisfy { (0x30...0x37).contains($0) } ? .integer : .text
        }
        if text.hasPrefix("0x"), text.utf8.count > 2 {
            return digits.dropFirst(2).allSatisfy(isHexadecimal) ? .integer : .text
        }
        if digits.first == UInt8(ascii: "-") || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        if !digits.isEmpty, digits.allSatisfy(isDigit) { return .integer }
        if [".inf", ".Inf", ".INF"].contains(Substring(digits)) { return .decimal }
        return isDecimal(Array(digits)) ? .decimal : .text
    }

    static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }

    /// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
    private static func isDecimal(_ bytes: [UInt8]) -> Bool {
        var index = 0
        func digits() -> Int {
            let start = index
            while index < bytes.count, isDigit(bytes[index]) { index += 1 }
            return index - start
        }
        let whole = digits()
        var fraction = 0
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            fraction = digits()
        }
        guard whole + fraction > 0 else { return false }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
                index += 1
            }
            guard digits() > 0 else { return false }
        }
        return index == bytes.count
    }
}
