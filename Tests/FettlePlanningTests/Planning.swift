import FettleModel
import FettlePlanning
import FettleTestSupport

extension FleetSample {
    func input(
        named: Set<ResourceID> = [], environments: [EnvironmentID] = [], windows: WindowOffer = .anyTime
    ) -> PlanningInput {
        PlanningInput(
            id: "plan-1", selection: selection, selectionReference: Self.reference(selection.id), facts: facts,
            fleet: fleet, policy: policy, createdAt: FactSample.now, environments: environments, named: named,
            windows: windows)
    }

    func plan(named: Set<ResourceID> = []) throws -> Plan { try Planner.plan(input(named: named)).0 }

    /// What the planner refuses; empty if it does not.
    func problems(named: Set<ResourceID> = [], windows: WindowOffer = .anyTime) -> [PlanningRefusal.Problem] {
        do throws(PlanningRefusal) {
            _ = try Planner.plan(input(named: named, windows: windows))
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
        var open = awaited(by: later)
        var seen: Set<StepID> = []
        while let name = open.popLast() {
            if name == earlier { return true }
            if seen.insert(name).inserted { open += awaited(by: name) }
        }
        return false
    }

    /// What the step names, and for one that takes a resource out the last steps of all whose turn is earlier.
    private func awaited(by id: StepID) -> [StepID] {
        guard let step = step(id) else { return [] }
        guard step.availability == .takesOut else { return step.after }
        let earlier = before(step.resource)
        return step.after
            + earlier.compactMap { resource in
                steps.last { $0.resource == resource && $0.availability == .bringsBack }?.id
            }
    }

    /// Resources of all earlier turns, on the way forward or on the way back.
    func before(_ resource: ResourceID, onTheWayBack: Bool = false) -> Set<ResourceID> {
        order.reduce(into: []) { result, order in
            let turns = onTheWayBack && order.wayBack == .reversed ? order.turns.reversed() : order.turns
            guard let own = turns.firstIndex(where: { $0.contains(resource) }) else { return }
            result.formUnion(turns[..<own].joined())
        }
    }
}
