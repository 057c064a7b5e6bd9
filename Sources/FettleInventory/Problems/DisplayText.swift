extension StringProtocol {
    /// The text as it may stand in a message on a terminal: control characters, line breaks and marks that turn the
    /// direction of writing are written out (`\u{1B}`), and what is too long is cut.
    func shown(limit: Int = 80) -> String {
        var result = ""
        var count = 0
        for scalar in unicodeScalars {
            guard count < limit else { return result + "…" }
            count += 1
            if Self.isHidden(scalar) {
                result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The text in quotes, safe to show.
    var quoted: String { "'\(shown())'" }

    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
        default: false
        }
    }

    /// Whether it can be kept as text of one line: no control characters, no hidden marks.
    var isPlainLine: Bool { unicodeScalars.allSatisfy { !Self.isHidden($0) } }
}

extension Int {
    /// `1 host`, `3 hosts`.
    func counted(_ singular: String, _ plural: String? = nil) -> String {
        "\(self) \(self == 1 ? singular : plural ?? singular + "s")"
    }
}

extension Collection where Element == String {
    /// `'a', 'b' and 3 more`.
    func listed(limit: Int = 5) -> String {
        let first = prefix(limit).map(\.quoted).joined(separator: ", ")
        return count > limit ? "\(first) and \(count - limit) more" : first
    }
}
