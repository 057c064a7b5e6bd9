internal import FettleModel

/// What `defaults` says for all resources that don't say it themselves.
struct ResourceDefaults {
    var environment: EnvironmentID?
    var kind = Resource.Kind.host
    /// May hold `{id}`.
    var address = "{id}"
    var serviceModel = ServiceModel.onPremises
    var criticality = Resource.Criticality.medium
    var exposure = Resource.Exposure.internal
    var labels: [String: String] = [:]
    var failureDomain: String?
    var owner: String?
    var responsibility: Responsibility?
    var tier: String?
    /// Of the fleet: what `tier` may be.
    var tiers = TierOrder()

    static let keys = [
        "environment", "kind", "address", "serviceModel", "criticality", "exposure", "labels", "failureDomain", "owner",
        "responsibility", "tier",
    ]

    init(tiers: TierOrder) { self.tiers = tiers }

    init(_ value: YAMLValue, _ environments: [Environment], tiers: TierOrder, _ reading: Reading) {
        self.tiers = tiers
        guard !value.isNull, let fields = Fields(value, of: "'defaults'", keys: Self.keys, reading) else { return }
        self = ResourceDefaults(tiers: tiers).overridden(by: fields, environments, reading)
        guard let address = fields["address"] else { return }
        let example = self.address.replacing("{id}", with: "x")
        do {
            _ = try AddressSyntax.parse(example)
        } catch {
            reading.problem(error.message, at: address.place, hint: error.hint)
        }
    }

    /// These, with what the fields say in their place; labels are joined.
    func overridden(by fields: Fields, _ environments: [Environment], _ reading: Reading) -> ResourceDefaults {
        var result = self
        if let value = fields["environment"], let id = reading.environment(value, environments) {
            result.environment = id
        }
        if let value = fields["kind"], let kind = reading.choice(value, "kind", as: Resource.Kind.self) {
            result.kind = kind
        }
        if let value = fields["address"], let address = reading.text(value, "the address", limit: 512) {
            result.address = address
        }
        if let value = fields["serviceModel"],
            let model = reading.choice(value, "service model", as: ServiceModel.self)
        {
            result.serviceModel = model
        }
        if let value = fields["criticality"],
            let criticality = reading.choice(value, "criticality", as: Resource.Criticality.self)
        {
            result.criticality = criticality
        }
        if let value = fields["exposure"], let exposure = reading.choice(value, "exposure", as: Resource.Exposure.self)
        {
            result.exposure = exposure
        }
        if let value = fields["labels"] {
            result.labels.merge(reading.labels(value)) { _, new in new }
        }
        if let value = fields["failureDomain"], let domain = reading.text(value, "the failure domain") {
            result.failureDomain = domain
        }
        if let value = fields["owner"], let owner = reading.text(value, "the owner") { result.owner = owner }
        if let value = fields["responsibility"], let said = ResponsibilityReader(reading: reading).read(value) {
            result.responsibility = result.responsibility.map { said.over($0) } ?? said
        }
        if let value = fields["tier"], let tier = TierReader(reading: reading).tier(value, in: tiers) {
            result.tier = tier
        }
        return result
    }
}

/// Reads one item of `resources`, which may stand for many: `web-[1:4]`.
struct ResourceReader {
    let reading: Reading
    let environments: [Environment]
    let defaults: ResourceDefaults

    /// `after` is read when all resources are known: `AfterReader`.
    static let keys = ["id", "after"] + ResourceDefaults.keys

    func read(_ item: YAMLValue) -> [Resource] {
        // The compact form: only the id, all else from the defaults.
        if item.scalar != nil { return expand(item, defaults, addressPlace: item.place) }
        guard let fields = Fields(item, of: "a resource", keys: Self.keys, reading) else { return [] }
        let settings = defaults.overridden(by: fields, environments, reading)
        guard let id = fields.required("id", of: "a resource", reading) else { return [] }
        return expand(
            id, settings, addressPlace: fields["address"]?.place ?? id.place,
            isEnvironmentGiven: fields["environment"] != nil)
    }

