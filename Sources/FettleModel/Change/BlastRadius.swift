/// What a plan can touch, in numbers: what approvers and the rules of approval go by. Pure, from the plan alone.
public struct BlastRadius: Codable, Sendable, Equatable {
    /// Hosts that are changed or restarted.
    public var hosts: Int
    /// Hosts and machines that go down with one of these and are not changed themselves.
    public var carried: Int
    public var environments: [EnvironmentID]
    /// Groups with a changed or carried member, sorted.
    public var groups: [GroupID]
    /// Of the group that loses most at once: the share of its members that may be out together, in percent, rounded up.
    public var largestSharePercent: Int
    /// Hosts that are, or may be, rebooted.
    public var reboots: Int
    /// Steps that cannot be taken back.
    public var irreversibleSteps: Int
    public var pointOfNoReturn: StepID?
    /// The weakest way back of all steps.
    public var rollbackClass: RollbackClass

    public init(_ plan: Plan) {
        let changed = Set(plan.targets.map(\.resource))
        let carried = Set(
            plan.targets.flatMap { $0.carries + ($0.interrupts ?? []).map { $0.resource ?? ResourceID($0.machine) } }
        )
        .subtracting(changed)
        let touched = changed.union(carried)
        hosts = changed.count
        self.carried = carried.count
        environments = plan.environments
        let groups = plan.groups.filter { !touched.isDisjoint(with: $0.members) }
        self.groups = groups.map(\.id).sorted()
        largestSharePercent =
            groups.map { group in
                group.members.isEmpty ? 0 : (group.maximumOut * 100 + group.members.count - 1) / group.members.count
            }.max() ?? 0
        reboots =
            Set(plan.steps.filter { if case .reboot = $0.action { true } else { false } }.map(\.resource)).count
        irreversibleSteps = plan.steps.count { $0.rollbackClass == .irreversible }
        pointOfNoReturn = plan.pointOfNoReturn
        rollbackClass = plan.steps.map(\.rollbackClass).max { $0.weakness < $1.weakness } ?? .nothingToUndo
    }
}

extension RollbackClass {
    /// How hard the way back is; `irreversible` most.
    public var weakness: Int {
        switch self {
        case .nothingToUndo: 0
        case .snapshot: 1
        case .imageSwap: 2
        case .exactVersions: 3
        case .irreversible: 4
        }
    }
}
