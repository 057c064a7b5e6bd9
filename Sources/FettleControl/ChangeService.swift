import FettleChecking
public import FettleModel
public import FettleStore

/// Changes: a plan is submitted, others vote on its digest, and only what they agreed to may run (I5).
public struct ChangeService: Sendable {
    let keeper: StageKeeper
    let gate: Gate
    let now: @Sendable () -> Timestamp

    public init(
        store: any Store, access: Access = .local, now: @escaping @Sendable () -> Timestamp = Timestamp.now
    ) {
        keeper = StageKeeper(store: store)
        gate = Gate(keeper, access, now: now)
        self.now = now
    }

    /// Asks for approval of a plan. The plan is proven once more before anybody is bothered with it.
    ///
    /// A plan has one live change at most: a second run of it would find the world as the first one left it.
    ///
    /// - Parameters:
    ///   - fleet: whose owners, criticalities and environments count; nil: they are not known.
    ///   - template: of the policy, for a standard change.
    ///   - expectedLoss: what the plan's patches cost together, expected a day (`RiskService.expectedLoss`); nil: not known.
    ///   - lane: by which a plan from a patch set goes.
    /// - Throws: `blocked` if the checker finds a way to break an invariant, if the plan is beyond its template or its patch set has not
    ///   shown enough yet; `invalid` if there is nothing to do in the plan; `conflict` while another change of it is open, approved or
    ///   carried out.
    public func submit(
        plan id: PlanID, kind: Change.Kind, reason: String, by person: Person, policy: Policy, fleet: Fleet? = nil,
        template: String? = nil, expectedLoss: Double? = nil, lane: PromotionLane = .normal
    ) async throws(ControlError) -> Change {
        let (plan, reference) = try await keeper.load(Plan.self, .plan, id: id.rawValue)
        try await gate.require(.submit, on: ActScope(plan, fleet: fleet), by: person, saying: .reason(reason))
        try await gate.requireAccepted(policy, fleet)
        try await gate.requireAccepted(plan)
        guard !plan.steps.isEmpty else {
            throw ControlError(.invalid, "plan \(id) has no steps: there is nothing to approve")
        }
        try Self.prove(plan)
        let time = now()
        let form = try ChangeForm(
            plan, kind: kind, template: template, policy: policy, fleet: fleet, expectedLoss: expectedLoss)
        let promotion = try await PromotionAdmission(keeper).admit(
            plan, lane: lane, policy: policy, fleet: fleet, at: time)
        let (change, _) = try await keeper.keepNext(as: .change, at: time) { kept throws(ControlError) in
            try await requireNoneIsLive(of: id, among: kept)
            if kind == .emergency { try await requireReviews(among: kept, policy, at: time) }
        } make: { name throws(ControlError) in
            try form.change(ChangeID(name), reference, reason: reason, by: person, at: time, promotion: promotion)
        }
        try await keeper.keep(plan, as: .submitted, id: change.id.rawValue, at: time)
        return change
    }

    /// Whether something can still come of it. Once it is not live it never is again.
    func isLive(_ change: Change) async throws(ControlError) -> Bool {
        guard let run = try await run(of: change) else {
            return (change.state == .awaitingApproval || change.state == .approved) && !change.isExpired(at: now())
        }
        guard try await summary(of: run)?.change == change.id else { return true }
        return try await runEnd(of: change) == nil
    }

    func summary(of run: RunID) async throws(ControlError) -> RunSummary? {
        do throws(StoreError) { return try await keeper.store.summary(of: run) } catch {
            throw ControlError(store: error)
        }
    }

    /// Casts a vote on the digest that the voter had before them.
    ///
    /// - Parameter fleet: as it is declared now; nil: not known.
    /// - Throws: `drift` if that is not the digest of the change, or, of an approval, if the world is no longer as its plan saw it;
    ///   `blocked` if this person may not vote on it; `conflict` if they already have, or if it is no longer open.
    public func vote(
        on id: ChangeID, by person: Person, approves: Bool, digest: Digest, note: String, fleet: Fleet? = nil
    ) async throws(ControlError) -> Change {
        try await require(.vote, on: id, by: person, saying: .note(note))
        var isHeld = false
        return try await alter(id) { change throws(ControlError) in
            try change.take(.vote(by: person, approves: approves, digest: digest, note: note), at: now())
            guard approves else { return }
            let plan = try await plan(of: change)
            try await gate.requireAccepted(plan)
            try Self.prove(plan)
            // Others may vote at the same time: the world is looked at once.
            if !isHeld { try await requireNoDrift(change, plan, fleet: fleet) }
            isHeld = true
        }
    }

