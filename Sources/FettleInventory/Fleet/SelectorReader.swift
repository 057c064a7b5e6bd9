internal import FettleModel

/// Reads a selector of resources: `select` of a group, `after` of a resource, and both sides of a rule of order.
struct SelectorReader {
    let reading: Reading
    /// Those of the fleet; nil if they are not known, and the names are then not checked.
    let environments: [Environment]?

    /// Where groups are being made they cannot be asked for.
    static let keys = ["environment", "kind", "owner", "failureDomain", "tier", "labels"]
    static let ruleKeys = ["resources", "group"] + keys

    /// What the value selects; where a part of it is wrong, what is left.
    func select(_ value: YAMLValue, _ name: String = "'select'") -> ResourceSelector {
        guard let fields = Fields(value, of: name, keys: Self.keys, reading) else { return ResourceSelector() }
        if value.mapping?.isEmpty == true {
            let all = name == "'select'" ? "'members: [\"*\"]'" : "\"*\""
            reading.problem("\(name) asks for nothing", at: value.place, hint: "\(all) takes every resource")
        }
        return selector(fields)
    }

    /// One side of a rule: a selector, or globs of ids alone.
    func side(_ value: YAMLValue, _ name: String) -> ResourceSelector {
        if value.mapping == nil {
            return ResourceSelector(resources: globs(value, "a resource"))
        }
        guard let fields = Fields(value, of: name, keys: Self.ruleKeys, reading) else { return ResourceSelector() }
        if value.mapping?.isEmpty == true {
            reading.problem(
                "\(name) asks for nothing", at: value.place, hint: "such as {kind: database}, or [\"db-*\"]")
        }
        var selector = selector(fields)
        selector.resources = fields["resources"].map { globs($0, "a resource") }
        selector.groups = fields["group"].map { globs($0, "the group") }
        return selector
    }

    private func selector(_ fields: Fields) -> ResourceSelector {
        var selector = ResourceSelector()
        selector.environments = fields["environment"].map {
            globs($0, "the environment", known: environments?.map(\.id.rawValue), asText: true)
        }
        selector.kinds = fields["kind"].map {
            globs($0, "the kind", known: Resource.Kind.allCases.map(\.rawValue), asText: true)
        }
        selector.owners = fields["owner"].map { globs($0, "the owner") }
        selector.failureDomains = fields["failureDomain"].map { globs($0, "the failure domain") }
        selector.tiers = fields["tier"].map { globs($0, "the tier") }
        if let value = fields["labels"] { selector.labels = labels(value) }
        return selector
    }

    private func labels(_ value: YAMLValue) -> [String: [String]] {
        guard let entries = value.mapping else {
            reading.problem(
                "labels must be a mapping, but it is \(value.kindInWords)", at: value.place, hint: "such as {role: web}"
            )
            return [:]
        }
        var labels: [String: [String]] = [:]
        for entry in entries {
            guard NameRule.isLabelKey(entry.key) else {
                reading.problem(
                    "\(entry.key.quoted) cannot be the key of a label", at: entry.keyPlace, hint: NameRule.inWords)
                continue
            }
            labels[entry.key] = globs(entry.value, "the label \(entry.key.quoted)")
        }
        return labels
    }

    /// One value or a list of them.
    ///
    /// - Parameters:
    ///   - known: what there is; nil: that is not known, or anything may be.
    ///   - asText: a number or a boolean is a mistake. Labels and tiers may be declared as such, and so are asked for as such.
    private func globs(
        _ value: YAMLValue, _ name: String, known: [String]? = nil, asText: Bool = false
    ) -> [String] {
        let items = value.sequence ?? [value]
        if items.isEmpty { reading.problem("no value for \(name)", at: value.place) }
        return items.compactMap { item in
            var item = item
            if !asText, let scalar = item.scalar, scalar.kind != .null {
                item.content = .scalar(YAMLScalar(text: scalar.text, isPlain: false))
            }
            guard let text = reading.text(item, name) else { return nil }
            if let known, !Glob.isPattern(text), !known.contains(text) {
                let noun = name.replacing("the ", with: "")
                reading.problem(
                    "unknown \(noun) \(text.quoted)", at: item.place,
                    hint: Suggestion.hint(for: text, in: known, otherwise: "one of"))
            }
            return text
        }
    }
}
