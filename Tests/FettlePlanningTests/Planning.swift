import FettleModel
import FettlePlanning
import FettleTestSupport

extension FleetSample {
    func input(
        named: Set<ResourceID> = [], environments: [EnvironmentID] = [], window: TimeWindow? = nil
    ) -> PlanningInput {
        PlanningInput(
            id: "plan-1", selection: selection, selectionReference: Self.reference(selection.id), facts: facts,
            fleet: fleet, policy: policy, createdAt: FactSample.now, environments: environments, named: named,
            window: window)
    }

    func plan(named: Set<ResourceID> = []) throws -> Plan { try Planner.plan(input(named: named)).0 }

    /// What the planner refuses; empty if it does not.
    func problems(named: Set<ResourceID> = [], window: TimeWindow? = nil) -> [PlanningRefusal.Problem] {
        do throws(PlanningRefusal) {
            _ = try Planner.plan(input(named: named, window: window))
            return []
        } catch {
            return error.problems
        }
    }

    /// Three web servers of which two must serve, behind a load balancer: the fleet that a reader holds in the head.
    static var threeWebServers: FleetSample {
        var builder = FleetBuilder()
        builder.pool("web", size: 3, minimum: .count(2), traffic: FleetBuilder.traffic("web"))
        builder.host("lb-1")
        return FleetSample(fleet: builder.fleet, selected: ["web-1", "web-2", "web-3"])
    }
}

extension Plan {
    func step(_ id: StepID) -> Step? { (steps + rollback).first { $0.id == id } }

    /// Resources in the order in which they are taken out.
    var turns: [ResourceID] {
        steps.filter { $0.availability == .takesOut }.reduce(into: []) { turns, step in
            if turns.last != step.resource { turns.append(step.resource) }
        }
    }

    func isBefore(_ earlier: StepID, _ later: StepID) -> Bool {
        var open = step(later)?.after ?? []
        var seen: Set<StepID> = []
        while let name = open.popLast() {
            if name == earlier { return true }
            if seen.insert(name).inserted { open += step(name)?.after ?? [] }
        }
        return false
    }
}
