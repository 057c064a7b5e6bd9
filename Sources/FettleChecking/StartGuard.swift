public import FettleModel

/// The guard before a disruptive step, on what is observed at this moment: would each group still have its minimum?
///
/// Made once of a plan, it answers without going through all groups.
public struct StartGuard: Sendable {
    private let groups: [PlannedGroup]
    private let groupsOf: [ResourceID: [Int32]]
    private let carries: [ResourceID: [ResourceID]]
    private let moves: [ResourceID: [ControllerUpgrade]]

    public init(_ plan: Plan) {
        groups = plan.groups
        var groupsOf: [ResourceID: [Int32]] = [:]
        for (place, group) in plan.groups.enumerated() {
            for member in group.members { groupsOf[member, default: []].append(Int32(truncatingIfNeeded: place)) }
        }
        self.groupsOf = groupsOf
        carries = PlanChecker.carriedResources(of: plan)
        moves = PlanChecker.upgrades(of: plan)
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
        let moved = moves[step.resource]?.flatMap(\.members) ?? []
        let places = Set((taken + moved).flatMap { groupsOf[$0] ?? [] }).sorted()
        return PlanChecker.refusal(
            among: places.lazy.map { groups[Int($0)] }, taken: Set(taken),
            out: PlanChecker.withCarried(out, carries), moving: PlanChecker.moving(step.resource, out, moves),
            health: health)
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
        let moves = upgrades(of: plan)
        let touched = taken.union(moves[step.resource]?.flatMap(\.members) ?? [])
        return refusal(
            among: plan.groups.lazy.filter { $0.members.contains(where: touched.contains) }, taken: taken,
            out: withCarried(out, carries), moving: moving(step.resource, out, moves), health: health)
    }

    /// What each controller carries out on members of clusters while it is out itself.
    static func upgrades(of plan: Plan) -> [ResourceID: [ControllerUpgrade]] {
        var upgrades: [ResourceID: [ControllerUpgrade]] = [:]
        for step in [plan.steps, plan.rollback].joined() {
            if case .upgradeThroughController(let upgrade) = step.action {
                upgrades[step.resource, default: []].append(upgrade)
            }
        }
        return upgrades
    }

    /// Of who is taken out now, and of all that are out: for each its upgrades, of which one goes on at a time.
    static func moving(
        _ resource: ResourceID, _ out: Set<ResourceID>, _ moves: [ResourceID: [ControllerUpgrade]]
    ) -> [[ControllerUpgrade]] {
        guard !moves.isEmpty else { return [] }
        return out.union([resource]).sorted().compactMap { moves[$0] }
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
        moving: [[ControllerUpgrade]], health: [GroupID: [ResourceID: MemberHealth]]
    ) -> String? {
        for group in groups {
            let observed = health[group.id] ?? [:]
            let isAvailable = { (member: ResourceID) in
                !taken.contains(member) && !out.contains(member) && observed[member]?.isHealthy == true
            }
            let available = group.members.count(where: isAvailable)
            let left = moving.isEmpty ? available : available - lent(by: moving, of: group.members.filter(isAvailable))
            guard left >= group.minimumAvailable else {
                return "group \(group.id) would have \(left) of \(group.members.count) members available, "
                    + "needs \(group.minimumAvailable)"
            }
        }
        return nil
    }

    /// Which of the members its controller takes out is its own choice: so many as it may of those that are there.
    private static func lent(by moving: [[ControllerUpgrade]], of available: [ResourceID]) -> Int {
        let available = Set(available)
        return moving.reduce(0) { sum, upgrades in
            sum + (upgrades.map { min($0.atOnce, $0.members.count(where: available.contains)) }.max() ?? 0)
        }
    }
}
