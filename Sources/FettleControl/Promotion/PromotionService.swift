public import FettleAssessment
public import FettleModel
import FettlePlanning
public import FettleStore

/// Patch sets, and their way through the stages.
public struct PromotionService: Sendable {
    let keeper: StageKeeper
    let plans: PlanService
    let changes: ChangeService
    let gate: Gate
    let tools: Tools

    public init(store: any Store, tools: Tools, access: Access = .local) {
        keeper = StageKeeper(store: store)
        plans = PlanService(store: store, tools: tools, access: access)
        changes = ChangeService(store: store, access: access, now: tools.now)
        gate = Gate(keeper, access, now: tools.now)
        self.tools = tools
    }

    var record: PromotionRecord { PromotionRecord(keeper: keeper) }

    // MARK: Sets

    public struct Kept: Codable, Sendable, Equatable {
        public var set: PatchSet
        public var digest: Digest
    }

    /// Pins the exact versions of plans as a set. No host is asked: the plans hold their resolvers' answers.
    ///
    /// - Throws: `invalid` if the plans contradict each other or hold nothing that a set can.
    public func make(
        from plans: [PlanID], title: String, by person: Person
    ) async throws(ControlError) -> Kept {
        try await gate.require(.makePatchSet, on: .nowhere, by: person, saying: .title(title))
        var sources: [PatchSetMaking.Source] = []
        for id in plans {
            let (plan, reference) = try await keeper.load(Plan.self, .plan, id: id.rawValue)
            let (selection, kept) = try await keeper.load(Selection.self, .selection, id: plan.selection.id)
            guard kept == plan.selection else {
                throw ControlError(.drift, "\(plan.selection.id) is not what \(id) was made from")
            }
            // Exploited weaknesses open the fast lane: whoever alters findings must not make sets by it.
            let survey = PlatformSurvey(keeper: keeper)
            let findings = try await survey.stage(FindingSet.self, .findings, selection.findings, of: selection.id)
            let facts = try await survey.stage(FactSet.self, .facts, findings.facts, of: findings.id)
            sources.append(
                PatchSetMaking.Source(
                    plan: plan, reference: reference, selection: selection, findings: findings, facts: facts))
        }
        let parts = try PatchSetMaking.parts(of: sources)
        let advisories = PatchSetMaking.advisories(of: sources)
        let time = tools.now()
        let (set, reference) = try await keeper.keepNext(as: .patchset, at: time) { id throws(ControlError) in
            PatchSet(
                id: PatchSetID(id), title: title, madeBy: person, madeAt: time, plans: sources.map(\.reference),
                platforms: parts, advisories: advisories.all, exploited: advisories.exploited)
        }
        return Kept(set: set, digest: reference.digest)
    }

    public func set(_ id: PatchSetID) async throws(ControlError) -> Kept {
        let (set, reference) = try await record.set(id)
        return Kept(set: set, digest: reference.digest)
    }

    /// The newest, newest first, and in their places those that cannot be read.
    public func sets(limit: Int) async throws(ControlError) -> [Result<Kept, UnreadStage>] {
        try await keeper.stages(PatchSet.self, .patchset, limit: limit).map { stage in
            stage.map { Kept(set: $0.value, digest: $0.reference.digest) }
        }
    }

    // MARK: What people say of it

