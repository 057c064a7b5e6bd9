internal import FettleModel

/// Reads `promotion` of `policy.yaml`: the stages that patch sets go through, and the fast lane.
struct PromotionReader {
    let reading: Reading
    /// Those of the fleet; nil if they are not known, and the names are then not checked.
    let environments: [Environment]?

    static let stageLimit = 50

    func read(_ value: YAMLValue) -> PromotionPolicy? {
        guard let fields = Fields(value, of: "'promotion'", keys: ["stages", "fastLane"], reading) else { return nil }
        let stages =
            fields.required(
                "stages", of: "'promotion'", reading,
                hint: "from first to last, such as 'stages: [dev, staging, production]'"
            ).map(stages) ?? []
        var policy = PromotionPolicy(stages: stages)
        if let value = fields["fastLane"] { policy.fastLane = fastLane(value, stages) }
        return policy
    }

    private func stages(_ value: YAMLValue) -> [PromotionStage] {
        let items = reading.list(value, "stages", limit: Self.stageLimit) ?? []
        if value.sequence?.isEmpty == true {
            reading.problem(
                "no stages: nothing could ever be promoted", at: value.place, hint: "such as [dev, production]")
        }
        var stages: [PromotionStage] = []
        var owners: [EnvironmentID: StageID] = [:]
        for (number, item) in items.enumerated() {
            guard let stage = stage(item, isFirst: number == 0) else { continue }
            if stages.contains(where: { $0.id == stage.id }) {
                reading.problem("the stage \(stage.id.rawValue.quoted) is given twice", at: item.place)
                continue
            }
            for environment in stage.environments {
                guard let other = owners.updateValue(stage.id, forKey: environment) else { continue }
                reading.problem(
                    "the environment \(environment.rawValue.quoted) is in two stages, \(other.rawValue.quoted) and "
                        + stage.id.rawValue.quoted, at: item.place, hint: "an environment gets a set once")
            }
            stages.append(stage)
        }
        return stages
    }

    /// A name alone, or a mapping.
    private func stage(_ item: YAMLValue, isFirst: Bool) -> PromotionStage? {
        guard item.mapping != nil else {
            guard let name = reading.identifier(item, "the name of a stage") else { return nil }
            check(name, at: item.place)
            return PromotionStage(id: StageID(name), environments: [EnvironmentID(name)])
        }
        let keys = ["name", "environments", "after", "setsOnly", "tests"]
        guard let fields = Fields(item, of: "a stage", keys: keys, reading),
            let value = fields.required("name", of: "a stage", reading),
            let name = reading.identifier(value, "the name of a stage")
        else { return nil }
        var stage = PromotionStage(id: StageID(name), environments: [EnvironmentID(name)])
        if let value = fields["environments"] {
            if value.sequence?.isEmpty == true {
                reading.problem("environments is empty", at: value.place, hint: "give a value, or leave the key out")
            }
            let names = reading.texts(value, "environments", item: "an environment")
            for item in value.sequence ?? [] {
                if let text = item.scalar?.text, names.contains(text) { check(text, at: item.place) }
            }
            stage.environments = names.map { EnvironmentID($0) }
        } else {
            check(name, at: value.place)
        }
        if let value = fields["after"] {
            if isFirst {
                reading.warning("the first stage has none before it: its 'after' says nothing", at: value.place)
            }
            stage.after = criteria(value)
        }
        if let value = fields["tests"] {
            stage.tests = StageTestsReader(reading: reading).read(value, of: stage.id)
        }
        if let value = fields["setsOnly"], let only = reading.boolean(value, "setsOnly") { stage.setsOnly = only }
        return stage
    }

    private func check(_ name: String, at place: Place) {
        guard reading.identifier(name, "the name of an environment", at: place) != nil, let environments,
            !environments.contains(where: { $0.id.rawValue == name })
        else { return }
        reading.problem(
            "unknown environment \(name.quoted)", at: place,
            hint: Suggestion.hint(for: name, in: environments.map(\.id.rawValue), otherwise: "known environments"))
    }

    private func criteria(_ value: YAMLValue) -> PromotionCriteria {
        var criteria = PromotionCriteria()
        let keys = ["soak", "runs", "hosts", "canaries", "gates", "closed", "beside", "signOffs"]
        guard let fields = Fields(value, of: "'after'", keys: keys, reading) else { return criteria }
        if let value = fields["soak"], let seconds = reading.seconds(value, "soak", in: 0...31_536_000) {
            criteria.soakSeconds = seconds
        }
        if let value = fields["runs"], let number = reading.integer(value, "runs", in: 0...1_000) {
            criteria.runs = number
        }
        if let value = fields["hosts"], let quantity = reading.quantity(value, "hosts") { criteria.hosts = quantity }
        if let value = fields["canaries"], let isNeeded = reading.boolean(value, "canaries") {
            criteria.canaries = isNeeded
        }
        if let value = fields["gates"], let isNeeded = reading.boolean(value, "gates") { criteria.gates = isNeeded }
        if let value = fields["closed"], reading.boolean(value, "closed") == true { criteria.closed = true }
        if let value = fields["beside"], reading.boolean(value, "beside") == true { criteria.beside = true }
        if let value = fields["signOffs"] { criteria.signOffs = signOffs(value) }
        return criteria
    }

    private func signOffs(_ value: YAMLValue) -> [PatchSetNote.Kind] {
        let known = PatchSetNote.Kind.signOffs
        var kinds: [PatchSetNote.Kind] = []
        for item in reading.list(value, "signOffs", limit: known.count) ?? [] {
            guard let text = reading.text(item, "a kind of sign-off") else { continue }
            guard let kind = known.first(where: { $0.rawValue == text }) else {
                reading.problem(
                    "unknown kind of sign-off \(text.quoted)", at: item.place,
                    hint: Suggestion.hint(for: text, in: known.map(\.rawValue), otherwise: "one of"))
                continue
            }
            if kinds.contains(kind) { reading.problem("\(text.quoted) is in signOffs twice", at: item.place) }
            kinds.append(kind)
        }
        return kinds
    }

    private func fastLane(_ value: YAMLValue, _ stages: [PromotionStage]) -> FastLane? {
        guard let fields = Fields(value, of: "'fastLane'", keys: ["through", "after"], reading) else { return nil }
        var lane = FastLane()
        if let value = fields["through"] {
            lane.through = reading.texts(value, "through", item: "a stage").map { StageID($0) }
            for item in value.sequence ?? [] {
                guard let text = item.scalar?.text, lane.through.contains(StageID(text)),
                    !stages.contains(where: { $0.id.rawValue == text })
                else { continue }
                reading.problem(
                    "unknown stage \(text.quoted)", at: item.place,
                    hint: Suggestion.hint(for: text, in: stages.map(\.id.rawValue), otherwise: "known stages"))
            }
        }
        if let value = fields["after"] { lane.after = criteria(value) }
        return lane
    }
}
