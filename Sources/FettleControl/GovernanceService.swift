public import FettleAssessment
public import FettleModel
import FettlePlanning
public import FettleStore

/// Baselines, drift, responsibility and the policy's adherence, from the newest that is kept. Looks at no host.
public struct GovernanceService: Sendable {
    let keeper: StageKeeper
    let runs: RunService
    let gate: Gate
    let now: @Sendable () -> Timestamp

    public init(store: any Store, tools: Tools, access: Access = .local) {
        keeper = StageKeeper(store: store)
        gate = Gate(keeper, access, now: tools.now)
        runs = RunService(store: store, tools: tools)
        now = tools.now
    }

    /// - Throws: `notFound` if the fleet was never looked at.
    public func drift(_ resources: [Resource], policy: Policy) async throws(ControlError) -> DriftReport {
        DriftJudge(facts: try await facts(), policy: policy).compare(resources)
    }

    /// What is judged of the facts that `drift` compares; nil: nothing is.
    public func findings() async throws(ControlError) -> FindingSet? {
        try await keeper.newest(FindingSet.self, .findings)?.value
    }

    func facts() async throws(ControlError) -> FactSet {
        guard let (facts, _) = try await keeper.newest(FactSet.self, .facts) else {
            throw ControlError.neverLookedAt
        }
        return facts
    }

    // MARK: What others owe

    public func obligations(_ resources: [Resource], policy: Policy) async throws(ControlError) -> [PatchObligation] {
        // The oldest look that is kept dates the first statement; where there is none, it is asked for from today.
        let knownSince = try await keeper.list(.facts, limit: .max).last?.createdAt ?? now()
        let ledger = ObligationLedger(policy: policy, evidence: try await evidence(), knownSince: knownSince)
        return ledger.obligations(resources, findings: try await findings(), at: now())
    }

    /// Newest first.
    public func evidence() async throws(ControlError) -> [ObligationEvidence] {
        var result: [ObligationEvidence] = []
        for summary in try await keeper.list(.statement, limit: .max) {
            result.append(try await keeper.load(ObligationEvidence.self, .statement, id: summary.id).value)
        }
        return result
    }

    /// Keeps what was shown for an obligation.
    ///
    /// - Throws: `notFound` if nobody owes that.
    public func add(
        _ kind: EvidenceKind, for obligation: String, note: String, by person: Person, fleet: Fleet, policy: Policy
    ) async throws(ControlError) -> ObligationEvidence {
        try await gate.require(.recordStatement, by: person, saying: .note(note)) { () throws(ControlError) in
            // Of one that there is not, or of a resource that the fleet does not declare, it is told below.
            let owed = try await obligations(fleet.resources, policy: policy).first { $0.id == obligation }
            return owed.flatMap { fleet.resource($0.resource) }.map { ActScope([$0], fleet: fleet) } ?? .nowhere
        }
        try await gate.requireAccepted(policy, fleet)
        guard try await obligations(fleet.resources, policy: policy).contains(where: { $0.id == obligation }) else {
            throw ControlError(
                .notFound, "nobody owes '\(obligation)'", hint: "`fettle responsibility` lists what is owed")
        }
        let time = now()
        return try await keeper.by(person).keepNext(as: .statement, at: time) { id throws(ControlError) in
            ObligationEvidence(id: id, obligation: obligation, kind: kind, note: note, by: person, at: time)
        }.value
    }

    // MARK: The policy

    /// How many changes are looked at.
    static let changeLimit = 100

    public func adherence(
        fleet: Fleet, policy: Policy, declared: Set<String>
    ) async throws(ControlError) -> PolicyAdherence {
        var record = PolicyRecord()
        record.facts = try await keeper.newest(FactSet.self, .facts)?.value
        record.findings = try await findings()
        record.obligations = try await obligations(fleet.resources, policy: policy)
        if let facts = record.facts {
            record.drift = DriftJudge(facts: facts, policy: policy).compare(fleet.resources).fromBaselines
        }
        let limit = now().adding(seconds: -policy.changes.emergency.reviewWithinSeconds)
        for summary in try await keeper.list(.change, limit: Self.changeLimit) {
            // What was altered past Fettle shows nothing, and is no reason not to look at the others.
            guard case .success(let change) = try await keeper.legible(ChangeID(summary.id)) else { continue }
            record.changes.append(change)
            if try await runs.changes.unreviewed(change, endedBefore: limit) != nil {
                record.overdueReviews.append(change.id)
            }
            guard let run = change.run else { continue }
            do throws(ControlError) {
                let time = try await runs.summary(of: run).createdAt
                for environment in try await keeper.load(Plan.self, .plan, id: change.plan.id).value.environments {
                    record.lastRuns[environment] = max(record.lastRuns[environment] ?? time, time)
                }
            } catch {
                guard error.isOfWhatIsKept else { throw error }
            }
        }
        return PolicyExaminer(policy: policy, declared: declared, fleet: fleet, record: record, at: now()).examine()
    }
}
