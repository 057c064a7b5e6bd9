internal import FettleModel

/// Reads `strategy`: `rolling`, `canary` or `allAtOnce`, alone or as the one key over its settings.
struct StrategyReader {
    let reading: Reading

    static let names = ["rolling", "canary", "allAtOnce"]
    /// Ten minutes of traffic show most of what goes wrong at once; a bake of nothing is no canary.
    static let defaultBakeSeconds = 600

    func read(_ value: YAMLValue) -> Strategy? {
        if value.scalar != nil {
            guard let name = reading.text(value, "the strategy") else { return nil }
            return strategy(name, settings: nil, at: value.place)
        }
        guard let entries = value.mapping, entries.count == 1, let entry = entries.first else {
            reading.problem(
                "the strategy must be one of \(Self.names.joined(separator: ", ")), but it is \(value.kindInWords)",
                at: value.place, hint: "such as 'rolling: {maxUnavailable: 1}'")
            return nil
        }
        return strategy(entry.key, settings: entry.value.isNull ? nil : entry.value, at: entry.keyPlace)
    }

    private func strategy(_ name: String, settings: YAMLValue?, at place: Place) -> Strategy? {
        switch name {
        case "rolling": return rolling(settings)
        case "canary": return canary(settings)
        case "allAtOnce":
            if let settings, settings.mapping?.isEmpty != true {
                reading.problem("allAtOnce has no settings", at: settings.place)
            }
            return .allAtOnce
        default:
            reading.problem(
                "unknown strategy \(name.quoted)", at: place,
                hint: Suggestion.hint(for: name, in: Self.names, otherwise: "one of"))
            return nil
        }
    }

    private func rolling(_ settings: YAMLValue?) -> Strategy? {
        guard let settings else { return .rolling(maxUnavailable: .count(1)) }
        guard let fields = Fields(settings, of: "'rolling'", keys: ["maxUnavailable"], reading) else { return nil }
        return .rolling(maxUnavailable: quantity(fields, "maxUnavailable"))
    }

    private func canary(_ settings: YAMLValue?) -> Strategy? {
        guard let settings else {
            return .canary(first: .count(1), bakeSeconds: Self.defaultBakeSeconds, maxUnavailable: .count(1))
        }
        let keys = ["first", "bake", "maxUnavailable"]
        guard let fields = Fields(settings, of: "'canary'", keys: keys, reading) else { return nil }
        let bake = fields["bake"].flatMap { reading.seconds($0, "bake", in: 0...2_592_000) }
        return .canary(
            first: quantity(fields, "first"), bakeSeconds: bake ?? Self.defaultBakeSeconds,
            maxUnavailable: quantity(fields, "maxUnavailable"))
    }

    /// One if it is not given; none at all would never get anywhere.
    private func quantity(_ fields: Fields, _ key: String) -> Quantity {
        fields[key].flatMap { reading.quantity($0, key, atLeast: 1) } ?? .count(1)
    }
}
