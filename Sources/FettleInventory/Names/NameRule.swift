/// What names may look like. They go into files, commands, web pages and the terminal, so that only harmless letters may
/// be in them; none begins with `-`, so that none can be taken for an option.
enum NameRule {
    static let maximumLength = 128
    static let inWords = "letters, digits and . _ -, beginning with a letter or a digit, at most 128"

    /// Ids of resources, groups and environments: `[A-Za-z0-9][A-Za-z0-9._-]*`.
    static func isIdentifier(_ name: String) -> Bool {
        guard let first = name.utf8.first, isAlphanumeric(first), name.utf8.count <= maximumLength else { return false }
        return name.utf8.allSatisfy { isAlphanumeric($0) || ".-_".utf8.contains($0) }
    }

    /// Keys of labels: like ids, with `/` too, for keys such as `example.com/team`.
    static func isLabelKey(_ name: String) -> Bool {
        guard let first = name.utf8.first, isAlphanumeric(first), name.utf8.count <= maximumLength else { return false }
        return name.utf8.allSatisfy { isAlphanumeric($0) || ".-_/".utf8.contains($0) }
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}

extension Reading {
    /// A name that follows the rule for ids.
    ///
    /// - Parameter ranges: what is said of ranges where the text looks like one.
    func identifier(_ value: YAMLValue, _ name: String, ranges: String? = nil) -> String? {
        guard let text = text(value, name) else { return nil }
        return identifier(text, name, at: value.place, ranges: ranges)
    }

    func identifier(_ text: String, _ name: String, at place: Place, ranges: String? = nil) -> String? {
        guard NameRule.isIdentifier(text) else {
            let range = text.contains("[") ? ranges.map { "; \($0)" } ?? "" : ""
            problem("\(text.quoted) cannot be \(name)", at: place, hint: NameRule.inWords + range)
            return nil
        }
        return text
    }
}
