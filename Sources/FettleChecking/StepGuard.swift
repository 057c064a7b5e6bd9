public import FettleModel

extension PlanChecker {
    /// The guard before a disruptive step, on what is observed at this moment: would each group still have its minimum?
    ///
    /// - Parameters:
    ///   - out: resources that any run has out or reserved now.
    ///   - health: by group, each member's health as just observed; a member that is not named is unknown.
    /// - Returns: nil if the step may start, otherwise why not.
    public static func refusal(
        toStart step: Step, in plan: Plan, out: Set<ResourceID>, health: [GroupID: [ResourceID: MemberHealth]]
    ) -> String? {
        guard step.availability == .takesOut else { return nil }
        for group in plan.groups where group.members.contains(step.resource) {
            let left = group.members.filter { member in
                member != step.resource && !out.contains(member) && health[group.id]?[member]?.isHealthy == true
            }
            guard left.count >= group.minimumAvailable else {
                return "group \(group.id) would have \(left.count) of \(group.members.count) members available, "
                    + "needs \(group.minimumAvailable)"
            }
        }
        return nil
    }
}
