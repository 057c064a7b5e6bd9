public import FettleModel

/// The guard before a disruptive step, on what is observed at this moment: would each group still have its minimum?
///
/// Made once of a plan, it answers without going through all groups.
public struct StartGuard: Sendable {
    private let groups: [PlannedGroup]
    private let groupsOf: [ResourceID: [Int32]]
    private let carries: [ResourceID: [ResourceID]]

    public init(_ plan: Plan) {
        groups = plan.groups
        var groupsOf: [ResourceID: [Int32]] = [:]
        for (place, group) in plan.groups.enumerated() {
            for member in group.members { groupsOf[member, default: []].append(Int32(truncatingIfNeeded: place)) }
        }
        self.groupsOf = groupsOf
        carries = PlanChecker.carriedResources(of: plan)
    }

    /// - Parameters:
    ///   - step: of the plan, from either way.
    ///   - out: resources that any run has out or reserved now; what they carry by this plan is counted too.
    ///   - health: by group, each member's health as just observed; a member that is not named is unknown.
    /// - Returns: nil if the step may start, otherwise why not.
    public func refusal(
        toStart step: Step, out: Set<ResourceID>, health: [GroupID: [ResourceID: MemberHealth]]
    ) -> String? {
        guard step.availability == .takesOut else { return nil }
        let taken = [step.resource] + (carries[step.resource] ?? [])
        let places = Set(taken.flatMap { groupsOf[$0] ?? [] }).sorted()
        return PlanChecker.refusal(
            among: places.lazy.map { groups[Int($0)] }, taken: Set(taken),
            out: PlanChecker.withCarried(out, carries), health: health)
    }
}

extension PlanChecker {
    /// The same as `StartGuard` for one question: goes through all groups of the plan each time.
    public static func refusal(
        toStart step: Step, in plan: Plan, out: Set<ResourceID>, health: [GroupID: [ResourceID: MemberHealth]]
    ) -> String? {
        guard step.availability == .takesOut else { return nil }
        let carries = carriedResources(of: plan)
        let taken = Set([step.resource] + (carries[step.resource] ?? []))
        return refusal(
            among: plan.groups.lazy.filter { $0.members.contains(where: taken.contains) }, taken: taken,
            out: withCarried(out, carries), health: health)
    }

    static func carriedResources(of plan: Plan) -> [ResourceID: [ResourceID]] {
        var carries: [ResourceID: [ResourceID]] = [:]
        for target in plan.targets where !target.carries.isEmpty { carries[target.resource] = target.carries }
        return carries
    }

    static func withCarried(_ out: Set<ResourceID>, _ carries: [ResourceID: [ResourceID]]) -> Set<ResourceID> {
        guard !carries.isEmpty else { return out }
        return out.reduce(into: out) { all, resource in
            if let carried = carries[resource] { all.formUnion(carried) }
        }
    }

    static func refusal(
        among groups: some Sequence<PlannedGroup>, taken: Set<ResourceID>, out: Set<ResourceID>,
        health: [GroupID: [ResourceID: MemberHealth]]
    ) -> String? {
        for group in groups {
            let observed = health[group.id] ?? [:]
            let left = group.members.count { member in
                !taken.contains(member) && !out.contains(member) && observed[member]?.isHealthy == true
            }
            guard left >= group.minimumAvailable else {
                return "group \(group.id) would have \(left) of \(group.members.count) members available, "
                    + "needs \(group.minimumAvailable)"
            }
        }
        return nil
    }
}
