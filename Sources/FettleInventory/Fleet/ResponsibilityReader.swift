internal import FettleModel

/// Reads `responsibility` of a resource, a group or the defaults: who patches which layer, and who answers for it.
struct ResponsibilityReader {
    let reading: Reading

    static let keys = ResourceLayer.allCases.map(\.rawValue) + ["owner", "contact"]

    func read(_ value: YAMLValue) -> Responsibility? {
        guard let fields = Fields(value, of: "'responsibility'", keys: Self.keys, reading) else { return nil }
        var result = Responsibility()
        for layer in ResourceLayer.allCases {
            guard let value = fields[layer.rawValue], let part = part(value, layer) else { continue }
            result.layers[layer] = part
        }
        result.owner = fields["owner"].flatMap { reading.text($0, "the owner") }
        result.contact = fields["contact"].flatMap { reading.text($0, "the contact") }
        if value.mapping?.isEmpty == true {
            reading.problem(
                "'responsibility' says nothing", at: value.place,
                hint: "such as {firmware: vendor, owner: platform team}")
        }
        return result
    }

    /// `vendor`, or `{by: vendor, owner: NAME, contact: ADDRESS}`.
    private func part(_ value: YAMLValue, _ layer: ResourceLayer) -> Responsibility.Part? {
        if value.scalar != nil {
            return reading.choice(value, "party", as: ResponsibleParty.self).map { Responsibility.Part(by: $0) }
        }
        guard let fields = Fields(value, of: "'\(layer.rawValue)'", keys: ["by", "owner", "contact"], reading) else {
            return nil
        }
        if value.mapping?.isEmpty == true {
            reading.problem(
                "'\(layer.rawValue)' says nothing", at: value.place, hint: "such as {by: vendor, owner: NAME}")
        }
        return Responsibility.Part(
            by: fields["by"].flatMap { reading.choice($0, "party", as: ResponsibleParty.self) },
            owner: fields["owner"].flatMap { reading.text($0, "the owner") },
            contact: fields["contact"].flatMap { reading.text($0, "the contact") })
    }

    /// What groups say holds for their members, where these don't say it themselves; of several groups the first in the order of
    /// their ids.
    static func spread(
        _ groups: [(group: ResourceGroup, says: Responsibility)], over resources: [Resource]
    ) -> [Resource] {
        guard !groups.isEmpty else { return resources }
        var byMember: [ResourceID: Responsibility] = [:]
        for (group, says) in groups.sorted(by: { $0.group.id < $1.group.id }) {
            for member in group.members { byMember[member] = byMember[member]?.over(says) ?? says }
        }
        return resources.map { resource in
            guard let base = byMember[resource.id] else { return resource }
            var resource = resource
            resource.responsibility = resource.responsibility?.over(base) ?? base
            return resource
        }
    }
}
