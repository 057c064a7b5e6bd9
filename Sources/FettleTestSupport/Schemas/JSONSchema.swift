/// Judges values by a JSON Schema (draft 2020-12), as far as Fettle's own schemas go. A keyword that it does not know is a problem:
/// nothing is passed over.
public struct JSONSchema: Sendable {
    private let root: JSONValue
    /// Places of the schema that a value has passed through, such as `#/$defs/Step/properties/id`.
    public private(set) var visited: Set<String> = []

    public init(_ root: JSONValue) { self.root = root }

    private static let silent: Set = ["$schema", "$defs", "title", "description", "default", "examples"]

    /// Each with its place in the value; empty: the value is right.
    public mutating func problems(of value: JSONValue) -> [String] {
        var result = Judgement()
        judge(value, root, at: "", schema: "#", &result)
        if result.problems.isEmpty { visited.formUnion(result.visited) }
        return result.problems.sorted()
    }

    /// Places of the schema through which a value can pass: properties, alternatives, values of enumerations.
    public var places: Set<String> {
        var result: Set<String> = []
        collect(root, "#", &result)
        for (name, inner) in root["$defs"]?.object ?? [:] { collect(inner, "#/$defs/\(name)", &result) }
        return result
    }

    private func collect(_ schema: JSONValue, _ place: String, _ result: inout Set<String>) {
        for (name, inner) in schema["properties"]?.object ?? [:] {
            result.insert("\(place)/properties/\(name)")
            collect(inner, "\(place)/properties/\(name)", &result)
        }
        for (number, inner) in (schema["oneOf"]?.list ?? []).enumerated() {
            result.insert("\(place)/oneOf/\(number)")
            collect(inner, "\(place)/oneOf/\(number)", &result)
        }
        for value in schema["enum"]?.list ?? [] { result.insert("\(place)/enum/\(value.text ?? "")") }
        if let inner = schema["items"] { collect(inner, "\(place)/items", &result) }
        if let inner = schema["additionalProperties"], inner.object != nil {
            collect(inner, "\(place)/additionalProperties", &result)
        }
    }

    private struct Judgement {
        var problems: [String] = []
        var visited: Set<String> = []
    }

    /// What is visited on the way to a problem doesn't count.
    private func judge(
        _ value: JSONValue, _ schema: JSONValue, at place: String, schema name: String, _ result: inout Judgement
    ) {
        guard let keywords = schema.object else {
            if schema == .boolean(false) { result.problems.append("\(place): not allowed") }
            return
        }
        for (keyword, rule) in keywords where !Self.silent.contains(keyword) {
            judge(value, keyword, rule, schema, at: place, schema: name, &result)
        }
    }

    private func judge(
        _ value: JSONValue, _ keyword: String, _ rule: JSONValue, _ schema: JSONValue, at place: String,
        schema name: String, _ result: inout Judgement
    ) {
        func require(_ isRight: Bool, _ text: @autoclosure () -> String) {
            if !isRight { result.problems.append("\(place.isEmpty ? "/" : place): \(text())") }
        }
        switch keyword {
        case "$ref":
            guard let text = rule.text, text.hasPrefix("#/$defs/"),
                let target = root["$defs"]?[String(text.dropFirst(8))]
            else { return require(false, "the schema refers to \(rule), which it does not have") }
            judge(value, target, at: place, schema: text, &result)
        case "type":
            let wanted = Set((rule.list ?? [rule]).compactMap(\.text))
            require(!value.kinds.isDisjoint(with: wanted), "is \(value.kinds.sorted()), not \(wanted.sorted())")
        case "const": require(value == rule, "is not \(rule)")
        case "enum":
            require(rule.list?.contains(value) == true, "\(value) is not in \(rule)")
            result.visited.insert("\(name)/enum/\(value.text ?? "")")
        case "pattern":
            guard let text = value.text else { return }
            guard let pattern = rule.text, let expression = try? Regex(pattern) else {
                return require(false, "no pattern: \(rule)")
            }
            require(text.contains(expression), "'\(text)' does not match \(pattern)")
        case "minimum":
            guard case .number(let number) = value, case .number(let least) = rule else { return }
            require(number >= least, "is \(number), less than \(least)")
        case "maxItems":
            guard let list = value.list, case .number(let most) = rule else { return }
            require(Double(list.count) <= most, "has \(list.count) items, more than \(most)")
        case "required":
            guard let members = value.object else { return }
            let missing = (rule.list ?? []).compactMap(\.text).filter { members[$0] == nil }
            require(missing.isEmpty, "lacks \(missing.joined(separator: ", "))")
        case "properties", "additionalProperties", "propertyNames", "items":
            judgeParts(of: value, keyword, rule, schema, at: place, schema: name, &result)
        case "oneOf": judgeAlternatives(value, rule, at: place, schema: name, &result)
        default: require(false, "the schema says '\(keyword)', which nobody here understands")
        }
    }

    private func judgeAlternatives(
        _ value: JSONValue, _ rule: JSONValue, at place: String, schema name: String, _ result: inout Judgement
    ) {
        var fitting: [(number: Int, visited: Set<String>)] = []
        for (number, inner) in (rule.list ?? []).enumerated() {
            // The form of a case of an enumeration: nearly always another one.
            if let key = inner["required"]?.list?.first?.text, let members = value.object, members[key] == nil {
                continue
            }
            var tried = Judgement()
            judge(value, inner, at: place, schema: "\(name)/oneOf/\(number)", &tried)
            if tried.problems.isEmpty { fitting.append((number, tried.visited)) }
        }
        guard fitting.count == 1 else {
            return result.problems.append("\(place): fits \(fitting.count) alternatives instead of one")
        }
        result.visited.formUnion(fitting[0].visited)
        result.visited.insert("\(name)/oneOf/\(fitting[0].number)")
    }

    private func judgeParts(
        of value: JSONValue, _ keyword: String, _ rule: JSONValue, _ schema: JSONValue, at place: String,
        schema name: String, _ result: inout Judgement
    ) {
        if keyword == "items" {
            for (number, part) in (value.list ?? []).enumerated() {
                judge(part, rule, at: "\(place)/\(number)", schema: "\(name)/items", &result)
            }
            return
        }
        let declared = schema["properties"]?.object ?? [:]
        for (key, part) in value.object ?? [:] {
            switch keyword {
            case "properties":
                guard let rule = declared[key] else { continue }
                result.visited.insert("\(name)/properties/\(key)")
                judge(part, rule, at: "\(place)/\(key)", schema: "\(name)/properties/\(key)", &result)
            case "propertyNames":
                judge(.text(key), rule, at: "\(place)/\(key)", schema: "\(name)/propertyNames", &result)
            default:
                guard declared[key] == nil else { continue }
                judge(part, rule, at: "\(place)/\(key)", schema: "\(name)/additionalProperties", &result)
            }
        }
    }
}
