internal import Yams

/// Reads one YAML document into a tree with places, and tells what YAML itself forbids.
enum YAMLDocument {
    /// Values visited, aliases counted each time: an inventory of 20,000 hosts has about 400,000.
    static let maximumValues = 2_000_000
    /// Nesting of lists and mappings. The deepest sensible inventory (Ansible's children) stays below 30.
    static let maximumDepth = 64

    fileprivate static let tooDeep = "nested deeper than \(maximumDepth) levels"

    /// What else than plain YAML 1.2 is understood.
    enum Dialect {
        case plain
        /// As in Ansible's files: the merge key `<<`, and `!unsafe` for text that is no template.
        case ansible
    }

    /// The document's value; nil for a file with nothing in it, or after problems were told to `reading`.
    static func read(_ input: InputText, _ reading: Reading, as dialect: Dialect = .plain) -> YAMLValue? {
        if let place = AliasGuard.aliasInKey(input.text) {
            reading.problem("an alias in a key", at: place, hint: "write the key out")
            return nil
        }
        var marks = DuplicateMarks(text: input.text)
        while true {
            do {
                let parser = try Parser(yaml: marks.text, resolver: .basic, encoding: .utf8)
                guard let root = try parser.singleRoot() else { return nil }
                var walk = TreeWalk(marks: marks, reading: reading, dialect: dialect)
                return walk.value(of: root, depth: 0)
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                // The parser stops at the first mapping with a key twice. Told apart by a mark, it goes on.
                if marks.mark(key: keys.first ?? "", line: context.mark.line, column: context.mark.column) { continue }
                let place = Place(line: max(1, context.mark.line), column: max(1, context.mark.column))
                reading.problem("keys given twice: \(keys.listed())", at: place, hint: "keep one of each")
                return nil
            } catch {
                tell(error, reading)
                return nil
            }
        }
    }

    /// A syntax error, in the words of libyaml and with what usually causes it.
    private static func tell(_ error: any Error, _ reading: Reading) {
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            guard !problem.contains("nesting level") else {
                reading.problem(
                    tooDeep, at: Place(line: mark.line, column: mark.column), hint: "nest less deeply")
                return
            }
            let about = context.map { "\($0.text), " } ?? ""
            reading.problem(
                "not valid YAML: \(about)\(problem)", at: Place(line: mark.line, column: mark.column),
                hint: hint(for: problem))
        case .reader(let problem, _, _, _):
            reading.problem("not valid YAML: \(problem)", at: .start)
        default:
            reading.problem("not valid YAML", at: .start)
        }
    }

    private static func hint(for problem: String) -> String? {
        if problem.contains("cannot start any token") {
            return "indent with spaces, never with tabs; quote text that begins with one of @ ` % *"
        }
        if problem.contains("another document") { return "keep one document in a file: remove the line '---'" }
        if problem.contains("undefined alias") { return "quote text that begins with *" }
        if problem.contains("mapping values are not allowed") {
            return "look at the indentation, or quote text with ': '"
        }
        if problem.contains("expected ',' or") {
            return "inside [ ] and { } quote text with brackets, such as 'web-[1:4]'"
        }
        if problem.contains("could not find expected ':'") { return "a key needs ': ' behind it" }
        return nil
    }
}

/// Turns the parser's tree into ours: bounded, each key known to be text and given once.
private struct TreeWalk {
    let marks: DuplicateMarks
    let reading: Reading
    let dialect: YAMLDocument.Dialect
    var visited = 0
    var gaveUp = false

