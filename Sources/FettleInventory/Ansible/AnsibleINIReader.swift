/// Reads Ansible's INI-like inventories
/// ([format](https://docs.ansible.com/ansible/latest/collections/ansible/builtin/ini_inventory.html)).
struct AnsibleINIReader {
    let reading: Reading

    private enum Section {
        case hosts(String)
        case variables(String)
        case children(String)
        /// Below a header that is none: whose lines these are, nobody knows, and what they say is not held against others.
        case broken
    }

    func read(_ input: InputText, into inventory: inout AnsibleInventory) {
        var section = Section.hosts("ungrouped")
        var lineNumber = 0
        for row in input.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            lineNumber += 1
            let indent = row.prefix { $0 == " " || $0 == "\t" }.unicodeScalars.count
            let line = row.trimmed
            guard let first = line.first, first != "#", first != ";" else { continue }
            let place = Place(line: lineNumber, column: indent + 1)
            if first == "[", !isHostLine(line, section) {
                section = header(line, at: place)
                switch section {
                case .hosts(let name), .variables(let name), .children(let name): inventory.addGroup(name)
                case .broken: break
                }
                continue
            }
            switch section {
            case .hosts(let group): hosts(line, group, at: place, &inventory)
            case .variables(let group): variable(line, group, at: place, &inventory)
            case .children(let group): child(line, group, at: place, &inventory)
            case .broken: break
            }
        }
    }

    /// `[name]`, `[name:vars]` or `[name:children]`; if it is none, that is told.
    private func header(_ line: Substring, at place: Place) -> Section {
        guard let close = line.firstIndex(of: "]") else {
            reading.problem("a section without ']'", at: place, hint: "such as [web]")
            return .broken
        }
        let body = line[line.index(after: line.startIndex)..<close]
        let parts = body.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard isEnd(line[line.index(after: close)...]), let name = parts.first, !name.isEmpty, name.isPlainLine,
            !name.contains(" ")
        else {
            reading.problem(
                "\(line.quoted) is no section", at: place, hint: "such as [web], [web:vars], [web:children]")
            return .broken
        }
        guard parts.count == 2 else { return .hosts(String(name)) }
        switch parts[1] {
        case "hosts": return .hosts(String(name))
        case "vars": return .variables(String(name))
        case "children": return .children(String(name))
        default:
            reading.problem(
                "unknown kind of section \(parts[1].quoted)", at: place,
                hint: Suggestion.hint(for: String(parts[1]), in: ["vars", "children"], otherwise: "one of"))
            return .broken
        }
    }

    /// Whether nothing follows a header but a comment.
    private func isEnd(_ rest: Substring) -> Bool {
        let rest = rest.trimmed
        return rest.isEmpty || rest.hasPrefix("#") || rest.hasPrefix(";")
    }

    /// A host may begin with a bracket, too: an IPv6 address, with something behind it.
    private func isHostLine(_ line: Substring, _ section: Section) -> Bool {
        switch section {
        case .hosts, .broken: return addressEnd(line).map { !isEnd(line[line.index(after: $0)...]) } ?? false
        case .variables, .children: return false
        }
    }

    /// The bracket behind an IPv6 address in brackets.
    private func addressEnd(_ text: Substring) -> Substring.Index? {
        guard text.hasPrefix("["), let close = text.firstIndex(of: "]") else { return nil }
        let body = text[text.index(after: text.startIndex)..<close]
        return body.utf8.count { $0 == UInt8(ascii: ":") } >= 2 && AddressSyntax.isHost(String(body)) ? close : nil
    }

    /// `web[01:10]:22 key=value key='a b'`
    private func hosts(_ line: Substring, _ group: String, at place: Place, _ inventory: inout AnsibleInventory) {
        let words: [ShellWords.Word]
        do { words = try ShellWords.split(line) } catch {
            reading.problem(error.message, at: Place(line: place.line, column: place.column + error.offset))
            return
        }
        guard let pattern = words.first else { return }
        let (names, port) = expand(pattern.text, at: place)
        for word in words.dropFirst() {
            let wordPlace = Place(line: place.line, column: place.column + word.offset)
            guard let equals = word.text.firstIndex(of: "="), equals != word.text.startIndex else {
                reading.problem(
                    "expected key=value, but found \(word.text.quoted)", at: wordPlace,
                    hint: "one host in a line, and its variables behind it")
                continue
            }
            let key = String(word.text[..<equals])
            let text = String(word.text[word.text.index(after: equals)...])
            let value = AnsibleVariable(value: PythonLiteral.value(text, at: wordPlace, reading), file: reading.file)
            for name in names {
                inventory.addHost(name, to: group, at: AnsibleOrigin(file: reading.file, place: place))
                inventory.set(key, to: value, host: name)
            }
        }
        for name in names {
            inventory.addHost(name, to: group, at: AnsibleOrigin(file: reading.file, place: place))
            guard let port, inventory.hosts[name]?.variables["ansible_port"] == nil else { continue }
            let value = YAMLValue(content: .scalar(YAMLScalar(text: port, isPlain: true)), place: place)
            inventory.set("ansible_port", to: AnsibleVariable(value: value, file: reading.file), host: name)
        }
    }

    private func expand(_ text: String, at place: Place) -> (names: [String], port: String?) {
        var pattern = Substring(text)
        var port: String?
        if let close = addressEnd(pattern) {
            let rest = pattern[pattern.index(after: close)...]
            if rest.hasPrefix(":") { port = String(rest.dropFirst()) }
            pattern = pattern[pattern.index(after: pattern.startIndex)..<close]
        } else if let colon = pattern.lastIndex(of: ":"), !pattern[colon...].contains("]"),
            pattern[pattern.index(after: colon)...].utf8.allSatisfy(YAMLScalar.isDigit),
            !pattern[..<colon].replacing(/\[[^\]]*\]/, with: "").contains(":")
        {
            port = String(pattern[pattern.index(after: colon)...])
            pattern = pattern[..<colon]
        }
        do { return (try AnsibleHostPattern.expand(String(pattern)), port) } catch {
            reading.problem(error.message, at: place)
            return ([], nil)
        }
    }

    /// `key = value`
    private func variable(_ line: Substring, _ group: String, at place: Place, _ inventory: inout AnsibleInventory) {
        guard let equals = line.firstIndex(of: "="), equals != line.startIndex else {
            reading.problem("expected key=value, but found \(line.quoted)", at: place)
            return
        }
        let key = String(line[..<equals].trimmed)
        let value = PythonLiteral.value(String(line[line.index(after: equals)...].trimmed), at: place, reading)
        inventory.set(key, to: AnsibleVariable(value: value, file: reading.file), group: group)
    }

    private func child(_ line: Substring, _ group: String, at place: Place, _ inventory: inout AnsibleInventory) {
        let name = (line.firstRange(of: " #").map { line[..<$0.lowerBound] } ?? line).trimmed
        guard !name.contains(" "), name.isPlainLine else {
            reading.problem("\(name.quoted) is no name of a group", at: place, hint: "one child in a line")
            return
        }
        inventory.addChild(String(name), to: group, at: AnsibleOrigin(file: reading.file, place: place))
    }
}

/// Names of hosts with ranges; a range may leave out its first end, which is 0 then.
enum AnsibleHostPattern {
    static func expand(_ pattern: String) throws(RangePattern.Problem) -> [String] {
        try RangePattern(pattern.contains("[::") ? pattern : pattern.replacing("[:", with: "[0:")).expanded
    }
}

extension Substring {
    /// Without white space at both ends.
    var trimmed: Substring {
        var text = self
        while let first = text.first, first.isWhitespace { text = text.dropFirst() }
        while let last = text.last, last.isWhitespace { text = text.dropLast() }
        return text
    }
}