    /// Takes a change back. Of a withdrawal and a start at the same time one wins: both alter the change, and only the first to
    /// do so finds it as it was.
    ///
    /// - Throws: `blocked` for anybody but the requester, `conflict` if it is closed or carried out.
    public func withdraw(_ id: ChangeID, by person: Person) async throws(ControlError) -> Change {
        try await require(.submit, on: id, by: person, saying: .nothing)
        return try await alter(id) { change throws(ControlError) in
            // One that an earlier Fettle started bears no note of its run, and the run of that name may be another change's.
            let (noted, run) = (change.run, try await run(of: change))
            change.run = run
            try change.take(.withdraw(by: person), at: now())
            change.run = noted == run ? noted : nil
        }
    }

    /// Notes in an approved change which run carries it out, before that run is made.
    ///
    /// - Parameters:
    ///   - fleet: as it is declared now; nil: not known.
    ///   - name: what the run is to be called; asked again whenever the change was altered meanwhile, with the run that
    ///     the change names already, if any.
    func assignRun(
        to id: ChangeID, fleet: Fleet? = nil, name: (RunID?) async throws(ControlError) -> RunID
    ) async throws(ControlError) -> RunID {
        let change = try await alter(id) { change throws(ControlError) in
            let plan = try await authorise(change)
            // Of one that is made already that is told, and not what its own work has changed.
            if try await !isMade(change) { try await requireNoDrift(change, plan, fleet: fleet) }
            let run = try await name(try await run(of: change))
            try change.take(.begin(run: run, digest: change.plan.digest), at: now())
        }
        guard let run = change.run else { throw ControlError(.internal, "change \(id) names no run") }
        return run
    }

    /// Takes the name of a run that was not made out of its change, so that another change's run of that name is not taken for it.
    func takeBack(_ run: RunID, from id: ChangeID) async throws(ControlError) {
        guard try await summary(of: run)?.change != id else { return }
        _ = try await alter(id) { change throws(ControlError) in
            if change.run == run { change.run = nil }
        }
    }

    /// Whether this person may do that to the change's hosts.
    func require(
        _ act: Act, on id: ChangeID, by person: Person?, saying words: TypedWords
    ) async throws(ControlError) {
        try await gate.require(act, by: person, saying: words) { () throws(ControlError) in
            ActScope(try await plan(of: try await change(id)))
        }
    }

    /// Alters a change as one transaction: if somebody else altered it since it was read, it is read and decided upon anew.
    func alter(
        _ id: ChangeID, _ edit: (inout Change) async throws(ControlError) -> Void
    ) async throws(ControlError) -> Change {
        for _ in 0..<20 {
            var (change, reference) = try await keeper.load(Change.self, DocumentKind.change, id: id.rawValue)
            let before = change
            try await edit(&change)
            // The log takes what is written without a decision in it for an alteration past Fettle.
            guard change != before else { return change }
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
    /// - Throws: `drift` if what is kept under its name now is another one, with what differs as far as that is known.
    public func plan(of change: Change) async throws(ControlError) -> Plan {
        do throws(ControlError) {
            let (plan, reference) = try await keeper.load(Plan.self, .plan, id: change.plan.id)
            guard reference.digest == change.plan.digest else {
                throw ControlError(
                    .drift,
                    "plan \(change.plan.id) has digest \(reference.digest.short)…, change \(change.id) is for "
                        + "\(change.plan.digest.short)…")
            }
            return plan
        } catch {
            guard error.code == .drift else { throw error }
            throw await PlanDrift(keeper: keeper).explained(error, change)
        }
    }

    /// The run that carries a change out; nil if none does. A run may bear no note in its change: it was made by an earlier
    /// Fettle.
    func run(of change: Change) async throws(ControlError) -> RunID? {
        if let run = change.run {
            guard let summary = try await summary(of: run) else { return run }
            if summary.change == change.id { return run }
        }
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
        if change.state != .withdrawn { try change.requireStarted() }
        return (change, try await plan(of: change))
    }

    /// The plan of an approved change, if what was approved is what is kept.
    ///
    /// - Throws: `blocked` while it is not approved or not safe, `drift` if the plan is not the approved one, or the change not what
    ///   the log tells of it.
    @discardableResult
    func authorise(_ change: Change) async throws(ControlError) -> Plan {
        do throws(ChangeRefusal) {
            try change.requireApproved(at: now())
        } catch {
            throw ControlError(error)
        }
        let isPinned = try await gate.accepted() != nil
        try await ChangeWitness(store: keeper.store).require(change, afterAcceptance: isPinned)
        let plan = try await plan(of: change)
        try await gate.requireAccepted(plan)
        try Self.prove(plan)
        try await PromotionAdmission(keeper).recheck(change, plan, at: now())
        return plan
    }

    private static func prove(_ plan: Plan) throws(ControlError) {
        let report = PlanChecker.check(plan)
        guard report.isProven else {
            let stories = report.violations.prefix(5).map { "\n  \($0)" }.joined()
            throw ControlError(.blocked, "plan \(plan.id) is not safe:\(stories)")
        }
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
