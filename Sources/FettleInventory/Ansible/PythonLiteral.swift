/// Values in Ansible's INI files are Python literals where they look like one, and else text.
enum PythonLiteral {
    static func value(_ text: String, at place: Place, _ reading: Reading) -> YAMLValue {
        func scalar(_ text: String, isPlain: Bool) -> YAMLValue {
            YAMLValue(content: .scalar(YAMLScalar(text: text, isPlain: isPlain)), place: place)
        }
        switch text {
        case "True", "False": return scalar(text, isPlain: true)
        case "None": return scalar("null", isPlain: true)
        default: break
        }
        if let unquoted = unquoted(text) { return scalar(unquoted, isPlain: false) }
        let opening = text.first
        if opening == "[" || opening == "{" || opening == "(", let composite = composite(text, at: place) {
            return composite
        }
        switch YAMLScalar.kind(ofPlain: text) {
        case .integer, .decimal: return scalar(text, isPlain: true)
        default: return scalar(text, isPlain: false)
        }
    }

    /// Lists and dictionaries of quoted text are YAML too. What isn't stays text, as it does in Ansible.
    private static func composite(_ text: String, at place: Place) -> YAMLValue? {
        let inner = Reading(file: "")
        guard let input = try? InputText(text: text, file: ""), let value = YAMLDocument.read(input, inner),
            inner.problems.isEmpty, value.mapping != nil || value.sequence != nil
        else { return nil }
        return moved(value, to: place)
    }

    /// All places become the variable's: the literal's own begin at its first letter.
    private static func moved(_ value: YAMLValue, to place: Place) -> YAMLValue {
        var result = value
        result.place = place
        switch value.content {
        case .sequence(let items): result.content = .sequence(items.map { moved($0, to: place) })
        case .mapping(let entries):
            result.content = .mapping(
                entries.map { YAMLEntry(key: $0.key, keyPlace: place, value: moved($0.value, to: place)) })
        case .scalar, .tagged: break
        }
        return result
    }

    /// The text between quotes that close only at the end; nil if it isn't such.
    private static func unquoted(_ text: String) -> String? {
        guard let mark = text.unicodeScalars.first, mark == "'" || mark == "\"", text.unicodeScalars.count >= 2 else {
            return nil
        }
        var result = String.UnicodeScalarView()
        var isEscaped = false
        var rest = text.unicodeScalars.dropFirst()
        while let scalar = rest.popFirst() {
            if isEscaped {
                switch scalar {
                case "\\", "'", "\"": result.append(scalar)
                case "n": result.append("\n")
                case "t": result.append("\t")
                default: result.append(contentsOf: ["\\", scalar])
                }
                isEscaped = false
            } else if scalar == "\\" {
                isEscaped = true
            } else if scalar == mark {
                return rest.isEmpty ? String(result) : nil
            } else {
                result.append(scalar)
            }
        }
        return nil
    }
}
