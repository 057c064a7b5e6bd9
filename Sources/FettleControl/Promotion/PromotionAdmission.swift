public import FettleModel
import FettleStore

/// Whether a change may be asked for, and carried out, as far as patch sets and their stages are concerned.
struct PromotionAdmission {
    let record: PromotionRecord

    init(_ keeper: StageKeeper) { record = PromotionRecord(keeper: keeper) }

    /// What the change is bound to; nil: its plan was not made from a set.
    ///
    /// - Parameter fleet: whose environments are the stages where the policy names none; nil: it is not known.
    /// - Throws: `blocked` with everything that the set has not shown yet, or if a stage takes plans from sets only.
    func admit(
        _ plan: Plan, lane: PromotionLane, policy: Policy, fleet: Fleet?, at time: Timestamp
    ) async throws(ControlError) -> ChangePromotion? {
        let selection = try await selection(of: plan)
        guard let reference = selection?.patchSet else {
            guard lane == .normal else {
                throw ControlError(.invalid, "\(plan.id) was not made from a patch set: the fast lane is for these")
            }
            // What its hosts had before needs no trial.
            if selection?.undoes != nil { return nil }
            try Self.requireNoSetIsDemanded(of: plan, policy.promotion)
            return nil
        }
        let set = try await record.set(reference)
        guard let stages = policy.promotion ?? fleet.map(PromotionPolicy.standard) else {
            throw ControlError(.invalid, "the stages are not known: neither policy.yaml nor a fleet names them")
        }
        var promotion = ChangePromotion(
            set: reference, stage: try Self.stage(of: plan, stages), lane: lane, policy: stages)
        try Self.requireOnlyVersions(of: set, in: plan)
        let platforms = try await PlatformSurvey(keeper: record.keeper).hosts(of: plan, set)
        promotion.platforms = platforms
        try await require(promotion, set, bringing: PlatformSurvey.brought(by: plan, platforms), at: time)
        return promotion
    }

    /// The same once more, by the rules with which it was admitted: since then its set may have failed elsewhere.
    func recheck(_ change: Change, _ plan: Plan, at time: Timestamp) async throws(ControlError) {
        guard let promotion = change.promotion else { return }
        let set = try await record.set(promotion.set)
        try Self.requireOnlyVersions(of: set, in: plan)
        let platforms = try await record.platforms(of: plan, set, promotion)
        try await require(promotion, set, bringing: PlatformSurvey.brought(by: plan, platforms), at: time)
    }

    private func selection(of plan: Plan) async throws(ControlError) -> Selection? {
        do throws(ControlError) {
            let (selection, reference) = try await record.keeper.load(
                Selection.self, .selection, id: plan.selection.id)
            guard reference == plan.selection else {
                throw ControlError(.drift, "\(plan.selection.id) is not what \(plan.id) was made from")
            }
            return selection
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    private func require(
        _ promotion: ChangePromotion, _ set: PatchSet, bringing brought: [PlatformVersions], at time: Timestamp
    ) async throws(ControlError) {
        let judge = try await record.judge(of: set, promotion.set, promotion.policy)
        let criteria = judge.criteria(
            to: promotion.stage, lane: promotion.lane, exploited: !set.exploited.isEmpty, bringing: brought,
            at: time)
        try Self.require(criteria, set, to: promotion.stage)
    }

    static func require(
        _ criteria: [PromotionJudge.Criterion], _ set: PatchSet, to stage: StageID
    ) throws(ControlError) {
        let open = criteria.filter { !$0.isMet }
        guard !open.isEmpty else { return }
        throw ControlError(
            .blocked,
            "\(set.id) may not go to \(stage) yet:\n  " + open.map(\.words).joined(separator: "\n  "),
            hint: "`fettle pipeline \(set.id)` shows what it waits for")
    }

    private static func stage(of plan: Plan, _ policy: PromotionPolicy) throws(ControlError) -> StageID {
        let environments = Set(plan.targets.map(\.environment)).union(plan.environments)
        let stages = policy.stages.filter { !environments.isDisjoint(with: $0.environments) }
        let unknown = environments.filter { name in !stages.contains { $0.environments.contains(name) } }
        guard let stage = stages.first, stages.count == 1, unknown.isEmpty else {
            let names = stages.map(\.id.rawValue) + unknown.map { "\($0), which is in no stage" }.sorted()
            throw ControlError(
                .blocked, "\(plan.id) is for several stages: \(names.joined(separator: "; "))",
                hint: "a patch set goes to one stage at a time: `fettle promote SET --to STAGE`")
        }
        return stage.id
    }

    private static func requireNoSetIsDemanded(of plan: Plan, _ policy: PromotionPolicy?) throws(ControlError) {
        let environments = Set(plan.targets.map(\.environment)).union(plan.environments)
        let strict = policy?.stages.first { $0.setsOnly && !environments.isDisjoint(with: $0.environments) }
        guard let strict else { return }
        throw ControlError(
            .blocked, "\(strict.id) takes plans from patch sets only, and \(plan.id) was not made from one",
            hint: "`fettle patchset make \(plan.id)`, then `fettle promote SET --to \(strict.id)`, stage by stage")
    }

    /// The selection is looked at when it is planned; the plan itself once more here, since it is the plan that runs.
    private static func requireOnlyVersions(of set: PatchSet, in plan: Plan) throws(ControlError) {
        let held = Set(set.platforms.flatMap(\.packages))
        for step in plan.steps {
            guard case .changePackages(let transaction) = step.action else { continue }
            for change in transaction.changes {
                let version = change.to.map {
                    PackageVersion(name: change.name, architecture: change.architecture, version: $0)
                }
                guard version.map(held.contains) != true else { continue }
                throw ControlError(
                    .blocked,
                    "\(step.id) takes \(change.name) to \(change.to ?? "removal"), which is not in \(set.id)",
                    hint: "`fettle promote \(set.id) --to STAGE` plans it anew")
            }
        }
    }
}

extension PromotionJudge.Criterion {
    /// In a line, such as `qa: soak: 1d since …, until …`.
    public var words: String {
        "\(stage.map { "\($0): " } ?? "")\(name.words): \(state)"
    }
}

extension PromotionJudge.Criterion.Name {
    public var words: String {
        switch self {
        case .stage: "stage"
        case .lane: "fast lane"
        case .record: "record"
        case .failedRuns: "failed runs"
        case .regressions: "regressions"
        case .runs: "runs"
        case .hosts: "hosts"
        case .tried: "tried"
        case .soak: "soak"
        case .canaries: "canaries"
        case .gates: "gates"
        case .closed: "closed"
        case .beside: "beside"
        case .signOffs: "sign-off"
        }
    }
}
