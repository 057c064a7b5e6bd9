/// Words of other programs, made fit for a message and a terminal.
enum SafeText {
    static let limit = 500

    /// The last lines that say something, joined by "; ", control characters taken out, at most `limit` characters;
    /// nil if nothing is left.
    static func lastLines(of text: String) -> String? {
        var lines: [String] = []
        var length = 0
        for line in text.split(whereSeparator: \.isNewline).reversed() {
            let clean = withoutControls(line)
            guard !clean.isEmpty else { continue }
            guard length + clean.count <= limit || lines.isEmpty else { break }
            lines.append(String(clean.suffix(limit)))
            length += clean.count + 2
        }
        return lines.isEmpty ? nil : lines.reversed().joined(separator: "; ")
    }

    /// Without control characters, and those of Unicode that turn the direction of text or hide it.
    private static func withoutControls(_ line: Substring) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in line.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse, .surrogate: continue
            default: scalars.append(scalar)
            }
        }
        return String(scalars).trimmingSpaces()
    }
}

extension String {
    fileprivate func trimmingSpaces() -> String {
        var text = Substring(self)
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
