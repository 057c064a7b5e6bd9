public import FettleAssessment
public import FettleModel
import FettleReporting
import FettleStore

/// What the patches of a plan are expected to cost, for whom has to agree to them.
extension RiskService {
    /// What putting the plan's patches in costs, all of them together and expected a day, in the unit of the policy's risks.
    ///
    /// By the findings that the plan was made from, so that the same plan has the same figure whenever it is asked for with the same
    /// history.
    ///
    /// - Returns: nil where no rule of the policy asks for it, and where it is not known: nothing is kept of what the plan was made
    ///   from, or it closes nothing that was found.
    public func expectedLoss(
        ofPatching id: PlanID, fleet: Fleet?, policy: Policy, feeds: AdvisoryFeeds
    ) async throws(ControlError) -> Double? {
        guard let fleet, policy.changes.goesByLoss else { return nil }
        let (plan, _) = try await keeper.load(Plan.self, .plan, id: id.rawValue)
        guard let findings = try await findings(of: plan) else { return nil }
        let ledgers = try await ledgers(
            Self.patched(findings.findings, by: plan), fleet: fleet, policy: policy, feeds: feeds)
        return ledgers.isEmpty ? nil : Self.patchingLoss(ledgers)
    }

    private func findings(of plan: Plan) async throws(ControlError) -> FindingSet? {
        do throws(ControlError) {
            let selection = try await keeper.load(Selection.self, .selection, id: plan.selection.id).value
            return try await keeper.load(FindingSet.self, .findings, id: selection.findings.id).value
        } catch {
            guard [.drift, .internal, .notFound].contains(error.code) else { throw error }
            return nil
        }
    }

    /// The losses of patching added up: each is one patch on one group.
    public static func patchingLoss(_ ledgers: [RiskLedger]) -> Double {
        ledgers.reduce(0) { $0 + $1.patching.perDay }
    }

    /// Those of which the plan changes a package: what it leaves alone is not weighed with it.
    public static func patched(_ findings: [Finding], by plan: Plan) -> [Finding] {
        var changed: [ResourceID: Set<String>] = [:]
        for step in plan.steps {
            // The way back is no patch.
            if case .changePackages(let transaction) = step.action, transaction.leadsBack { continue }
            for entry in step.resourceChanges { changed[entry.resource, default: []].insert(entry.change.name) }
        }
        return findings.filter { finding in
            guard let names = changed[finding.resource] else { return false }
            return finding.packages.contains(where: names.contains)
        }
    }
}
