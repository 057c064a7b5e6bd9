import FettleAssessment
import FettleControl
import FettleModel

/// Waiting against patching, for the patches of a plan.
enum PlanRisks {
    /// The largest risk of waiting first; none if nothing is known that they could be weighed by.
    static func ledgers(
        of plan: Plan, _ findings: FindingSet?, _ session: Session, fleet: Fleet, feeds: String?
    ) async throws -> [RiskLedger] {
        guard let findings else { return [] }
        let targets = Set(plan.targets.map(\.resource))
        return try await session.risks.ledgers(
            findings.findings.filter { targets.contains($0.resource) }, fleet: fleet, policy: session.policy,
            feeds: session.feeds(feeds))
    }

    /// For the terminal, a line a patch.
    static func of(_ plan: Plan, _ session: Session, fleet: Fleet) async throws -> [String] {
        guard !plan.steps.isEmpty else { return [] }
        let ledgers = try await ledgers(
            of: plan, try await session.risks.newestFindings(), session, fleet: fleet, feeds: nil)
        let shown = ledgers.prefix(5).map { ledger in
            "\(ledger.package) on \(ledger.group): \(RiskTerm.figure(ledger.waiting.perDay)) to wait, "
                + "\(RiskTerm.figure(ledger.patching.perDay)) to patch (\(ledger.unit) a day)"
        }
        let more = ledgers.count > 5 ? ["… and \(ledgers.count - 5) more (`fettle risk` shows them)"] : []
        return shown + more
    }
}
