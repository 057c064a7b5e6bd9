import FettleModel

/// Load balancers: hosts over which the traffic of others runs. Patching one touches every group behind it.
extension WorkPass {
    /// A balancer that another member of its own group stands in for may go; one that stands alone only if the user named it,
    /// because everything behind it is interrupted.
    static func mayBeInterrupted(
        _ resource: Resource, serves: [GroupID], groups: [ResourceGroup], input: PlanningInput,
        notes: inout PlanNotes
    ) -> Bool {
        guard !serves.isEmpty else { return true }
        let hasStandIn = groups.contains {
            $0.members.count >= 2 && $0.minimumAvailable.asMinimum(of: $0.members.count) >= 1
        }
        guard !hasStandIn else { return true }
        let names = serves.map(\.rawValue).joined(separator: ", ")
        guard input.named.contains(resource.id) else {
            notes.leaveOut(resource.id, because: "would interrupt the traffic of \(names); plan it by naming it")
            return false
        }
        notes.warn("\(resource.id): nothing stands in for it, so its steps interrupt the traffic of \(names)")
        return true
    }
}