    /// Writes down what somebody says of a set.
    ///
    /// - Parameters:
    ///   - stage: nil: of none in particular.
    ///   - resolves: for `resolved`: the note of the regression.
    ///   - text: what was seen; not empty.
    /// - Throws: `invalid` for a stage or a note that there is not, and for no words; `blocked` if whoever made the set signs it off, if somebody resolves a regression that is their own set's
    ///   maker's to prove gone (whoever made a set does not resolve what was found against it), or speaks for a stage's own suite.
    public func note(
        on id: PatchSetID, kind: PatchSetNote.Kind, passes: Bool, stage: StageID?, resolves: String? = nil,
        text: String, by person: Person, policy: PromotionPolicy
    ) async throws(ControlError) -> PatchSetNote {
        try await requireMayNote(in: stage, by: person, saying: .note(text), policy: policy)
        let (set, reference) = try await record.set(id)
        if let stage { try Self.require(stage, policy) }
        if kind == .asked {
            throw ControlError(.invalid, "a suite is asked by `fettle patchset test`, and by no note")
        }
        // Against a set everybody is heard.
        if kind == .tests, passes, let stage, let suite = policy.stage(stage)?.tests {
            throw ControlError(
                .blocked, "policy.yaml names \(suite.words) for \(stage): nobody signs off in its place",
                hint: "`fettle patchset test \(id) --stage \(stage)` asks it")
        }
        guard !text.allSatisfy(\.isWhitespace) else {
            throw ControlError(
                .invalid, "a note on \(id) says what was seen, and this one says nothing",
                hint: "say it with `--note '…'`")
        }
        // As with suites that are answered, and regressions that are resolved.
        if PatchSetNote.Kind.signOffs.contains(kind), passes, person.isSame(as: set.madeBy) {
            throw ControlError(
                .blocked, "\(person) made \(id): another person has to say that \(kind.signedOffWords)",
                hint: "`fettle patchset sign \(id) --kind \(kind.rawValue) --note '…'` by somebody else"
                    + (kind == .tests ? ", or a suite in policy.yaml" : ""))
        }
        if kind == .resolved { try await requireMayResolve(resolves, of: set, by: person, policy: policy) }
        return try await keep { name, time in
            PatchSetNote(
                id: name, set: reference, kind: kind, passes: passes, stage: stage, resolves: resolves, text: text,
                by: person, at: time)
        }
    }

    /// What is said of no stage counts for all.
    func requireMayNote(
        in stage: StageID?, by person: Person, saying words: TypedWords, policy: PromotionPolicy
    ) async throws(ControlError) {
        let places = stage.flatMap(policy.stage)?.environments.map { ActPlace(environment: $0, groups: []) }
        try await gate.require(
            .notePatchSet, on: places.map(ActScope.places) ?? .everywhere, by: person, saying: words)
        try await gate.requireAccepted(stages: policy)
    }

    private func requireMayResolve(
        _ resolves: String?, of set: PatchSet, by person: Person, policy: PromotionPolicy
    ) async throws(ControlError) {
        let notes = try await record.notes().legible[set.id.rawValue] ?? []
        let open = PromotionJudge(policy: policy, trials: [], notes: notes).openRegressions
        guard let resolves, open.contains(where: { $0.id == resolves }) else {
            let names = open.map(\.id).joined(separator: ", ")
            throw ControlError(
                .invalid, "\(resolves ?? "nothing") is no open regression of \(set.id)",
                hint: names.isEmpty ? "`fettle patchset show \(set.id)`: none is open" : "open: \(names)")
        }
        guard !person.isSame(as: set.madeBy) else {
            throw ControlError(
                .blocked, "\(person) made \(set.id): another person has to say that \(resolves) is resolved",
                hint: "`fettle patchset resolve \(set.id) \(resolves) --note '…'` by somebody else")
        }
    }

    func keep(_ make: (String, Timestamp) -> PatchSetNote) async throws(ControlError) -> PatchSetNote {
        let time = tools.now()
        return try await keeper.keepNext(as: .note, at: time) { name throws(ControlError) in make(name, time) }.value
    }

    public func notes(on id: PatchSetID) async throws(ControlError) -> [PatchSetNote] {
        try await record.notes().legible[id.rawValue] ?? []
    }

    /// What was said of a set and cannot be relied on, in words: such notes are not among `notes`.
    public func doubts(on set: PatchSet) async throws(ControlError) -> [String] {
        try await record.notes().doubts(of: set)
    }

    // MARK: Promotion

    public struct Promoted: Sendable {
        public var result: PlanService.Result
        /// nil: there was nothing to do, so that nothing was asked for.
        public var change: Change?
    }

