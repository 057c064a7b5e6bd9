internal import FettleModel

/// Reads `strategy`: the name of one, alone or as the one key over its settings.
struct StrategyReader {
    let reading: Reading
    let resources: DeclaredResources
    /// All, sorted: for hints.
    let ids: [String]

    static let names = [
        "rolling", "canary", "allAtOnce", "oneSideAtATime", "replicasFirst", "evacuate", "blueGreen",
        "throughController", "replace",
    ]
    /// Ten minutes of traffic show most of what goes wrong at once; a bake of nothing is no canary.
    static let defaultBakeSeconds = 600
    /// An hour of all traffic on the side that was patched, before the way back is given up.
    static let defaultKeepSeconds = 3_600
    /// A side left at the earlier patch level would stay open to what the other one is closed to.
    static let defaultOldSide = Strategy.OldSide.patch
    static let longestSeconds = 2_592_000

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
        case "replicasFirst":
            return most(name, settings, key: "maxUnavailable").map { .replicasFirst(maxUnavailable: $0) }
        case "evacuate":
            return most(name, settings, key: "maxUnavailable").map { .evacuate(maxUnavailable: $0) }
        case "canary": return canary(settings)
        case "oneSideAtATime": return oneSideAtATime(settings)
        case "blueGreen": return blueGreen(settings, at: place)
        case "throughController": return throughController(settings, at: place)
        case "replace": return replace(settings, at: place)
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

    /// Of a strategy that only says how many members may be away at once.
    private func most(_ name: String, _ settings: YAMLValue?, key: String) -> Quantity? {
        guard let settings else { return .count(1) }
        return Fields(settings, of: "'\(name)'", keys: [key], reading).map { quantity($0, key) }
    }

    private func rolling(_ settings: YAMLValue?) -> Strategy? {
        guard let settings else { return .rolling(maxUnavailable: .count(1)) }
        let keys = ["maxUnavailable", "maxSurge"]
        guard let fields = Fields(settings, of: "'rolling'", keys: keys, reading) else { return nil }
        let (most, surge) = outage(fields)
        return .rolling(maxUnavailable: most, maxSurge: surge)
    }

    /// How many may be out, and how many more because spares serve: with these nobody else need be missing.
    private func outage(_ fields: Fields) -> (most: Quantity, surge: Quantity?) {
        let surge = fields["maxSurge"].flatMap { reading.quantity($0, "maxSurge") }
        let isSurging = surge.map { $0 != .count(0) && $0 != .percent(0) } ?? false
        let most = fields["maxUnavailable"].flatMap {
            reading.quantity($0, "maxUnavailable", atLeast: isSurging ? 0 : 1)
        }
        return (most ?? .count(1), surge)
    }

    private func canary(_ settings: YAMLValue?) -> Strategy? {
        guard let settings else {
            return .canary(first: .count(1), bakeSeconds: Self.defaultBakeSeconds, maxUnavailable: .count(1))
        }
        let keys = ["first", "bake", "maxUnavailable", "growth"] + Self.judgingKeys
        guard let fields = Fields(settings, of: "'canary'", keys: keys, reading) else { return nil }
        let growth = fields["growth"].flatMap { reading.integer($0, "growth", in: 1...100) }
        let bake = seconds(fields, "bake") ?? Self.defaultBakeSeconds
        return .canary(
            first: quantity(fields, "first"), bakeSeconds: bake,
            maxUnavailable: quantity(fields, "maxUnavailable"), growth: growth ?? 1,
            judging: judging(fields, bakeSeconds: bake))
    }

    private static let judgingKeys = ["judge", "control", "restartControl", "watchRest", "extendUntil"]

