internal import FettleModel

/// Reads `tiers`, the layers of the fleet in which patches go one after the other, and `tier` of a resource.
struct TierReader {
    let reading: Reading

    static let example = "such as 'tiers: [database, application, web]'"
    static let limit = 100
    static let numbers = 0...1_000

    /// A list of names, or `{names, direction}`.
    func order(_ value: YAMLValue) -> TierOrder {
        if value.sequence != nil { return TierOrder(names: names(value)) }
        guard let fields = Fields(value, of: "'tiers'", keys: ["names", "direction"], reading) else {
            return TierOrder()
        }
        var order = TierOrder()
        if value.mapping?.isEmpty == true {
            reading.problem("'tiers' says nothing", at: value.place, hint: Self.example)
        }
        if let value = fields["names"] { order.names = names(value) }
        if let value = fields["direction"],
            let direction = reading.choice(value, "direction", as: TierOrder.Direction.self)
        {
            order.direction = direction
        }
        return order
    }

    private func names(_ value: YAMLValue) -> [String] {
        let items = reading.list(value, "tiers", limit: Self.limit) ?? []
        if value.sequence?.isEmpty == true {
            reading.problem("no tiers", at: value.place, hint: "leave the key out where tiers are numbers")
        }
        var seen: Set<String> = []
        return items.compactMap { item in
            guard let name = reading.identifier(item, "the name of a tier") else { return nil }
            guard seen.insert(name).inserted else {
                reading.problem("the tier \(name.quoted) is given twice", at: item.place)
                return nil
            }
            return name
        }
    }

    /// One of the declared names, or a whole number where none are declared.
    func tier(_ value: YAMLValue, in order: TierOrder) -> String? {
        if let scalar = value.scalar, scalar.kind == .integer {
            guard order.names.isEmpty else {
                reading.problem(
                    "the tiers of this fleet have names, but this is the number \(scalar.text.shown())",
                    at: value.place, hint: "one of: \(order.names.prefix(16).joined(separator: ", "))")
                return nil
            }
            return reading.integer(value, "the tier", in: Self.numbers).map { String($0) }
        }
        guard let name = reading.text(value, "the tier") else { return nil }
        guard order.names.contains(name) else {
            let hint =
                order.names.isEmpty
                ? "declare it, \(Self.example), or give a number"
                : Suggestion.hint(for: name, in: order.names, otherwise: "one of")
            reading.problem("unknown tier \(name.quoted)", at: value.place, hint: hint)
            return nil
        }
        return name
    }
}
