/// Looks over YAML text, before it is parsed, for aliases in keys.
///
/// A mapping's keys are compared when it is built. A key that holds an alias to a list of aliases to lists of aliases is
/// small in the file and grows tenfold with each level: nine levels are a thousand million comparisons. Nobody needs an
/// alias in a key, so it is refused. The look is by lines and may see one where a quoted text only looks like it, but only
/// in a file that has anchors too. Aliases in values are bounded later, when the tree is walked.
enum AliasGuard {
    /// The first place where an alias could be part of a key; nil if there is none.
    static func aliasInKey(_ text: String) -> Place? {
        var hasAnchor = false
        var hasAlias = false
        var suspect: Place?
        var line = Place.start.line
        for row in text.utf8.split(omittingEmptySubsequences: false, whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            let look = LineLook(row)
            hasAnchor = hasAnchor || look.hasAnchor
            hasAlias = hasAlias || look.hasAlias
            if suspect == nil, let column = look.suspectColumn { suspect = Place(line: line, column: column) }
            line += 1
        }
        return hasAnchor && hasAlias ? suspect : nil
    }

    /// One line's tokens, as far as they matter.
    private struct LineLook {
        var hasAnchor = false
        var hasAlias = false
        /// Where a `?` stands that begins a key, or an alias with a `:` behind it or behind a bracket around it.
        var suspectColumn: Int?

        init(_ row: Substring.UTF8View) {
            var aliasColumn: Int?
            var atTokenStart = true
            var closed = false
            for (index, byte) in row.enumerated() {
                switch byte {
                case UInt8(ascii: "&") where atTokenStart: hasAnchor = true
                case UInt8(ascii: "*") where atTokenStart:
                    hasAlias = true
                    aliasColumn = aliasColumn ?? index + 1
                    closed = true
                case UInt8(ascii: "?") where atTokenStart: suspectColumn = suspectColumn ?? index + 1
                case UInt8(ascii: ":") where closed:
                    if let aliasColumn { suspectColumn = suspectColumn ?? aliasColumn }
                case UInt8(ascii: "]"), UInt8(ascii: "}"): closed = true
                default: break
                }
                let isBlank = byte == 0x20 || byte == 0x09
                if !isBlank, !Self.isNameOrClosing(byte) { closed = byte == UInt8(ascii: "*") && closed }
                atTokenStart = isBlank || [0x5B, 0x7B, 0x2C, 0x3A, 0x3F, 0x2D].contains(byte)
            }
        }

        /// Bytes of an anchor's name, and closing brackets.
        private static func isNameOrClosing(_ byte: UInt8) -> Bool {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F, 0x5D, 0x7D, 0x80...0xFF: true
            default: false
            }
        }
    }
}
