internal import FettleModel

/// Reads `changes` of `policy.yaml`: what is demanded of changes beyond the number of approvals by environment.
struct ChangePolicyReader {
    let reading: Reading

    static let limit = 200

    func read(_ value: YAMLValue) -> ChangePolicy {
        var policy = ChangePolicy()
        let keys = ["expireAfter", "emergency", "teams", "rules", "templates"]
        guard let fields = Fields(value, of: "'changes'", keys: keys, reading) else { return policy }
        if let value = fields["expireAfter"] {
            policy.expiresAfterSeconds = reading.seconds(value, "expireAfter", in: 60...31_536_000)
        }
        if let value = fields["emergency"] { policy.emergency = emergency(value) }
        if let value = fields["teams"] { policy.teams = teams(value) }
        if let value = fields["rules"] { policy.rules = named(value, "rules", "a rule of approval", rule) }
        if let value = fields["templates"] { policy.templates = named(value, "templates", "a template", template) }
        return policy
    }

    private func emergency(_ value: YAMLValue) -> ChangePolicy.EmergencyRule {
        var rule = ChangePolicy.EmergencyRule()
        guard let fields = Fields(value, of: "'emergency'", keys: ["approvals", "reviewWithin"], reading) else {
            return rule
        }
        if let value = fields["approvals"], let number = reading.integer(value, "approvals", in: 0...20) {
            rule.approvals = number
            if number == 0 {
                reading.warning(
                    "an emergency needs no approval, in protected environments neither",
                    at: fields.keyPlace("approvals"))
            }
        }
        if let value = fields["reviewWithin"], let seconds = reading.seconds(value, "reviewWithin", in: 60...31_536_000)
        {
            rule.reviewWithinSeconds = seconds
        }
        return rule
    }

    private func teams(_ value: YAMLValue) -> [String: [String]] {
        guard let entries = value.mapping else {
            reading.problem(
                "teams must be a mapping, but it is \(value.kindInWords)", at: value.place,
                hint: "such as 'dba: [alice, bob]'")
            return [:]
        }
        var teams: [String: [String]] = [:]
        for entry in entries.prefix(Self.limit) {
            guard let name = reading.identifier(entry.key, "the name of a team", at: entry.keyPlace) else { continue }
            let people = people(entry.value, "the team \(name.quoted)")
            if entry.value.sequence?.isEmpty == true {
                reading.problem("the team \(name.quoted) is empty", at: entry.value.place, hint: "name its people")
            }
            teams[name] = people.sorted()
        }
        if entries.count > Self.limit {
            reading.problem("teams has more than \(Self.limit) items", at: value.place)
        }
        return teams
    }

    private func people(_ value: YAMLValue, _ name: String) -> [String] {
        reading.texts(value, name, item: "a person", limit: Self.limit)
    }

    /// A list of mappings, each with a name of its own.
    private func named<Item>(
        _ value: YAMLValue, _ name: String, _ what: String, _ read: (YAMLValue) -> (String, Item)?
    ) -> [Item] {
        var places: [String: Place] = [:]
        return (reading.list(value, name, limit: Self.limit) ?? []).compactMap { item in
            guard let (name, value) = read(item) else { return nil }
            if let first = places.updateValue(item.place, forKey: name) {
                reading.problem("\(what) \(name.quoted) is given twice; first in line \(first.line)", at: item.place)
                return nil
            }
            return value
        }
    }

    private func name(_ fields: Fields, _ what: String) -> String? {
        fields.required("name", of: what, reading).flatMap { reading.identifier($0, "the name of \(what)") }
    }

    /// A list that is given must say something.
    private func globs(_ value: YAMLValue?, _ name: String, _ item: String) -> [String] {
        guard let value else { return [] }
        if value.sequence?.isEmpty == true {
            reading.problem("\(name) is empty", at: value.place, hint: "give a value, or leave the key out")
        }
        return reading.texts(value, name, item: item)
    }

    private func rule(_ item: YAMLValue) -> (String, ApprovalCondition)? {
        let what = "a rule of approval"
        let keys = [
            "name", "environments", "groups", "hostsAtLeast", "shareAtLeast", "irreversible", "reboots",
            "criticalityAtLeast", "lossAtLeast", "approvals", "from", "owners",
        ]
        guard let fields = Fields(item, of: what, keys: keys, reading), let name = name(fields, what) else {
            return nil
        }
        var rule = ApprovalCondition(name: name)
        rule.environments = globs(fields["environments"], "environments", "an environment glob")
        rule.groups = globs(fields["groups"], "groups", "a group glob")
        rule.hosts = fields["hostsAtLeast"].flatMap { reading.integer($0, "hostsAtLeast", in: 1...1_000_000) }
        rule.sharePercent = fields["shareAtLeast"].flatMap { reading.integer($0, "shareAtLeast", in: 1...100) }
        rule.irreversible = fields["irreversible"].flatMap { reading.boolean($0, "irreversible") } ?? false
        rule.reboots = fields["reboots"].flatMap { reading.boolean($0, "reboots") } ?? false
        rule.criticality = fields["criticalityAtLeast"].flatMap {
            reading.choice($0, "criticality", as: Resource.Criticality.self)
        }
        rule.lossPerDay = fields["lossAtLeast"].flatMap { reading.number($0, "lossAtLeast", in: 0...1e12) }
        rule.approvals = fields["approvals"].flatMap { reading.integer($0, "approvals", in: 1...20) }
        rule.from = globs(fields["from"], "from", "a person or team")
        rule.owners = fields["owners"].flatMap { reading.boolean($0, "owners") } ?? false
        if fields["approvals"] == nil, fields["from"] == nil, !rule.owners {
            reading.warning(
                "the rule \(name.quoted) demands nothing", at: item.place, hint: "approvals, from or owners")
        }
        return (name, rule)
    }

    private func template(_ item: YAMLValue) -> (String, ChangeTemplate)? {
        let what = "a template"
        let keys = ["name", "environments", "groups", "hosts", "packages", "reboots", "approvals"]
        guard let fields = Fields(item, of: what, keys: keys, reading), let name = name(fields, what) else {
            return nil
        }
        guard
            let environments = fields.required(
                "environments", of: what, reading, hint: "such as 'environments: [dev]'"),
            let hosts = fields.required("hosts", of: what, reading, hint: "how many at most, such as 'hosts: 10'")
        else { return nil }
        var template = ChangeTemplate(
            name: name, environments: globs(environments, "environments", "an environment glob"),
            hosts: reading.integer(hosts, "hosts", in: 1...1_000_000) ?? 1)
        template.groups = globs(fields["groups"], "groups", "a group glob")
        template.packages = globs(fields["packages"], "packages", "a package glob")
        template.mayReboot = fields["reboots"].flatMap { reading.boolean($0, "reboots") } ?? false
        template.approvals = fields["approvals"].flatMap { reading.integer($0, "approvals", in: 0...20) } ?? 0
        return (name, template)
    }
}
