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
    /// A plan has one live change at most: a second run of it would find the world as the first one left it.
    ///
    /// - Throws: `blocked` if the checker finds a way to break an invariant, `invalid` if there is nothing to do in the plan,
    ///   `conflict` while another change of it is open, approved or carried out.
    public func submit(
        plan id: PlanID, kind: Change.Kind, reason: String, by person: Person, policy: Policy
    ) async throws(ControlError) -> Change {
        let (plan, reference) = try await keeper.load(Plan.self, .plan, id: id.rawValue)
        guard !plan.steps.isEmpty else {
            throw ControlError(.invalid, "plan \(id) has no steps: there is nothing to approve")
        }
        try Self.prove(plan)
        let time = now()
        let (change, _) = try await keeper.keepNext(as: .change, at: time) { kept throws(ControlError) in
            try await requireNoneIsLive(of: id, among: kept)
        } make: { name throws(ControlError) in
            Change(
                id: ChangeID(name), plan: reference, kind: kind, reason: reason, requestedBy: person,
                requestedAt: time, rule: policy.approvalRule(for: plan))
        }
        return change
    }

    private func requireNoneIsLive(of plan: PlanID, among kept: [DocumentSummary]) async throws(ControlError) {
        for summary in kept {
            let change = try await change(ChangeID(summary.id))
            guard change.plan.id == plan.rawValue, try await isLive(change) else { continue }
            let what = change.run.map { "carried out by \($0)" } ?? change.state.words
            throw ControlError(
                .conflict, "plan \(plan) was already submitted as change \(change.id), which is \(what)",
                hint:
                    "`fettle change show \(change.id)`; a new submission is right once it is rejected or withdrawn, or "
                    + "its run has ended")
        }
    }

    /// Whether something can still come of it. Once it is not live it never is again.
    private func isLive(_ change: Change) async throws(ControlError) -> Bool {
        guard let run = try await run(of: change) else {
            return change.state == .awaitingApproval || change.state == .approved
        }
        do throws(StoreError) {
            guard try await keeper.store.summary(of: run)?.change == change.id else { return true }
            return try await !keeper.store.records(of: run, after: 0).contains {
                if case .ended = $0.event { true } else { false }
            }
        } catch {
            throw ControlError(store: error)
        }
    }

    /// Casts a vote on the digest that the voter had before them.
    ///
    /// - Throws: `drift` if that is not the digest of the change, `blocked` if this person may not vote on it, `conflict` if
    ///   they already have, or if it is no longer open.
    public func vote(
        on id: ChangeID, by person: Person, approves: Bool, digest: Digest, note: String
    ) async throws(ControlError) -> Change {
        try await alter(id) { change throws(ControlError) in
            guard change.state == .awaitingApproval else {
                throw ControlError(
                    .conflict, "change \(id) is \(change.state.words); it takes no more votes",
                    hint: change.state == .approved
                        ? "`fettle run start \(id)` carries it out" : "`fettle change show \(id)`")
            }
            guard digest == change.plan.digest else {
                throw ControlError(
                    .drift,
                    "change \(id) is for the plan with digest \(change.plan.digest.short)…, not \(digest.short)…",
                    hint: "look again: `fettle change show \(id)`")
            }
            guard !change.votes.contains(where: { $0.person == person }) else {
                throw ControlError(
                    .conflict, "\(person) has already voted on change \(id)",
                    hint: "another person: `fettle change approve \(id)`")
            }
            let isOwn = person == change.requestedBy
            if isOwn, approves, !change.rule.requesterMayApprove {
                throw ControlError(
                    .blocked, "\(person) asked for change \(id) and may not approve it: another person has to",
                    hint:
                        "`fettle change approve \(id)` by somebody else; or `approvals.<environment>.requesterMayApprove` in "
                        + "policy.yaml, before the change is submitted")
            }
            if approves { try Self.prove(try await plan(of: change)) }
            change.votes.append(
                Change.Vote(
                    person: person, approves: approves, digest: digest, at: now(), note: note, isOwnChange: isOwn))
        }
    }

    /// Takes a change back. Of a withdrawal and a start at the same time one wins: both alter the change, and only the first to
    /// do so finds it as it was.
    ///
    /// - Throws: `blocked` for anybody but the requester, `conflict` if it is closed or carried out.
    public func withdraw(_ id: ChangeID, by person: Person) async throws(ControlError) -> Change {
        try await alter(id) { change throws(ControlError) in
            guard person == change.requestedBy else {
                throw ControlError(.blocked, "only \(change.requestedBy), who asked for change \(id), can withdraw it")
            }
            guard change.state == .awaitingApproval || change.state == .approved else {
                throw ControlError(
                    .conflict, "change \(id) is \(change.state.words)", hint: "`fettle change show \(id)`")
            }
            if let run = try await run(of: change) {
                throw ControlError(
                    .conflict, "change \(id) is already carried out by \(run)",
                    hint: "`fettle run abort \(run)` stops it and brings back what is out")
            }
            change.withdrawnAt = now()
        }
    }

    /// Notes in an approved change which run carries it out, before that run is made.
    ///
    /// - Parameter name: what the run is to be called; asked again whenever the change was altered meanwhile, with the run that
    ///   the change names already, if any.
    func assignRun(
        to id: ChangeID, name: (RunID?) async throws(ControlError) -> RunID
    ) async throws(ControlError) -> RunID {
        let change = try await alter(id) { change throws(ControlError) in
            try await authorise(change)
            change.run = try await name(try await run(of: change))
        }
        guard let run = change.run else { throw ControlError(.internal, "change \(id) names no run") }
        return run
    }

    /// Alters a change as one transaction: if somebody else altered it since it was read, it is read and decided upon anew.
    private func alter(
        _ id: ChangeID, _ edit: (inout Change) async throws(ControlError) -> Void
    ) async throws(ControlError) -> Change {
        for _ in 0..<20 {
            var (change, reference) = try await keeper.load(Change.self, DocumentKind.change, id: id.rawValue)
            try await edit(&change)
            do throws(ControlError) {
                try await keeper.replace(
                    change, as: DocumentKind.change, id: id.rawValue, at: change.requestedAt,
                    expecting: reference.digest)
                return change
            } catch {
                guard error.code == .conflict else { throw error }
            }
        }
        throw ControlError(.conflict, "change \(id) is altered by others all the time", hint: "try again")
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

    /// The run that carries a change out; nil if none does. A run may bear no note in its change: it was made by an earlier
    /// Fettle.
    private func run(of change: Change) async throws(ControlError) -> RunID? {
        if let run = change.run { return run }
        do throws(StoreError) {
            return try await keeper.store.runs(limit: .max).first { $0.change == change.id }?.run
        } catch {
            throw ControlError(store: error)
        }
    }

    /// The plan of a change whose run has begun. Members may be out, and only going on can bring them back: a stricter proof since
    /// then does not stand in the way.
    ///
    /// - Throws: `blocked` if it was never approved, `drift` if the plan is not the approved one.
    func planUnderWay(_ id: ChangeID) async throws(ControlError) -> (change: Change, plan: Plan) {
        let change = try await change(id)
        // Withdrawn: by an earlier Fettle, which let that happen.
        if change.state != .withdrawn { try requireApproved(change) }
        return (change, try await plan(of: change))
    }

    /// The plan of an approved change, if what was approved is what is kept.
    ///
    /// - Throws: `blocked` while it is not approved or not safe, `drift` if the plan is not the approved one.
    @discardableResult
    func authorise(_ change: Change) async throws(ControlError) -> Plan {
        try requireApproved(change)
        let plan = try await plan(of: change)
        try Self.prove(plan)
        return plan
    }

    private func requireApproved(_ change: Change) throws(ControlError) {
        guard change.state != .approved else { return }
        let missing = change.rule.approvals - change.votes.count { $0.approves }
        throw ControlError(
            .blocked, "change \(change.id) is \(change.state.words)",
            hint: change.state == .awaitingApproval
                ? "\(max(1, missing)) approval\(missing > 1 ? "s" : "") missing: `fettle change approve \(change.id)`"
                : "`fettle plan make` makes a new plan, `fettle change submit` asks for it")
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
