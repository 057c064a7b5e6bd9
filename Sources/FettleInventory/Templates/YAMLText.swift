/// Text as a YAML scalar that every reader takes for exactly this text.
enum YAMLText {
    /// Without quotes only where no version of YAML could see a number, a boolean or a sign in it.
    static func scalar(_ text: String) -> String {
        isPlain(text) ? text : doubleQuoted(text)
    }

    static func doubleQuoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            default:
                let isVisible = String(scalar).isPlainLine
                if isVisible {
                    result.unicodeScalars.append(scalar)
                } else {
                    let digits = String(scalar.value, radix: 16, uppercase: true)
                    result += "\\U" + String(repeating: "0", count: 8 - digits.utf8.count) + digits
                }
            }
        }
        return result + "\""
    }

    /// `[a, b]`, broken before column 100 and indented.
    static func flowList(_ items: [String], indent: Int) -> String {
        let margin = String(repeating: " ", count: indent + 2)
        var lines: [String] = []
        var line = ""
        for (index, item) in items.enumerated() {
            let word = scalar(item) + (index == items.count - 1 ? "" : ",")
            if !line.isEmpty, margin.utf8.count + line.utf8.count + word.utf8.count >= 100 {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        lines.append(line)
        guard lines.count > 1 else { return "[\(lines[0])]" }
        let body = lines.map { margin + $0 }.joined(separator: "\n")
        return "[\n\(body)\n\(String(repeating: " ", count: indent))]"
    }

    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, NameRule.isAlphanumeric(first) else { return false }
        // YAML 1.1 knows more booleans, and numbers with colons and underscores: none of them passes.
        guard !YAMLScalar.isDigit(first) || text.utf8.contains(where: isLetterBeyondNumbers) else { return false }
        guard !isWordOfYAML(text), YAMLScalar.kind(ofPlain: text) == .text else { return false }
        var previous: UInt8 = 0
        for byte in text.utf8 {
            let isSeparator = previous == UInt8(ascii: ":") && !isPathByte(byte)
            guard NameRule.isAlphanumeric(byte) || "._-/@:+".utf8.contains(byte), !isSeparator else { return false }
            previous = byte
        }
        return previous != UInt8(ascii: ":")
    }

    /// Words that are no text to one version of YAML or another.
    static func isWordOfYAML(_ text: String) -> Bool {
        ["y", "n", "yes", "no", "on", "off", "true", "false", "null"].contains(text.lowercased())
    }

    private static func isPathByte(_ byte: UInt8) -> Bool { NameRule.isAlphanumeric(byte) || byte == UInt8(ascii: "/") }

    private static func isLetterBeyondNumbers(_ byte: UInt8) -> Bool {
        NameRule.isAlphanumeric(byte) && !YAMLScalar.isDigit(byte) && !"abcdefoxABCDEFOX".utf8.contains(byte)
    }
}
