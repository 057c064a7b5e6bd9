public import FettleModel
public import FettlePlanning
import FettleStore

extension PlanService {
    /// What is known of a kept plan beside itself.
    public struct Background: Sendable {
        /// nil: the plan's selection is not here any more.
        public var selection: Selection?
        public var findings: FindingSet?
        public var report: PlanReport?
    }

    /// Planning is deterministic: it is planned again, and the report counts only if exactly this plan comes out. Where the fleet, the
    /// policy or what runs took is another by now, it does not, and there is no report.
    public func background(
        of plan: Plan, digest: Digest, fleet: Fleet, policy: Policy
    ) async throws(ControlError) -> Background {
        var background = Background()
        guard let (selection, reference) = try? await keeper.load(Selection.self, .selection, id: plan.selection.id),
            reference == plan.selection
        else { return background }
        background.selection = selection
        guard let findings = try? await keeper.load(FindingSet.self, .findings, id: selection.findings.id).value,
            let facts = try? await keeper.load(FactSet.self, .facts, id: findings.facts.id).value
        else { return background }
        background.findings = findings
        let calendar = MaintenanceCalendar(policy: policy, fleet: fleet, from: plan.createdAt)
        var input = PlanningInput(
            id: plan.id, title: plan.title, selection: selection, selectionReference: reference, facts: facts,
            fleet: fleet, policy: policy, createdAt: plan.createdAt, named: Set(plan.targets.map(\.resource)),
            windows: WindowOffer(calendar.offered), deadlines: PlanDeadlines.of(findings, selected: selection))
        input.priors = try await durations.priors(fleet: fleet)
        input.images = try await images(for: fleet, at: plan.createdAt)
        guard let made = try? PlanMaking.make(input), try StageKeeper.digest(of: made.plan) == digest else {
            return background
        }
        background.report = made.report
        return background
    }
}
