internal import FettleModel

/// Reads `risk:` of `policy.yaml`: a number that is not there keeps its default.
struct RiskReader {
    let reading: Reading

    func read(_ value: YAMLValue) -> RiskPolicy {
        var risk = RiskPolicy()
        guard let fields = Fields(value, of: "'risk'", keys: ["unit", "lossPerDay", "waiting", "patching"], reading)
        else { return risk }
        if let value = fields["unit"], let unit = reading.text(value, "unit", limit: 32) { risk.unit = unit }
        if let value = fields["lossPerDay"] {
            let places = numbers(value, "'lossPerDay'", Self.losses, &risk.lossPerDay)
            warn(Self.losses.map { ($0.key, risk.lossPerDay[keyPath: $0.path]) }, places, "a day's loss of")
        }
        if let value = fields["waiting"] { waiting(value, &risk.waiting) }
        if let value = fields["patching"] { patching(value, &risk.patching) }
        return risk
    }

    private func waiting(_ value: YAMLValue, _ policy: inout WaitingPolicy) {
        let keys = ["hazards", "exposure", "predictionStaleDays"]
        guard let fields = numbers(value, "'waiting'", Self.waiting, &policy, besides: keys) else { return }
        if let value = fields["hazards"] {
            let places = numbers(value, "'hazards'", Self.hazards, &policy.hazards)
            let ordered = Self.hazards.filter { $0.key != "unrated" && $0.key != "proofOfConcept" }
            warn(ordered.map { ($0.key, policy.hazards[keyPath: $0.path]) }, places, "the hazard of")
        }
        if let value = fields["exposure"] {
            let places = numbers(value, "'exposure'", Self.exposure, &policy)
            warn(Self.exposure.map { ($0.key, policy[keyPath: $0.path]) }, places, "the share of")
        }
        if let value = fields["predictionStaleDays"],
            let days = reading.integer(value, "predictionStaleDays", in: 1...365)
        {
            policy.predictionStaleDays = days
        }
    }

    private func patching(_ value: YAMLValue, _ policy: inout PatchingPolicy) {
        let keys = ["priors", "recoveryHours"]
        guard let fields = numbers(value, "'patching'", Self.patching, &policy, besides: keys) else { return }
        if let value = fields["priors"] { priors(value, &policy) }
        if let value = fields["recoveryHours"] {
            _ = numbers(value, "'recoveryHours'", Self.recovery, &policy.recoveryHours)
        }
    }

    private func priors(_ value: YAMLValue, _ policy: inout PatchingPolicy) {
        guard let fields = Fields(value, of: "'priors'", keys: ChangeKind.allCases.map(\.rawValue), reading) else {
            return
        }
        for kind in ChangeKind.allCases {
            guard let value = fields[kind.rawValue] else { continue }
            var prior = policy.prior(of: kind)
            _ = numbers(value, "a prior", Self.prior, &prior)
            policy.priors[kind] = prior
        }
    }

    /// Reads every number of a mapping into its place.
    private func numbers<Root>(
        _ value: YAMLValue, _ name: String, _ numbers: [RiskNumber<Root>], _ root: inout Root,
        besides others: [String] = []
    ) -> Fields? {
        guard let fields = Fields(value, of: name, keys: numbers.map(\.key) + others, reading) else { return nil }
        for number in numbers {
            guard let value = fields[number.key] else { continue }
            if let read = reading.number(value, number.key, in: number.range) { root[keyPath: number.path] = read }
        }
        return fields
    }

    /// The numbers are to rise, or at least not to fall, in their order.
    private func warn(_ ordered: [(key: String, value: Double)], _ fields: Fields?, _ what: String) {
        guard let fields else { return }
        for (less, more) in zip(ordered, ordered.dropFirst()) where less.value > more.value {
            reading.warning(
                "\(what) \(less.key) is \(less.value.plain), more than that of \(more.key), which is \(more.value.plain)",
                at: fields.keyPlace(fields[less.key] == nil ? more.key : less.key))
        }
    }
}

/// A number of the risk policy: its key, its place, and what it may be.
private struct RiskNumber<Root>: Sendable {
    let key: String
    let path: any WritableKeyPath<Root, Double> & Sendable
    let range: ClosedRange<Double>

    init(_ key: String, _ path: any WritableKeyPath<Root, Double> & Sendable, _ range: ClosedRange<Double>) {
        self.key = key
        self.path = path
        self.range = range
    }
}

extension RiskReader {
    private static let share = 0.0...1.0
    private static let factor = 1.0...1_000.0
    private static let perDay = 0.0...10.0
    private static let halfLife = 0.1...3_650.0

    private static let losses: [RiskNumber<RiskPolicy.ByCriticality>] = [
        .init("low", \.low, 0...1e12), .init("medium", \.medium, 0...1e12), .init("high", \.high, 0...1e12),
        .init("critical", \.critical, 0...1e12),
    ]

    private static let hazards: [RiskNumber<WaitingPolicy.Hazards>] = [
        .init("low", \.low, perDay), .init("medium", \.medium, perDay), .init("high", \.high, perDay),
        .init("critical", \.critical, perDay), .init("unrated", \.unrated, perDay),
        .init("proofOfConcept", \.proofOfConcept, perDay), .init("exploited", \.exploited, perDay),
    ]

    private static let exposure: [RiskNumber<WaitingPolicy>] = [
        .init("isolated", \.isolatedShare, share), .init("internal", \.internalShare, share),
        .init("internet", \.internetShare, share),
    ]

    private static let waiting: [RiskNumber<WaitingPolicy>] = [
        .init("ransomwareFactor", \.ransomwareFactor, factor),
        .init("notAutomatableFactor", \.notAutomatableFactor, share),
        .init("partialImpactFactor", \.partialImpactFactor, share), .init("incidentDays", \.incidentDays, 0...3_650),
        .init("earlyShare", \.earlyShare, 0.001...1), .init("growthHalfLifeDays", \.growthHalfLifeDays, halfLife),
        .init("correlation", \.correlation, share),
    ]

    private static let patching: [RiskNumber<PatchingPolicy>] = [
        .init("dataMigrationHours", \.dataMigrationHours, 0...8_760),
        .init("restartMinutes", \.restartMinutes, 0...1_440), .init("rebootMinutes", \.rebootMinutes, 0...1_440),
        .init("rebootFailure", \.rebootFailure, share), .init("conffileFailure", \.conffileFailure, share),
        .init("redundancyFactor", \.redundancyFactor, share), .init("commonCauseShare", \.commonCauseShare, share),
        .init("youngFactor", \.youngFactor, factor), .init("youngHalfLifeDays", \.youngHalfLifeDays, halfLife),
        .init("spreadDays", \.spreadDays, 1...3_650),
    ]

    private static let recovery: [RiskNumber<PatchingPolicy.RecoveryHours>] = [
        .init("nothingToUndo", \.nothingToUndo, 0...8_760), .init("snapshot", \.snapshot, 0...8_760),
        .init("imageSwap", \.imageSwap, 0...8_760), .init("exactVersions", \.exactVersions, 0...8_760),
        .init("irreversible", \.irreversible, 0...8_760),
    ]

    private static let prior: [RiskNumber<PatchingPolicy.Prior>] = [
        .init("probability", \.probability, share), .init("weight", \.weight, 0.01...1e6),
    ]
}
