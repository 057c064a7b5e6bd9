import FettleModel
import FettlePlanning
import FettleSimulation

/// Plans of fleets that are made up, one for each seed.
struct GeneratedPlans: Sendable {
    /// Exactly so many hosts.
    var hosts: Int

    /// The same every day.
    private static let time = Timestamp(milliseconds: 1_795_424_400_000)

    /// - Throws: what the planner refuses.
    func plan(_ seed: UInt64) throws -> Plan? {
        let scenario = FleetScenario(hosts: hosts, seed: seed, at: Self.time)
        func reference(_ id: String) -> StageReference { StageReference(id: id, digest: Digest(rawValue: "")) }
        var input = PlanningInput(
            id: "plan-1", selection: scenario.selection(from: reference(FleetScenario.findingsID)),
            selectionReference: reference(FleetScenario.selectionID), facts: scenario.facts, fleet: scenario.fleet,
            policy: scenario.policy, createdAt: scenario.time)
        input.policy.limits.failureBudget = Int(seed % 5)
        return try Planner.plan(input).0
    }
}
