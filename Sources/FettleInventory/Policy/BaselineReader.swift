internal import FettleModel

/// Reads `baselines`, and what a baseline shares with the policy itself: rules by class, and `rolling`.
struct BaselineReader {
    let reading: Reading
    /// Those of the fleet; nil if they are not known, and the names are then not checked.
    let environments: [Environment]?

    static let limit = 200
    static let keys = [
        "name", "platforms", "environments", "minimumSeverity", "classes", "ageInDays", "allow", "deny", "hold", "pin",
        "rolling",
    ]

    func list(_ value: YAMLValue) -> [Baseline] {
        var places: [String: Place] = [:]
        var baselines: [Baseline] = []
        for item in reading.list(value, "baselines", limit: Self.limit) ?? [] {
            guard let baseline = read(item) else { continue }
            if let first = places[baseline.name] {
                reading.problem(
                    "the baseline \(baseline.name.quoted) is given twice; first in line \(first.line)", at: item.place)
                continue
            }
            places[baseline.name] = item.place
            baselines.append(baseline)
        }
        return baselines
    }

    private func read(_ item: YAMLValue) -> Baseline? {
        guard let fields = Fields(item, of: "a baseline", keys: Self.keys, reading) else { return nil }
        let name = fields.required("name", of: "a baseline", reading).flatMap {
            reading.identifier($0, "the name of a baseline")
        }
        var baseline = Baseline(name: name ?? "")
        if let value = fields["platforms"] { baseline.platforms = globs(value, "platforms", "a platform glob") }
        if let value = fields["environments"] { baseline.environments = environmentGlobs(value) }
        if let value = fields["minimumSeverity"] {
            baseline.minimumSeverity = reading.choice(value, "severity", as: Severity.self)
        }
        if let value = fields["classes"] { baseline.classRules = classRules(value) }
        if let value = fields["ageInDays"] { baseline.ageInDays = ages(value) }
        if let value = fields["allow"] { baseline.allow = globs(value, "allow", "a package glob") }
        if let value = fields["deny"] { baseline.deny = globs(value, "deny", "a package glob") }
        if let value = fields["hold"] { baseline.hold = globs(value, "hold", "a package glob") }
        if let value = fields["pin"] { baseline.pins = pins(value) }
        if let value = fields["rolling"] { baseline.rolling = rolling(value) }
        checkDenials(baseline, fields)
        return name == nil ? nil : baseline
    }

    /// A list that is given must say something: an empty `allow` would be taken for "all" by one and for "none" by another.
    private func globs(_ value: YAMLValue, _ name: String, _ item: String) -> [String] {
        if value.sequence?.isEmpty == true {
            reading.problem("\(name) is empty", at: value.place, hint: "give a value, or leave the key out")
        }
        return reading.texts(value, name, item: item)
    }

    private func environmentGlobs(_ value: YAMLValue) -> [String] {
        let names = globs(value, "environments", "an environment")
        guard let environments else { return names }
        let known = environments.map(\.id.rawValue)
        for item in value.sequence ?? [] {
            guard let text = item.scalar?.text, names.contains(text), !known.contains(where: Glob(text).matches) else {
                continue
            }
            reading.problem(
                "unknown environment \(text.quoted)", at: item.place,
                hint: Suggestion.hint(for: text, in: known, otherwise: "known environments"))
        }
        return names
    }

    // MARK: Classes

    /// A list of classes, or a rule for each: `security: now`, `bugfix: wait 14d`, `feature: never`.
    func classRules(_ value: YAMLValue) -> [UpdateClass: ClassRule] {
        if value.mapping != nil { return ruleMapping(value) }
        return classList(value).reduce(into: [:]) { $0[$1] = .now }
    }

    func classList(_ value: YAMLValue) -> [UpdateClass] {
        let items = reading.list(value, "classes") ?? []
        if value.sequence?.isEmpty == true {
            reading.problem("no classes: nothing would ever be planned", at: value.place, hint: "such as [security]")
        }
        var classes: [UpdateClass] = []
        for item in items {
            guard let choice = reading.choice(item, "class of update", as: UpdateClass.self) else { continue }
            if classes.contains(choice) {
                reading.problem("\(choice.rawValue.quoted) is in classes twice", at: item.place)
            }
            classes.append(choice)
        }
        return classes
    }

