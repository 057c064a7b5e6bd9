/// Writes Ansible's INI format.
struct AnsibleINIWriter {
    let content: AnsibleExport

    var text: String {
        var lines = ["# Written by Fettle."] + content.omissions.map { "# \($0)" } + [""]
        for host in content.hosts {
            lines.append(
                ([host.name] + host.variables.map { "\($0.name)=\(hostValue($0.value))" }).joined(separator: " "))
        }
        for group in content.groups {
            lines += ["", "[\(group.name)]"] + group.hosts
            guard !group.variables.isEmpty else { continue }
            lines += ["", "[\(group.name):vars]"] + group.variables.map { "\($0.name)=\(literal($0.value))" }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// In a host's line: a Python literal, within what a shell takes for one word.
    private func hostValue(_ value: AnsibleExport.Value) -> String {
        if case .number(let number) = value { return String(number) }
        if case .text(let text) = value, isPlainWord(text) { return text }
        return "'" + literal(value).replacing("'", with: "'\"'\"'") + "'"
    }

    private func isPlainWord(_ text: String) -> Bool {
        guard let first = text.utf8.first, NameRule.isAlphanumeric(first), !YAMLScalar.isDigit(first) else {
            return false
        }
        guard !["True", "False", "None"].contains(text) else { return false }
        return text.utf8.allSatisfy { NameRule.isAlphanumeric($0) || "._-".utf8.contains($0) }
    }

    private func literal(_ value: AnsibleExport.Value) -> String {
        switch value {
        case .number(let number): String(number)
        case .text(let text): quoted(text)
        case .texts(let pairs): "{" + pairs.map { "\(quoted($0.0)): \(quoted($0.1))" }.joined(separator: ", ") + "}"
        }
    }

    private func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}

/// Writes Ansible's YAML format.
struct AnsibleYAMLWriter {
    let content: AnsibleExport

    var text: String {
        var lines = ["# Written by Fettle."] + content.omissions.map { "# \($0)" } + ["all:"]
        lines.append(content.hosts.isEmpty ? "  hosts: {}" : "  hosts:")
        for host in content.hosts {
            lines.append("    \(YAMLText.scalar(host.name)):")
            lines += host.variables.flatMap { variable($0, indent: "      ") }
        }
        lines.append(content.groups.isEmpty ? "  children: {}" : "  children:")
        for group in content.groups {
            lines.append("    \(YAMLText.scalar(group.name)):")
            lines.append(group.hosts.isEmpty ? "      hosts: {}" : "      hosts:")
            lines += group.hosts.map { "        \(YAMLText.scalar($0)):" }
            guard !group.variables.isEmpty else { continue }
            lines.append("      vars:")
            lines += group.variables.flatMap { variable($0, indent: "        ") }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func variable(_ variable: (name: String, value: AnsibleExport.Value), indent: String) -> [String] {
        switch variable.value {
        case .number(let number): ["\(indent)\(variable.name): \(number)"]
        case .text(let text): ["\(indent)\(variable.name): \(scalar(text))"]
        case .texts(let pairs):
            ["\(indent)\(variable.name):"] + pairs.map { "\(indent)  \(YAMLText.scalar($0.0)): \(scalar($0.1))" }
        }
    }

    /// `!unsafe`: Ansible would evaluate a template, and with it run what it says.
    private func scalar(_ text: String) -> String {
        let isTemplate = ["{{", "{%", "{#"].contains { text.contains($0) }
        return isTemplate ? "!unsafe " + YAMLText.doubleQuoted(text) : YAMLText.scalar(text)
    }
}
