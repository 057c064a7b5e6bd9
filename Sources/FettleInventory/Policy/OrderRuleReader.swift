internal import FettleModel

/// Reads `order` of the policy: rules that say which resources go before which others.
struct OrderRuleReader {
    let reading: Reading
    let environments: [Environment]?
    /// nil: not known, so that what rules select is not checked.
    let fleet: Fleet?

    static let limit = 200
    static let keys = ["name", "first", "then", "within", "because"]
    private static let example =
        "such as {name: schema before code, first: {kind: database}, then: {kind: application}}"

    func list(_ value: YAMLValue) -> [OrderRule] {
        var names = RuleNames(reading: reading)
        let selected = fleet.map { SelectedResources(reading: reading, fleet: $0) }
        return (reading.list(value, "order", limit: Self.limit) ?? []).compactMap { item in
            guard let rule = read(item, selected), names.isNew(rule.name, at: item.place) else { return nil }
            return rule
        }
    }

    private func read(_ item: YAMLValue, _ selected: SelectedResources?) -> OrderRule? {
        guard let fields = Fields(item, of: "a rule of order", keys: Self.keys, reading) else { return nil }
        let name = RuleNames.name(fields, of: "a rule of order", reading)
        let first = side(fields, "first")
        let then = side(fields, "then")
        var within = OrderRule.Scope.environment
        if let value = fields["within"], let scope = reading.choice(value, "scope", as: OrderRule.Scope.self) {
            within = scope
        }
        let because = fields["because"].flatMap { reading.text($0, "'because'", limit: 512) }
        guard let name, let first, let then else { return nil }
        if let selected { check(name, fields, first, then, selected) }
        return OrderRule(name: name, first: first, then: then, within: within, because: because)
    }

    private func side(_ fields: Fields, _ key: String) -> ResourceSelector? {
        fields.required(key, of: "a rule of order", reading, hint: Self.example).map {
            SelectorReader(reading: reading, environments: environments).side($0, "'\(key)'")
        }
    }

    private func check(
        _ name: String, _ fields: Fields, _ first: ResourceSelector, _ then: ResourceSelector,
        _ selected: SelectedResources
    ) {
        guard let firsts = fields["first"], let thens = fields["then"] else { return }
        let earlier = selected.select(first, firsts, of: "'first' of the rule \(name.quoted)")
        let later = selected.select(then, thens, of: "'then' of the rule \(name.quoted)")
        guard let both = earlier.intersection(later).min() else { return }
        reading.problem(
            "the rule \(name.quoted) puts \(both.rawValue.quoted) before itself: both sides select it",
            at: fields.keyPlace("then"), hint: "narrow one of them, such as by a label")
    }
}

/// The names of rules, by which plans and refusals speak of them.
struct RuleNames {
    let reading: Reading
    private var places: [String: Place] = [:]

    init(reading: Reading) { self.reading = reading }

    static func name(_ fields: Fields, of what: String, _ reading: Reading) -> String? {
        fields.required("name", of: what, reading, hint: "such as 'name: schema before code'").flatMap {
            reading.text($0, "the name of a rule", limit: 128)
        }
    }

    mutating func isNew(_ name: String, at place: Place) -> Bool {
        if let first = places[name] {
            reading.problem("the rule \(name.quoted) is given twice; first in line \(first.line)", at: place)
            return false
        }
        places[name] = place
        return true
    }
}

/// Holds selectors of the policy against the fleet.
struct SelectedResources {
    let reading: Reading
    let fleet: Fleet
    private let ids: Set<String>
    private let groupIDs: Set<String>
    private let groups: [ResourceID: [GroupID]]

    init(reading: Reading, fleet: Fleet) {
        self.reading = reading
        self.fleet = fleet
        ids = Set(fleet.resources.map(\.id.rawValue))
        groupIDs = Set(fleet.groups.map(\.id.rawValue))
        var groups: [ResourceID: [GroupID]] = [:]
        for group in fleet.groups {
            for member in group.members { groups[member, default: []].append(group.id) }
        }
        self.groups = groups
    }

    /// Tells names that nobody has, and a selector that finds nobody.
    func select(_ selector: ResourceSelector, _ value: YAMLValue, of what: String) -> Set<ResourceID> {
        let before = reading.problems.count
        tellUnknown(
            selector.resources ?? [], ids, "resource", in: value.mapping == nil ? value : field(value, "resources"))
        tellUnknown(selector.groups ?? [], groupIDs, "group", in: field(value, "group"))
        let matcher = selector.matcher
        let found = Set(fleet.resources.filter { matcher.matches($0, memberOf: groups[$0.id] ?? []) }.map(\.id))
        if found.isEmpty, reading.problems.count == before {
            reading.warning(
                "\(what) selects no resource of the fleet", at: value.place,
                hint: "the rule orders nothing until there is one")
        }
        return found
    }

    private func field(_ value: YAMLValue, _ key: String) -> YAMLValue? {
        value.mapping?.first { $0.key == key }?.value
    }

    private func tellUnknown(_ names: [String], _ known: Set<String>, _ noun: String, in value: YAMLValue?) {
        guard let value else { return }
        let items = value.sequence ?? [value]
        for name in names where !Glob.isPattern(name) && !known.contains(name) {
            let place = items.first { $0.scalar?.text == name }?.place ?? value.place
            reading.problem(
                "unknown \(noun) \(name.quoted)", at: place,
                hint: Suggestion.hint(for: name, in: known.sorted(), otherwise: "known \(noun)s"))
        }
    }
}