    /// Where a part is wrong something stands in for it: the fleet is not used then, but groups that name the resource
    /// need not be told as wrong too.
    private func expand(
        _ id: YAMLValue, _ settings: ResourceDefaults, addressPlace: Place, isEnvironmentGiven: Bool = false
    ) -> [Resource] {
        guard let names = names(id) else { return [] }
        if settings.environment == nil, !isEnvironmentGiven {
            reading.problem(
                "the resource \(names[0].quoted) has no environment", at: id.place,
                hint:
                    "give it one of \(environments.map(\.id.rawValue).joined(separator: ", ")), or set it in 'defaults'"
            )
        }
        let addresses = addresses(settings.address, for: names, at: addressPlace) ?? names.map { .ssh($0) }
        return zip(names, addresses).map { name, address in
            Resource(
                id: ResourceID(name), kind: settings.kind, address: address, environment: settings.environment ?? "",
                serviceModel: settings.serviceModel, criticality: settings.criticality, exposure: settings.exposure,
                labels: settings.labels, failureDomain: settings.failureDomain, owner: settings.owner,
                responsibility: settings.responsibility, tier: settings.tier)
        }
    }

    private static let rangeHint = "a range is written [1:4], [01:10] or [a:d]"

    /// The ids that the text stands for, never empty; nil if one of them is none.
    private func names(_ value: YAMLValue) -> [String]? {
        guard let text = reading.text(value, "the id of a resource", limit: 512) else { return nil }
        do {
            let names = try RangePattern(text).expanded
            for name in names {
                guard reading.identifier(name, "the id of a resource", at: value.place, ranges: Self.rangeHint) != nil
                else { return nil }
            }
            return names
        } catch {
            reading.problem(error.message, at: value.place)
            return nil
        }
    }

    /// An address for each name: `{id}` stands for the name, and ranges run beside those of the id.
    private func addresses(_ pattern: String, for names: [String], at place: Place) -> [ResourceAddress]? {
        do {
            let range: RangePattern
            do { range = try RangePattern(pattern) } catch { throw AddressSyntax.Problem(message: error.message) }
            let texts = range.expanded
            guard !range.hasRange || texts.count == names.count else {
                throw AddressSyntax.Problem(
                    message: "the address stands for \(texts.count), but the id for \(names.count)",
                    hint: "give both ranges the same length")
            }
            var addresses: [ResourceAddress] = []
            for (index, name) in names.enumerated() {
                let text = range.hasRange ? texts[index] : texts[0]
                addresses.append(try AddressSyntax.parse(text.replacing("{id}", with: name)))
            }
            return addresses
        } catch let problem as AddressSyntax.Problem {
            reading.problem(problem.message, at: place, hint: problem.hint)
            return nil
        } catch {
            reading.problem("the address cannot be read", at: place, hint: AddressSyntax.forms)
            return nil
        }
    }
}

extension Reading {
    func environment(_ value: YAMLValue, _ environments: [Environment]) -> EnvironmentID? {
        guard let name = text(value, "the environment") else { return nil }
        guard let known = environments.first(where: { $0.id.rawValue == name }) else {
            problem(
                "unknown environment \(name.quoted)", at: value.place,
                hint: Suggestion.hint(for: name, in: environments.map(\.id.rawValue), otherwise: "known environments"))
            return nil
        }
        return known.id
    }

    /// Keys by the rule for labels; values are text, numbers or booleans, kept as they are written.
    func labels(_ value: YAMLValue) -> [String: String] {
        guard let entries = value.mapping else {
            problem(
                "labels must be a mapping, but it is \(value.kindInWords)", at: value.place, hint: "such as {role: web}"
            )
            return [:]
        }
        var labels: [String: String] = [:]
        for entry in entries {
            guard NameRule.isLabelKey(entry.key) else {
                problem("\(entry.key.quoted) cannot be the key of a label", at: entry.keyPlace, hint: NameRule.inWords)
                continue
            }
            guard let scalar = entry.value.scalar, scalar.kind != .null else {
                problem(
                    "the label \(entry.key.quoted) must be text, but it is \(entry.value.kindInWords)",
                    at: entry.value.place)
                continue
            }
            let written = YAMLValue(
                content: .scalar(YAMLScalar(text: scalar.text, isPlain: false)), place: entry.value.place)
            if let text = text(written, "the label \(entry.key.quoted)") { labels[entry.key] = text }
        }
        return labels
    }
}
