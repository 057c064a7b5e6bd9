public import FettleModel

/// Proves that no state which a plan can reach breaks an invariant, or tells how one can. It shares no code with the planner and
/// trusts nothing that the planner says about its plan: groups, order and effects are read from the steps themselves.
public enum PlanChecker {
    /// Judges a plan: form, I1, I3, I4, I7, I8, I9, I12, forward and on the way back.
    public static func check(_ plan: Plan) -> CheckReport {
        let malformed = FormCheck(plan: plan).violations()
        guard malformed.isEmpty else { return CheckReport(violations: malformed, method: .exact) }

        var violations: [Violation] = []
        let forward = StepGraph(plan.steps)
        let rollback = StepGraph(plan.rollback)
        let outages = OutageCheck(graph: forward, isRollback: false).outages(&violations)
        let returns = OutageCheck(graph: rollback, isRollback: true).outages(&violations)

        violations += TrafficCheck(plan: plan, graph: forward, outages: outages).violations()
        violations += TrafficCheck(plan: plan, graph: rollback, outages: returns).violations()
        violations += forwardCapacity(plan, forward, outages)
        let (onTheWayBack, method) = rollbackCapacity(plan, forward, rollback, outages, returns)
        violations += onTheWayBack
        violations += BakeCheck(graph: forward, outages: outages).violations(plan)
        violations += RollbackCheck(plan: plan, forward: forward, rollback: rollback).violations()
        violations += RebootCheck(graph: forward).violations() + RebootCheck(graph: rollback).violations()
        violations += WayBackCheck(forward: forward, rollback: rollback, outages: outages, returns: returns)
            .violations()
        violations += OwnHostCheck(plan: plan, graph: forward).violations()
        violations += OwnHostCheck(plan: plan, graph: rollback).violationsOnTheWayBack(returns)
        let (late, timeMethod) = WindowCheck(plan: plan, forward: forward).violations()
        violations += late
        let isExact = method == .exact && timeMethod == .exact
        return CheckReport(violations: violations, method: isExact ? .exact : .bound)
    }

    private static func forwardCapacity(
        _ plan: Plan, _ graph: StepGraph, _ outages: [ResourceID: Outage]
    ) -> [Violation] {
        plan.groups.compactMap { group in
            let check = CapacityCheck(
                group: group, outages: group.members.compactMap { outages[$0] },
                isBackBefore: { graph.precedes($0.end, $1.begin) })
            return violation(of: check, largest: check.largestOutage(), in: graph, when: "")
        }
    }

    /// A rollback can start in any state and takes only the resources that were begun, so an order that runs through a third
    /// resource does not count: only what is said of the two themselves does. Who is out when it starts is out by the forward
    /// order, and comes back first, changed or not; nobody goes out while one is out that it names or is named by. So two members
    /// exclude each other if they do so forward *and* one of them names the other on the way back. A member without a way back is
    /// named by nobody, and may be out with everybody.
    private static func rollbackCapacity(
        _ plan: Plan, _ forward: StepGraph, _ rollback: StepGraph, _ outages: [ResourceID: Outage],
        _ returns: [ResourceID: Outage]
    ) -> ([Violation], CheckReport.Method) {
        var method = CheckReport.Method.exact
        let direct = DirectOrder(rollback, returns)
        let violations = plan.groups.compactMap { group -> Violation? in
            let members = group.members.compactMap { outages[$0] }
            let check = CapacityCheck(group: group, outages: members) { first, second in
                forward.precedes(first.end, second.begin) && direct.orders(first.resource, second.resource)
            }
            if check.isTransitive() {
                return violation(
                    of: check, largest: check.largestOutage(), in: forward, when: " while a rollback is on its way")
            }
            method = .bound
            guard check.lanes() > check.allowedOut else { return nil }
            return violation(of: check, largest: members, in: forward, when: " while a rollback is on its way")
        }
        return (violations, method)
    }

    private static func violation(
        of check: CapacityCheck, largest: [Outage], in graph: StepGraph, when: String
    ) -> Violation? {
        let group = check.group
        guard largest.count > check.allowedOut else { return nil }
        let names = largest.map(\.resource.rawValue).joined(separator: ", ")
        let left = group.members.count - largest.count
        var message =
            "if \(names) are out at once\(when), group \(group.id) has \(left) of \(group.members.count) members, "
        message +=
            left < group.minimumAvailable
            ? "needs \(group.minimumAvailable)" : "and the plan allows \(group.maximumOut) out at once"
        return Violation(.capacity, message, steps: largest.map { graph.steps[$0.begin].id })
    }
}

/// The order of rollback steps as far as it is told by the two resources' own steps.
struct DirectOrder {
    /// Resources that are certainly back before this one is taken out.
    private var earlier: [ResourceID: Set<ResourceID>] = [:]

    init(_ graph: StepGraph, _ outages: [ResourceID: Outage]) {
        for (resource, outage) in outages {
            var names: Set<ResourceID> = []
            for position in graph.positions(of: resource)
            where position == outage.begin || graph.precedes(position, outage.begin) {
                for name in graph.steps[position].after {
                    guard let step = graph.index[name], let other = outages[graph.steps[step].resource],
                        step == other.end || graph.precedes(other.end, step)
                    else { continue }
                    names.insert(other.resource)
                }
            }
            earlier[resource] = names
        }
    }

    func isBackBefore(_ first: ResourceID, _ second: ResourceID) -> Bool {
        earlier[second]?.contains(first) == true
    }

    /// Whichever of the two comes first.
    func orders(_ first: ResourceID, _ second: ResourceID) -> Bool {
        isBackBefore(first, second) || isBackBefore(second, first)
    }
}
