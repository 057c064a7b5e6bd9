/// The configuration as `nginx -T` prints it: every file after the line `# configuration file PATH:`.
struct NginxDump: Sendable {
    private let tokens: [Substring]

    init(_ text: String) { tokens = Self.tokens(of: text) }

    /// Whether a block `upstream NAME { ... }` includes the file, by its path or by one relative to the configuration's folder.
    func upstream(_ name: String, includes path: String) -> Bool {
        var place = 0
        while let start = tokens[place...].firstIndex(of: "upstream") {
            place = start + 1
            guard start + 2 < tokens.count, tokens[start + 1] == name, tokens[start + 2] == "{" else { continue }
            let end = tokens[start...].firstIndex(of: "}") ?? tokens.endIndex
            for index in (start + 3)..<max(start + 3, end) where tokens[index] == "include" && index + 1 < end {
                let given = tokens[index + 1]
                if given == path || (!given.hasPrefix("/") && path.hasSuffix("/" + given)) { return true }
            }
        }
        return false
    }

    /// Words, and `{`, `}`, `;` alone. Comments are left out; quotes hold a word together
    /// ([Configuration file's structure](https://nginx.org/en/docs/beginners_guide.html#conf_structure)).
    private static func tokens(of text: String) -> [Substring] {
        let bytes = text.utf8
        var tokens: [Substring] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            switch bytes[index] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"):
                index = bytes.index(after: index)
            case UInt8(ascii: "#"):
                index = bytes[index...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
            case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: ";"):
                let next = bytes.index(after: index)
                tokens.append(text[index..<next])
                index = next
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                tokens.append(quoted(text, &index))
            default:
                let end = bytes[index...].firstIndex { " \t\r\n;{}".utf8.contains($0) } ?? bytes.endIndex
                tokens.append(text[index..<end])
                index = end
            }
        }
        return tokens
    }

    /// Without its quotes; what is escaped in it stays as it is.
    private static func quoted(_ text: String, _ index: inout String.Index) -> Substring {
        let bytes = text.utf8
        let mark = bytes[index]
        let start = bytes.index(after: index)
        index = start
        while index < bytes.endIndex, bytes[index] != mark {
            if bytes[index] == UInt8(ascii: "\\") { bytes.formIndex(after: &index) }
            if index < bytes.endIndex { bytes.formIndex(after: &index) }
        }
        let word = text[start..<index]
        if index < bytes.endIndex { bytes.formIndex(after: &index) }
        return word
    }
}
