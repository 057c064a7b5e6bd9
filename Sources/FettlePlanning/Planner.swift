public import FettleModel

/// Works a selection out into a plan: which host when, what at once, and the way back. Synchronous and pure.
public enum Planner {
    /// The passes, in their order.
    ///
    /// A selection that is already fulfilled gives a plan without steps: planning again after success is empty.
    ///
    /// - Throws: `PlanningRefusal` with everything that stands in the way, not only the first thing.
    public static func plan(_ input: PlanningInput) throws(PlanningRefusal) -> (Plan, PlanReport) {
        var input = input
        input.windows = input.windows.withoutWindowsBefore(input.createdAt)
        var notes = PlanNotes()
        check(input, notes: &notes)
        let index = PlanningIndex(input)
        let work = RolePass.assign(WorkPass.collect(input, index, notes: &notes), input, index, notes: &notes)
        var groups = StrategyPass.choose(for: work, index, notes: &notes)
        let groupOrder = GroupOrder(
            input.fleet, from: groups.map(\.group.id), isBack: input.selection.undoes != nil, notes: &notes)
        let rules = RulePass(work, input, notes: &notes)
        let line =
            notes.hasOrderCycle
            ? nil : HostOrder.arrange(work, groups: groups, groupOrder, rules: rules.orders, notes: &notes)
        guard let line else { throw notes.refusal() }
        let (layout, evacuation) = EvacuationPass.arrange(
            line, &groups, groupOrder, rules: rules.orders, index, parallelSteps: input.policy.limits.parallelSteps,
            notes: &notes)
        var extras = ExtrasPass.collect(layout, groups: groups, index, policy: input.policy, priors: input.priors)
        evacuation.add(to: &extras, layout, priors: input.priors)
        let controls = ControlRestarts(layout, groups: groups, extras: extras, policy: input.policy, notes: &notes)
        var written = Written(layout, groups, groupOrder, index, input, extras, rules.splits, controls, notes)
        if !controls.isEmpty, !written.keepsWindows(beside: notes) {
            notes.warn("nobody is restarted to be compared with: the windows leave no time for it")
            written = Written(
                layout, groups, groupOrder, index, input, extras, rules.splits, ControlRestarts(), notes)
        }
        notes = written.notes
        refuseRepeatedNames(written.expansion, layout, written.groupSteps, notes: &notes)
        try notes.throwIfRefused()
        let plan = assemble(input, index, layout, groups, written.expansion, written.windows, evacuation)
        return (plan, ReportPass(plan: plan, layout: layout, groups: groups, input: input).report(notes))
    }

    /// The layout written out as steps, with the window of each host.
    private struct Written {
        let groupSteps: GroupSteps
        let expansion: StepExpansion
        let windows: [Int?]
        var notes: PlanNotes

        init(
            _ layout: WaveLayout, _ groups: [GroupWork], _ groupOrder: GroupOrder, _ index: PlanningIndex,
            _ input: PlanningInput, _ extras: [ResourceID: ChainExtras], _ splits: [ResourceID: [HostPart]],
            _ controls: ControlRestarts,
            _ notes: PlanNotes
        ) {
            var notes = notes
            groupSteps = GroupSteps(
                layout, groups: groups, index, groupOrder, policy: input.policy, priors: input.priors,
                controls: controls, notes: &notes)
            expansion = StepExpansion(
                layout, groupSteps, extras: extras, splits: splits, controls: controls, policy: input.policy,
                priors: input.priors)
            windows = WindowPass(layout, groupSteps, expansion, input, notes: &notes).windows
            self.notes = notes
        }

        /// Everybody has a window, and is restarted in that of those it is compared with.
        func keepsWindows(beside before: PlanNotes) -> Bool {
            notes.problems.count == before.problems.count && ControlRestarts.areInTime(groupSteps.forward, windows)
        }
    }

    private static func check(_ input: PlanningInput, notes: inout PlanNotes) {
        for environment in input.environments where !input.fleet.environments.contains(where: { $0.id == environment })
        {
            notes.refuse(.unknownName, at: .plan, "environment \(environment) is not declared in the fleet")
        }
        let limits = input.policy.limits
        if limits.parallelSteps < 1 || limits.attempts < 1 || limits.failureBudget < 0 {
            notes.refuse(
                .invalidLimit, at: .plan,
                "limits must allow at least one step and one attempt, and no negative failure budget")
        }
    }

    /// Names of resources and groups are the user's: two of them may be made into the same name of a step.
    ///
    /// Every step's name begins with that of its resource or group and a slash. If none of these has a slash itself, no two can
    /// meet, and a million names need not be held against each other.
    private static func refuseRepeatedNames(
        _ expansion: StepExpansion, _ layout: WaveLayout, _ groupSteps: GroupSteps, notes: inout PlanNotes
    ) {
        let hasSlash =
            layout.hosts.contains { $0.id.rawValue.utf8.contains(UInt8(ascii: "/")) }
            || groupSteps.forward.contains { $0.group.rawValue.utf8.contains(UInt8(ascii: "/")) }
        guard hasSlash else { return }
        var seen: Set<StepID> = []
        for step in [expansion.steps, expansion.rollback].joined() where !seen.insert(step.id).inserted {
            notes.refuse(
                .ambiguousName, at: .resource(step.resource),
                "two steps would be named \(step.id): rename the resource or the group")
        }
    }

    private static func assemble(
        _ input: PlanningInput, _ index: PlanningIndex, _ layout: WaveLayout, _ groups: [GroupWork],
        _ expansion: StepExpansion, _ windows: [Int?], _ evacuation: EvacuationPass
    ) -> Plan {
        let touched = Set(layout.hosts.map(\.resource.environment))
        let environments = input.fleet.environments.map(\.id).filter(touched.contains)
        return Plan(
            id: input.id, title: input.title ?? title(layout.hosts, environments), selection: input.selectionReference,
            createdAt: input.createdAt, environments: environments,
            targets: zip(layout.hosts, windows).map { host, window in
                PlanTarget(
                    resource: host.id, address: host.resource.address, environment: host.resource.environment,
                    window: window, carries: host.residence?.carries ?? [],
                    interrupts: host.residence?.interrupts)
            }.sorted { $0.resource < $1.resource },
            groups: groups.map { planned($0, index) }, steps: expansion.steps, rollback: expansion.rollback,
            order: layout.orders.map { $0.named(layout.hosts) }, rooms: evacuation.rooms, apart: evacuation.apart,
            limits: input.policy.limits,
            pointOfNoReturn: expansion.steps.indices.first { expansion.steps[$0].rollbackClass == .irreversible }
                .map { expansion.steps[$0].id },
            windows: layout.hosts.isEmpty ? [] : input.windows.windows)
    }

    private static func planned(_ work: GroupWork, _ index: PlanningIndex) -> PlannedGroup {
        let members = work.group.members.sorted()
        let addresses = members.compactMap { member in index.address(of: member).map { (member, $0) } }
        return PlannedGroup(
            id: work.group.id, members: members, minimumAvailable: work.minimumAvailable,
            maximumOut: work.maximumOut, traffic: work.group.traffic, probes: work.group.probes,
            memberAddresses: Dictionary(addresses, uniquingKeysWith: { first, _ in first }),
            machines: work.group.machines)
    }

    private static func title(_ hosts: [HostWork], _ environments: [EnvironmentID]) -> String {
        guard !hosts.isEmpty else { return "Nothing to patch" }
        let names = environments.map(\.rawValue).joined(separator: ", ")
        return "Patch \(hosts.count) \(hosts.count == 1 ? "host" : "hosts") in \(names)"
    }
}
