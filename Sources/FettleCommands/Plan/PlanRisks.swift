import FettleAssessment
import FettleControl
import FettleModel
import FettleReporting

/// Waiting against patching, for the patches of a plan.
enum PlanRisks {
    /// The largest risk of waiting first; none if nothing is known that they could be weighed by.
    static func ledgers(
        of plan: Plan, _ findings: FindingSet?, _ session: Session, fleet: Fleet, feeds: AdvisorySource
    ) async throws -> [RiskLedger] {
        guard let findings else { return [] }
        return try await session.risks.ledgers(
            RiskService.patched(findings.findings, by: plan), fleet: fleet, policy: session.policy,
            feeds: session.feeds(feeds))
    }

    /// For the terminal, a line a patch.
    static func of(_ plan: Plan, _ session: Session, fleet: Fleet) async throws -> [String] {
        guard !plan.steps.isEmpty else { return [] }
        return lines(
            try await ledgers(
                of: plan, try await session.risks.newestFindings(), session, fleet: fleet, feeds: .init()),
            more: " (`fettle risk` shows them)")
    }

    /// The same for a plan from files: by the findings among them, without a history of runs.
    static func of(_ plan: Plan, _ read: PlanFiles.Read, directory: String?) throws -> [String] {
        guard !plan.steps.isEmpty, case .findings(let findings) = read.basis else { return [] }
        return lines(
            try RiskService.ledgers(
                RiskService.patched(findings.findings, by: plan), fleet: read.fleet, policy: read.policy,
                feeds: AdvisorySource().fleetFeeds(directory: directory), at: read.now))
    }

    private static func lines(_ ledgers: [RiskLedger], more hint: String = "") -> [String] {
        let shown = ledgers.prefix(5).map { ledger in
            "\(ledger.package) on \(ledger.group): \(RiskTerm.figure(ledger.waiting.perDay)) to wait, "
                + "\(RiskTerm.figure(ledger.patching.perDay)) to patch (\(ledger.unit) a day)"
        }
        let more = ledgers.count > 5 ? ["… and \(ledgers.count - 5) more\(hint)"] : []
        guard ledgers.count > 1 else { return shown }
        let sum = RiskTerm.figure(RiskService.patchingLoss(ledgers))
        return shown + more + ["all of them together: \(sum) to patch (\(ledgers[0].unit) a day)"]
    }
}
