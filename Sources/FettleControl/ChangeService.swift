import FettleChecking
public import FettleModel
public import FettleStore

/// Changes: a plan is submitted, others vote on its digest, and only what they agreed to may run (I5).
public struct ChangeService: Sendable {
    let keeper: StageKeeper
    let now: @Sendable () -> Timestamp

    public init(store: any Store, now: @escaping @Sendable () -> Timestamp = Timestamp.now) {
        keeper = StageKeeper(store: store)
        self.now = now
    }

    /// Asks for approval of a plan. The plan is proven once more before anybody is bothered with it.
    ///
    /// - Throws: `blocked` if the checker finds a way to break an invariant, `invalid` if there is nothing to do in the plan.
    public func submit(
        plan id: PlanID, kind: Change.Kind, reason: String, by person: Person, policy: Policy
    ) async throws(ControlError) -> Change {
        let (plan, reference) = try await keeper.load(Plan.self, .plan, id: id.rawValue)
        guard !plan.steps.isEmpty else {
            throw ControlError(.invalid, "plan \(id) has no steps: there is nothing to approve")
        }
        try Self.prove(plan)
        let time = now()
        let (change, _) = try await keeper.keepNext(as: .change, at: time) { name throws(ControlError) in
            Change(
                id: ChangeID(name), plan: reference, kind: kind, reason: reason, requestedBy: person,
                requestedAt: time, rule: policy.approvalRule(for: plan))
        }
        return change
    }

    /// Casts a vote on the digest that the voter had before them.
    ///
    /// - Throws: `drift` if that is not the digest of the change, `blocked` if this person may not vote on it, `conflict` if
    ///   they already have, or if it is no longer open.
    public func vote(
        on id: ChangeID, by person: Person, approves: Bool, digest: Digest, note: String
    ) async throws(ControlError) -> Change {
        var (change, reference) = try await keeper.load(Change.self, DocumentKind.change, id: id.rawValue)
        guard change.state == .awaitingApproval else {
            throw ControlError(.conflict, "change \(id) is \(change.state.words); it takes no more votes")
        }
        guard digest == change.plan.digest else {
            throw ControlError(
                .drift, "change \(id) is for the plan with digest \(change.plan.digest.short)…, not \(digest.short)…",
                hint: "look again: `fettle change show \(id)`")
        }
        guard !change.votes.contains(where: { $0.person == person }) else {
            throw ControlError(.conflict, "\(person) has already voted on change \(id)")
        }
        let isOwn = person == change.requestedBy
        if isOwn, approves, !change.rule.requesterMayApprove {
            throw ControlError(
                .blocked, "\(person) asked for change \(id) and may not approve it: another person has to",
                hint: "policy.yaml says so; `approvals.<environment>.requesterMayApprove` would allow it")
        }
        if approves { try Self.prove(try await plan(of: change)) }
        change.votes.append(
            Change.Vote(person: person, approves: approves, digest: digest, at: now(), note: note, isOwnChange: isOwn))
        try await keeper.replace(
            change, as: DocumentKind.change, id: id.rawValue, at: change.requestedAt, expecting: reference.digest)
        return change
    }

    public func withdraw(_ id: ChangeID, by person: Person) async throws(ControlError) -> Change {
        var (change, reference) = try await keeper.load(Change.self, DocumentKind.change, id: id.rawValue)
        guard person == change.requestedBy else {
            throw ControlError(.blocked, "only \(change.requestedBy), who asked for change \(id), can withdraw it")
        }
        guard change.state == .awaitingApproval || change.state == .approved else {
            throw ControlError(.conflict, "change \(id) is \(change.state.words)")
        }
        if let run = try await runs().first(where: { $0.change == id }) {
            throw ControlError(
                .conflict, "change \(id) is already carried out by \(run.run)",
                hint: "`fettle run abort \(run.run)` stops it and brings back what is out")
        }
        change.withdrawnAt = now()
        try await keeper.replace(
            change, as: DocumentKind.change, id: id.rawValue, at: change.requestedAt, expecting: reference.digest)
        return change
    }

    public func change(_ id: ChangeID) async throws(ControlError) -> Change {
        try await keeper.load(Change.self, .change, id: id.rawValue).value
    }

    /// The plan that a change was submitted with.
    ///
    /// - Throws: `drift` if what is kept under its name now is another one.
    public func plan(of change: Change) async throws(ControlError) -> Plan {
        let (plan, reference) = try await keeper.load(Plan.self, .plan, id: change.plan.id)
        guard reference.digest == change.plan.digest else {
            throw ControlError(
                .drift,
                "plan \(change.plan.id) has digest \(reference.digest.short)…, change \(change.id) is for "
                    + "\(change.plan.digest.short)…")
        }
        return plan
    }

    private func runs() async throws(ControlError) -> [RunSummary] {
        do throws(StoreError) {
            return try await keeper.store.runs(limit: .max)
        } catch {
            throw ControlError(store: error)
        }
    }

    /// The plan of an approved change, if what was approved is what is kept.
    ///
    /// - Parameter isUnderWay: a run of it has begun. Then members may be out, and only going on can bring them back: neither a
    ///   withdrawal nor a stricter proof since then stands in the way.
    /// - Throws: `blocked` while it is not approved, `drift` if the plan is not the approved one.
    func authorise(_ id: ChangeID, isUnderWay: Bool = false) async throws(ControlError) -> (change: Change, plan: Plan)
    {
        let change = try await change(id)
        guard change.state == .approved || isUnderWay && change.state == .withdrawn else {
            let missing = change.rule.approvals - change.votes.count { $0.approves }
            throw ControlError(
                .blocked, "change \(id) is \(change.state.words)",
                hint: change.state == .awaitingApproval
                    ? "\(max(1, missing)) approval\(missing > 1 ? "s" : "") missing: `fettle change approve \(id)`" : ""
            )
        }
        let plan = try await plan(of: change)
        if !isUnderWay { try Self.prove(plan) }
        return (change, plan)
    }

    private static func prove(_ plan: Plan) throws(ControlError) {
        let report = PlanChecker.check(plan)
        guard report.isProven else {
            let stories = report.violations.prefix(5).map { "\n  \($0)" }.joined()
            throw ControlError(.blocked, "plan \(plan.id) is not safe:\(stories)")
        }
    }
}

extension Policy {
    /// The strictest rule of all environments that are touched.
    func approvalRule(for plan: Plan) -> ApprovalRule {
        let environments = Set(plan.environments).union(plan.targets.map(\.environment))
        let rules = environments.map { approvals[$0] ?? defaultApproval }
        guard !rules.isEmpty else { return defaultApproval }
        return ApprovalRule(
            approvals: rules.map(\.approvals).max() ?? defaultApproval.approvals,
            requesterMayApprove: rules.allSatisfy(\.requesterMayApprove))
    }
}

extension Change.State {
    /// As a sentence says it.
    public var words: String {
        switch self {
        case .awaitingApproval: "awaiting approval"
        case .approved: "approved"
        case .rejected: "rejected"
        case .withdrawn: "withdrawn"
        }
    }
}
