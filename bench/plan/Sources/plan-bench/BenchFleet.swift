import FettleModel
import FettlePlanning
import Fleets

/// A fleet of pools of 20 behind load balancers of their own, in four environments; every third pool comes after another.
enum BenchFleet {
    static let environments: [EnvironmentID] = ["dev", "qa", "staging", "production"]

    static func input(hosts: Int) -> PlanningInput {
        var builder = FleetBuilder(environments: environments)
        let pools = max(4, hosts / 20)
        for number in 0..<pools {
            let environment = environments[number * environments.count / pools]
            let name = "pool-\(number)"
            builder.pool(
                name, size: 20, in: environment, minimum: .percent(80),
                traffic: FleetBuilder.traffic(name), probes: [FleetBuilder.probe],
                after: number % 3 == 2 ? [GroupID("pool-\(number - 1)")] : [],
                domains: (0..<4).map { "rack-\(number)-\($0)" })
        }
        var sample = FleetSample(fleet: builder.fleet)
        sample.policy.limits.parallelSteps = 2_000
        return PlanningInput(
            id: "plan-1", selection: sample.selection, selectionReference: FleetSample.reference("selection-1"),
            facts: sample.facts, fleet: sample.fleet, policy: sample.policy, createdAt: FactSample.now)
    }
}
