internal import FettleModel

/// Reads `releases` of the policy: what release notes demand of changes of packages.
struct ReleaseRuleReader {
    let reading: Reading
    let environments: [Environment]?
    let fleet: Fleet?

    static let limit = 200
    static let keys = ["name", "package", "to", "minimumVersionBefore", "requires", "rebootBetween", "because"]
    static let requirementKeys = ["package", "atLeast", "on", "within", "ifInstalled"]
    private static let demands = ["minimumVersionBefore", "requires", "rebootBetween"]

    func list(_ value: YAMLValue) -> [ReleaseRule] {
        var names = RuleNames(reading: reading)
        let selected = fleet.map { SelectedResources(reading: reading, fleet: $0) }
        return (reading.list(value, "releases", limit: Self.limit) ?? []).compactMap { item in
            guard let rule = read(item, selected), names.isNew(rule.name, at: item.place) else { return nil }
            return rule
        }
    }

    private func read(_ item: YAMLValue, _ selected: SelectedResources?) -> ReleaseRule? {
        guard let fields = Fields(item, of: "a rule of releases", keys: Self.keys, reading) else { return nil }
        let name = RuleNames.name(fields, of: "a rule of releases", reading)
        var rule = ReleaseRule(name: name ?? "?")
        rule.packages = fields["package"].map { globs($0, "'package'") } ?? []
        rule.to = fields["to"].flatMap { version($0, "'to'") }
        rule.minimumVersionBefore = fields["minimumVersionBefore"].flatMap { version($0, "'minimumVersionBefore'") }
        if let value = fields["requires"] { rule.requires = requirements(value, of: rule.name, selected) }
        if let value = fields["rebootBetween"] { rule.rebootBetween = rebootBetween(value) }
        rule.because = fields["because"].flatMap { reading.text($0, "'because'", limit: 512) }
        checkWhole(fields)
        return name == nil ? nil : rule
    }

    /// A rule says of which packages it speaks, and demands something.
    private func checkWhole(_ fields: Fields) {
        if !Self.demands.contains(where: { fields[$0] != nil }) {
            reading.problem(
                "a rule of releases demands nothing", at: fields.place,
                hint: "give it one of \(Self.demands.joined(separator: ", "))")
        }
        guard fields["package"] == nil else { return }
        for key in ["to", "minimumVersionBefore", "requires"] where fields[key] != nil {
            reading.problem(
                "a rule of releases has '\(key)', but no 'package'", at: fields.keyPlace(key),
                hint: "such as 'package: postgresql-*'")
        }
    }

    // MARK: Parts

    private func requirements(
        _ value: YAMLValue, of rule: String, _ selected: SelectedResources?
    ) -> [ReleaseRule.Requirement] {
        if value.sequence?.isEmpty == true { reading.problem("'requires' is empty", at: value.place) }
        return (reading.list(value, "requires", limit: 100) ?? []).compactMap { item in
            requirement(item, of: rule, selected)
        }
    }

    private func requirement(
        _ item: YAMLValue, of rule: String, _ selected: SelectedResources?
    ) -> ReleaseRule.Requirement? {
        guard let fields = Fields(item, of: "a requirement", keys: Self.requirementKeys, reading) else { return nil }
        let example = "such as {package: libpq5, atLeast: \"16.1\"}"
        let package = fields.required("package", of: "a requirement", reading, hint: example).flatMap {
            reading.text($0, "'package'")
        }
        let atLeast = fields.required("atLeast", of: "a requirement", reading, hint: example).flatMap {
            version($0, "'atLeast'")
        }
        var requirement = ReleaseRule.Requirement(package: package ?? "", atLeast: atLeast ?? "")
        if let value = fields["on"] {
            let selector = SelectorReader(reading: reading, environments: environments).side(value, "'on'")
            requirement.on = selector
            _ = selected?.select(selector, value, of: "'on' of the rule \(rule.quoted)")
        }
        if let value = fields["within"], let scope = reading.choice(value, "scope", as: OrderRule.Scope.self) {
            requirement.within = scope
            if fields["on"] == nil {
                reading.problem(
                    "'within' says where the resources of 'on' are, but there is no 'on'",
                    at: fields.keyPlace("within"))
            }
        }
        if let value = fields["ifInstalled"] {
            requirement.ifInstalled = reading.boolean(value, "'ifInstalled'") ?? false
        }
        return package == nil || atLeast == nil ? nil : requirement
    }

    private func rebootBetween(_ value: YAMLValue) -> [String] {
        let globs = reading.texts(value, "rebootBetween", item: "a package glob", limit: 8)
        if let count = value.sequence?.count, count < 2 {
            reading.problem(
                "rebootBetween names \(count.counted("package")), but a reboot lies between two", at: value.place,
                hint: "such as [firmware-*, kmod-*]: first the firmware, then a reboot, then the driver")
        }
        return globs
    }

    /// One glob or a list of them.
    private func globs(_ value: YAMLValue, _ name: String) -> [String] {
        if value.sequence?.isEmpty == true { reading.problem("\(name) is empty", at: value.place) }
        guard value.sequence == nil else { return reading.texts(value, name, item: "a package glob") }
        return reading.text(value, name).map { [$0] } ?? []
    }

    /// Versions are text: YAML would make 15.10 the number 15.1.
    private func version(_ value: YAMLValue, _ name: String) -> String? {
        guard let text = reading.text(value, name) else { return nil }
        guard text.first != "-", text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            reading.problem("\(text.quoted) is no version", at: value.place, hint: "such as \"15.4\"")
            return nil
        }
        return text
    }
}