    /// Plans a stage from the set, with exactly its versions, and asks for approval of that plan.
    ///
    /// - Parameter feeds: by which what it costs is weighed where who has to agree depends on that; nil: it is not known.
    /// - Throws: `blocked` with everything that the set has not shown yet, and where hosts want something of it and none can be brought
    ///   it: with the packages, the hosts, and why.
    public func promote(
        _ id: PatchSetID, to stage: StageID, lane: PromotionLane, kind: Change.Kind, reason: String, by person: Person,
        fleet: Fleet, policy: Policy, feeds: AdvisoryFeeds? = nil,
        progress: @escaping @Sendable (ResourceID) -> Void = { _ in },
        willAsk: @Sendable (Int) -> Void = { _ in }
    ) async throws(ControlError) -> Promoted {
        try await gate.require(.submit, on: .nowhere, by: person, saying: .reason(reason))
        try await gate.requireAccepted(policy, fleet)
        let (set, reference) = try await record.set(id)
        let stages = policy.promotion ?? .standard(for: fleet)
        try Self.require(stage, stages)
        let judge = try await record.judge(of: set, reference, stages)
        // Before hosts are asked for nothing.
        try PromotionAdmission.require(
            judge.criteria(to: stage, lane: lane, exploited: !set.exploited.isEmpty, at: tools.now()), set, to: stage)
        let environments = stages.stage(stage)?.environments ?? []
        let (result, wishes) = try await plans.make(
            from: set, reference, environments: environments, fleet: fleet, policy: policy,
            title: "\(set.title) (\(id)) to \(stage)", progress: progress, willAsk: willAsk)
        guard !result.plan.steps.isEmpty else {
            guard wishes.isEmpty else { throw Self.nothingCanBeBrought(id, to: stage, result, wishes) }
            return Promoted(result: result, change: nil)
        }
        var loss: Double?
        if let feeds {
            loss = try await RiskService(store: keeper.store, tools: tools).expectedLoss(
                ofPatching: result.plan.id, fleet: fleet, policy: policy, feeds: feeds)
        }
        let change = try await changes.submit(
            plan: result.plan.id, kind: kind, reason: reason, by: person, policy: policy, fleet: fleet,
            expectedLoss: loss, lane: lane)
        return Promoted(result: result, change: change)
    }

    /// Hosts that an error names at most.
    private static let mostNamed = 20

    /// An empty plan though hosts want something of the set: a script must not read it as "done".
    private static func nothingCanBeBrought(
        _ id: PatchSetID, to stage: StageID, _ result: PlanService.Result, _ wishes: [PlanService.SetWish]
    ) -> ControlError {
        let reasons = Dictionary(grouping: result.report.leftOut, by: \.resource)
        let lines = wishes.prefix(mostNamed).map { wish in
            let names = wish.wanted.prefix(5).map { "\($0.name) \($0.version)" }.joined(separator: ", ")
            let more = wish.wanted.count > 5 ? " and \(wish.wanted.count - 5) more" : ""
            let all = reasons[wish.resource] ?? []
            // What is left out of single packages is told where the whole host is not.
            let whole = all.filter { $0.subject == nil }
            let why = (whole.isEmpty ? all : whole).first?.reason
            return "\(wish.resource) wants \(names)\(more): \(why ?? "the plan has no step for it")"
        }
        let rest = wishes.count > mostNamed ? ["and \(wishes.count - mostNamed) more hosts"] : []
        return ControlError(
            .blocked,
            "nothing of \(id) can be brought to \(stage), \(result.plan.id) is empty:\n  "
                + (lines + rest).joined(separator: "\n  "),
            hint: wishes.contains(where: \.cannotBeHad)
                ? "`fettle patchset freeze \(id)` keeps its versions while they can be had; where it is frozen already, these "
                    + "hosts need its source (docs/promotion.md), and `fettle scan`"
                : "`fettle plan show \(result.plan.id)` tells what was left out, and why")
    }
}

extension PatchSetNote.Kind {
    /// What a sign-off of this kind says of a set.
    fileprivate var signedOffWords: String {
        switch self {
        case .vendor: "its vendor has spoken for it"
        case .provider: "its platform's provider has spoken for it"
        case .tests, .regression, .resolved, .asked: "its tests pass"
        }
    }
}
