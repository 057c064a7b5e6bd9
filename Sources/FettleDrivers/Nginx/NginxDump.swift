/// The configuration as `nginx -T` prints it: every file after the line `# configuration file PATH:`.
struct NginxDump: Sendable {
    /// What an upstream is made of.
    enum Servers: Sendable {
        case ofTheFile, notOfTheFile
        /// A `server` stands in the block itself, or a second `include`.
        case ofOthersToo
    }

    private let tokens: [Substring]
    private let text: String

    init(_ text: String) {
        self.text = text
        tokens = Self.tokens(of: text)
    }

    /// Whether a block `upstream NAME { ... }` includes the file and nothing else that could hold servers, by the file's
    /// path or by one relative to the configuration's folder; and whether nginx has read it under exactly this path.
    func upstream(_ name: String, isMadeOf path: String) -> Servers {
        let heading = "# configuration file \(path):".utf8
        guard text.utf8.split(separator: UInt8(ascii: "\n")).contains(where: { $0.elementsEqual(heading) }) else {
            return .notOfTheFile
        }
        var place = 0
        while let start = tokens[place...].firstIndex(of: "upstream") {
            place = start + 1
            guard start + 2 < tokens.count, tokens[start + 1] == name, tokens[start + 2] == "{" else { continue }
            let end = tokens[start...].firstIndex(of: "}") ?? tokens.endIndex
            guard start + 3 < end else { continue }
            // Directives have no blocks in an upstream, so each begins after a semicolon.
            let directives = tokens[(start + 3)..<end].split(separator: ";")
            let includes = directives.filter { $0.first == "include" }.map { $0.dropFirst().first ?? "" }
            guard includes.contains(where: { $0 == path || (!$0.hasPrefix("/") && path.hasSuffix("/" + $0)) }) else {
                continue
            }
            return includes.count == 1 && !directives.contains { $0.first == "server" } ? .ofTheFile : .ofOthersToo
        }
        return .notOfTheFile
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