    func ruleMapping(_ value: YAMLValue) -> [UpdateClass: ClassRule] {
        let keys = UpdateClass.allCases.map(\.rawValue)
        guard let fields = Fields(value, of: "'classes'", keys: keys, reading) else { return [:] }
        if value.mapping?.isEmpty == true {
            reading.problem(
                "no classes: nothing would ever be planned", at: value.place, hint: "such as {security: now}")
        }
        var rules: [UpdateClass: ClassRule] = [:]
        for updateClass in UpdateClass.allCases {
            guard let value = fields[updateClass.rawValue] else { continue }
            rules[updateClass] = rule(value, updateClass)
        }
        if rules.values.allSatisfy({ $0 == .never }), rules.count == value.mapping?.count, !rules.isEmpty {
            reading.warning("every class is 'never': nothing would ever be planned", at: value.place)
        }
        return rules
    }

    private func rule(_ value: YAMLValue, _ updateClass: UpdateClass) -> ClassRule? {
        let text = value.scalar.flatMap { $0.kind == .text ? $0.text : nil }
        switch text {
        case "now": return .now
        case "never": return .never
        case let text?:
            if let days = Self.days(text) { return .wait(days: days) }
        case nil: break
        }
        reading.problem(
            "the rule of \(updateClass.rawValue.quoted) must be now, never or a time to wait, but it is "
                + value.kindInWords, at: value.place, hint: "such as 'wait 14d', with 1 to 999 days")
        return nil
    }

    /// `wait 14d`: 1 to 999 days, without a leading zero.
    private static func days(_ text: String) -> Int? {
        guard text.hasPrefix("wait "), text.hasSuffix("d") else { return nil }
        let digits = text.dropFirst(5).dropLast()
        guard (1...3).contains(digits.utf8.count), digits.first != "0", digits.utf8.allSatisfy(YAMLScalar.isDigit)
        else {
            return nil
        }
        return Int(digits)
    }

    private func ages(_ value: YAMLValue) -> [UpdateClass: Int] {
        guard value.mapping != nil else {
            guard let days = reading.integer(value, "ageInDays", in: 0...999) else { return [:] }
            return UpdateClass.allCases.reduce(into: [:]) { $0[$1] = days }
        }
        let keys = UpdateClass.allCases.map(\.rawValue)
        guard let fields = Fields(value, of: "'ageInDays'", keys: keys, reading) else { return [:] }
        return UpdateClass.allCases.reduce(into: [:]) { ages, updateClass in
            guard let value = fields[updateClass.rawValue] else { return }
            ages[updateClass] = reading.integer(value, updateClass.rawValue, in: 0...999)
        }
    }

    // MARK: Single packages

    private func pins(_ value: YAMLValue) -> [Baseline.Pin] {
        var places: [String: Place] = [:]
        return (reading.list(value, "pin", limit: 1_000) ?? []).compactMap { item in
            guard let text = reading.text(item, "a pin") else { return nil }
            guard let pin = Baseline.Pin(text) else {
                reading.problem(
                    "\(text.quoted) is no pin", at: item.place,
                    hint: "a source package and a version, such as openssl=3.0.11-1~deb12u2")
                return nil
            }
            if let first = places.updateValue(item.place, forKey: pin.name) {
                reading.problem("\(pin.name.quoted) is pinned twice; first in line \(first.line)", at: item.place)
                return nil
            }
            return pin
        }
    }

    /// Denied wins over all else: who also allows or pins what is denied meant something else.
    private func checkDenials(_ baseline: Baseline, _ fields: Fields) {
        for (key, names) in [("allow", baseline.allow ?? []), ("pin", baseline.pins.map(\.name))] {
            for name in names where !Glob.isPattern(name) {
                guard let glob = baseline.deny.firstGlob(matchingAnyOf: [name]) else { continue }
                reading.warning(
                    "\(name.quoted) is in \(key), but 'deny' with \(glob.quoted) wins", at: fields.keyPlace(key))
            }
        }
    }

    func rolling(_ value: YAMLValue) -> RollingRule? {
        let keys = ["packages", "step", "atMost"]
        guard let fields = Fields(value, of: "'rolling'", keys: keys, reading) else { return nil }
        let packages = fields.required(
            "packages", of: "'rolling'", reading, hint: "such as 'packages: [nextcloud*]'")
        var rule = RollingRule(packages: packages.map { globs($0, "packages", "a package glob") } ?? [])
        if let value = fields["step"], let step = reading.choice(value, "step", as: RollingRule.Step.self) {
            rule.step = step
        }
        if let value = fields["atMost"], let number = reading.integer(value, "atMost", in: 1...100) {
            rule.atMost = number
        }
        return rule
    }
}
