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

        violations += forwardCapacity(plan, forward, outages)
        let (onTheWayBack, method) = rollbackCapacity(plan, forward, rollback, outages, returns)
        violations += onTheWayBack
        violations += BakeCheck(graph: forward, outages: outages).violations(plan)
        violations += RollbackCheck(plan: plan, forward: forward, rollback: rollback).violations()
        violations += RebootCheck(graph: forward).violations() + RebootCheck(graph: rollback).violations()
        violations += OwnHostCheck(plan: plan, graph: forward).violations()
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
    /// order; so two members exclude each other only if they do so forward *and*, the other way round, on the way back.
    private static func rollbackCapacity(
        _ plan: Plan, _ forward: StepGraph, _ rollback: StepGraph, _ outages: [ResourceID: Outage],
        _ returns: [ResourceID: Outage]
    ) -> ([Violation], CheckReport.Method) {
        var method = CheckReport.Method.exact
        let direct = DirectOrder(rollback)
        let violations = plan.groups.compactMap { group -> Violation? in
            let members = group.members.compactMap { outages[$0] }.filter { returns[$0.resource] != nil }
            let check = CapacityCheck(group: group, outages: members) { first, second in
                forward.precedes(first.end, second.begin)
                    && direct.isBackBefore(returns[second.resource], returns[first.resource])
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
        var message = "if \(names) are out at once\(when), group \(group.id) has \(left) of \(group.members.count) members, "
        message +=
            left < group.minimumAvailable
            ? "needs \(group.minimumAvailable)" : "and the plan allows \(group.maximumOut) out at once"
        return Violation(.capacity, message, steps: largest.map { graph.steps[$0.begin].id })
    }
}

/// The order of rollback steps as far as it is told by the two resources' own steps.
struct DirectOrder {
    private let graph: StepGraph

    init(_ graph: StepGraph) { self.graph = graph }

    /// Whether some step of the first, at or after its end, is named by a step of the second that stands at or before its beginning.
    func isBackBefore(_ first: Outage?, _ second: Outage?) -> Bool {
        guard let first, let second else { return false }
        return graph.positions(of: second.resource).contains { position in
            guard position == second.begin || graph.precedes(position, second.begin) else { return false }
            return graph.steps[position].after.contains { name in
                guard let earlier = graph.index[name], graph.steps[earlier].resource == first.resource else {
                    return false
                }
                return earlier == first.end || graph.precedes(first.end, earlier)
            }
        }
    }
}