    /// nil: nothing is said about it.
    private func judging(_ fields: Fields, bakeSeconds: Int) -> CanaryJudging? {
        guard Self.judgingKeys.contains(where: { fields[$0] != nil }) else { return nil }
        let method = fields["judge"].flatMap {
            reading.choice($0, "way to judge a canary", as: CanaryJudging.Method.self)
        }
        let controls = fields["control"].flatMap { reading.integer($0, "control", in: 0...100) }
        let restarts = fields["restartControl"].flatMap { reading.boolean($0, "restartControl") }
        let last = fields["watchRest"].flatMap { reading.boolean($0, "watchRest") }
        let until = seconds(fields, "extendUntil")
        if method == .probes, let value = Self.judgingKeys.dropFirst().lazy.compactMap({ fields[$0] }).first {
            reading.problem(
                "a canary that is judged by its probes alone is compared with nobody and not extended", at: value.place,
                hint: "leave out 'judge: probes', or 'control', 'restartControl', 'watchRest' and 'extendUntil'")
        }
        if restarts == true, controls == 0, let value = fields["restartControl"] {
            reading.problem(
                "with 'control: 0' nobody is compared with, so that nobody is restarted for it", at: value.place,
                hint: "leave out 'restartControl', or say 'control: 1'")
        }
        if let until, until < bakeSeconds, let value = fields["extendUntil"] {
            reading.problem(
                "'extendUntil' is counted from the beginning of the bake and shorter than it", at: value.place,
                hint: "\(bakeSeconds)s or more")
        }
        return CanaryJudging(
            method: method ?? .compared, controls: controls, extendUntilSeconds: until, restartsControls: restarts,
            watchesRest: last)
    }

    private func oneSideAtATime(_ settings: YAMLValue?) -> Strategy? {
        guard let settings else { return .oneSideAtATime(bakeSeconds: Self.defaultBakeSeconds) }
        guard let fields = Fields(settings, of: "'oneSideAtATime'", keys: ["bake"], reading) else { return nil }
        return .oneSideAtATime(bakeSeconds: seconds(fields, "bake") ?? Self.defaultBakeSeconds)
    }

    private func blueGreen(_ settings: YAMLValue?, at place: Place) -> Strategy? {
        let hint = "such as 'blueGreen: {active: blue, keep: 1h, then: patch}', with the failure domain that serves now"
        guard let settings else {
            reading.problem("'blueGreen' has no 'active'", at: place, hint: hint)
            return nil
        }
        let keys = ["active", "keep", "then"]
        guard let fields = Fields(settings, of: "'blueGreen'", keys: keys, reading) else { return nil }
        let active = fields.required("active", of: "'blueGreen'", reading, hint: hint).flatMap {
            reading.text($0, "active")
        }
        let keep = seconds(fields, "keep") ?? Self.defaultKeepSeconds
        let then = fields["then"].flatMap {
            reading.choice($0, "fate of the side that served", as: Strategy.OldSide.self)
        }
        return active.map { .blueGreen(active: $0, keepSeconds: keep, then: then ?? Self.defaultOldSide) }
    }

    private func throughController(_ settings: YAMLValue?, at place: Place) -> Strategy? {
        let hint = "such as 'throughController: {controller: vcenter-1, atOnce: 1}'"
        guard let settings else {
            reading.problem("'throughController' has no 'controller'", at: place, hint: hint)
            return nil
        }
        let keys = ["controller", "atOnce"]
        guard let fields = Fields(settings, of: "'throughController'", keys: keys, reading) else { return nil }
        let controller = fields.required("controller", of: "'throughController'", reading, hint: hint).flatMap {
            resources.reachable($0, "controller", ids, reading)
        }
        let atOnce = quantity(fields, "atOnce")
        return controller.map { .throughController($0.id, atOnce: atOnce) }
    }

    private func replace(_ settings: YAMLValue?, at place: Place) -> Strategy? {
        let hint = "such as 'replace: {image: web-base, maxUnavailable: 1}'"
        guard let settings else {
            reading.problem("'replace' has no 'image'", at: place, hint: hint)
            return nil
        }
        let keys = ["image", "maxUnavailable", "maxSurge", "machines"]
        guard let fields = Fields(settings, of: "'replace'", keys: keys, reading) else { return nil }
        let image = fields.required("image", of: "'replace'", reading, hint: hint).flatMap {
            reading.identifier($0, "the name of an image")
        }
        let (most, surge) = outage(fields)
        let machines = fields["machines"].map(ImageMachinesReader(reading: reading).read)
        // Something that could not be read is told already.
        if case .some(nil) = machines { return nil }
        return image.map {
            .replace(
                image: $0, maxUnavailable: most, maxSurge: surge ?? .count(0), machines: machines.flatMap { $0 })
        }
    }

    // MARK: Settings

    private func seconds(_ fields: Fields, _ key: String) -> Int? {
        fields[key].flatMap { reading.seconds($0, key, in: 0...Self.longestSeconds) }
    }

    /// One if it is not given; none at all would never get anywhere.
    private func quantity(_ fields: Fields, _ key: String) -> Quantity {
        fields[key].flatMap { reading.quantity($0, key, atLeast: 1) } ?? .count(1)
    }
}