    mutating func value(of node: Node, depth: Int) -> YAMLValue? {
        let place = Place(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
        visited += 1
        guard !gaveUp else { return nil }
        guard visited <= YAMLDocument.maximumValues else {
            gaveUp = true
            reading.problem(
                "more than \(YAMLDocument.maximumValues) values, counting each use of an alias", at: place,
                hint: "split the file, or write out what the aliases multiply")
            return nil
        }
        guard depth <= YAMLDocument.maximumDepth else {
            reading.problem(YAMLDocument.tooDeep, at: place, hint: "nest less deeply")
            return nil
        }
        let tag = node.tag.description
        switch node {
        case .scalar(let scalar):
            guard let isPlain = isPlain(scalar, tag: tag) else {
                return YAMLValue(content: .tagged(tag), place: place)
            }
            return YAMLValue(content: .scalar(YAMLScalar(text: scalar.string, isPlain: isPlain)), place: place)
        case .sequence(let sequence):
            guard tag == Tag.Name.seq.rawValue else { return YAMLValue(content: .tagged(tag), place: place) }
            let values = sequence.compactMap { value(of: $0, depth: depth + 1) }
            return YAMLValue(content: .sequence(values), place: place)
        case .mapping(let mapping):
            guard tag == Tag.Name.map.rawValue else { return YAMLValue(content: .tagged(tag), place: place) }
            return YAMLValue(content: .mapping(entries(of: mapping, depth: depth)), place: place)
        case .alias:
            // Only in trees that are built to be written.
            return nil
        }
    }

    private mutating func entries(of mapping: Node.Mapping, depth: Int) -> [YAMLEntry] {
        var entries: [YAMLEntry] = []
        var firstPlaces: [String: Place] = [:]
        var merged: [YAMLEntry] = []
        for (keyNode, valueNode) in mapping {
            guard !gaveUp else { break }
            let place = Place(line: keyNode.mark?.line ?? 1, column: keyNode.mark?.column ?? 1)
            guard case .scalar(let scalar) = keyNode else {
                reading.problem("a key must be text, not a list or a mapping", at: place)
                continue
            }
            let key = marks.original(scalar.string)
            guard let isPlain = isPlain(scalar, tag: keyNode.tag.description) else {
                reading.problem("a key with a tag", at: place, hint: "remove the tag")
                continue
            }
            if isPlain, key == "<<", dialect == .ansible {
                if let value = value(of: valueNode, depth: depth + 1) { merged += merge(value) }
                continue
            }
            guard !isPlain || key != "<<" else {
                reading.problem(
                    "the merge key '<<' is not supported", at: place, hint: "use 'defaults', or write it out")
                continue
            }
            guard !isPlain || dialect == .ansible || YAMLScalar.kind(ofPlain: key) == .text else {
                reading.problem(
                    "a key must be text, but \(key.isEmpty ? "this one is empty" : "\(key.quoted) is none")", at: place,
                    hint: "put it in quotes")
                continue
            }
            if let first = firstPlaces[key] {
                reading.problem(
                    "the key \(key.quoted) is given twice; first in line \(first.line)", at: place, hint: "keep one")
                continue
            }
            firstPlaces[key] = place
            guard let value = value(of: valueNode, depth: depth + 1) else { continue }
            entries.append(YAMLEntry(key: key, keyPlace: place, value: value))
        }
        // What the mapping says itself wins, then what was merged first.
        for entry in merged where firstPlaces[entry.key] == nil {
            firstPlaces[entry.key] = entry.keyPlace
            entries.append(entry)
        }
        return entries
    }

    /// The entries that a merge key brings: of one mapping, or of a list of them.
    private func merge(_ value: YAMLValue) -> [YAMLEntry] {
        if let mapping = value.mapping { return mapping }
        if let list = value.sequence, list.allSatisfy({ $0.mapping != nil }) {
            return list.flatMap { $0.mapping ?? [] }
        }
        reading.problem("'<<' must name a mapping, but it is \(value.kindInWords)", at: value.place)
        return []
    }

    /// Whether it stands without quotes; nil for a tag that means something else than text as written.
    private func isPlain(_ scalar: Node.Scalar, tag: String) -> Bool? {
        switch tag {
        case Tag.Name.str.rawValue: scalar.style == .plain
        case "!": false
        case "!unsafe" where dialect == .ansible: false
        default: nil
        }
    }
}
