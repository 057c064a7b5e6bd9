import FettleModel
import FettlePlanning
import FettleSimulation

/// Plans of fleets that are made up, one for each seed, with what is true beside them.
struct GeneratedPlans: Sendable {
    /// Exactly so many hosts.
    var hosts: Int

    /// The same every day.
    private static let time = Timestamp(milliseconds: 1_795_424_400_000)

    /// nil if the planner refuses: not each made-up fleet can be patched in its windows.
    func scene(_ seed: UInt64) -> DisasterScene? {
        func reference(_ id: String) -> StageReference { StageReference(id: id, digest: Digest(rawValue: "")) }
        let scenario = DisasterScenario(
            hosts: hosts, seed: seed, at: Self.time, findings: reference(FleetScenario.findingsID))
        let calendar = MaintenanceCalendar(policy: scenario.policy, fleet: scenario.fleet, from: scenario.time)
        let input = PlanningInput(
            id: "plan-1", selection: scenario.selection, selectionReference: reference(FleetScenario.selectionID),
            facts: scenario.facts, fleet: scenario.fleet, policy: scenario.policy, createdAt: scenario.time,
            windows: WindowOffer(calendar.offered))
        guard let plan = try? Planner.plan(input).0 else { return nil }
        return DisasterScene(
            plan, surroundings: DisasterSurroundings(fleet: scenario.fleet, facts: scenario.facts))
    }
}
