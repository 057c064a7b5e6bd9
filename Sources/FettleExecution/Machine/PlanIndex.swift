import FettleModel

/// A plan with its steps findable by id and by resource. Made once; a malformed plan is refused here, so that the machine can
/// rely on every name that it follows. A class, so that a machine is copied without it.
final class PlanIndex: Sendable {
    struct Entry: Sendable {
        var step: Step
        var isRollback: Bool
        /// Its place in the plan: the deterministic priority.
        var position: Int
    }

    /// What a resource's way forward and its way back end with: the last step that brings it back; the last step at all where none
    /// does; nil where there is no step.
    struct Ends: Sendable {
        var forward: Step?
        var back: Step?
    }

    let plan: Plan
    let entries: [StepID: Entry]
    /// Forward steps of each resource, in the plan's order. Bakes are not among them: they belong to their wave.
    let forward: [ResourceID: [Step]]
    let rollback: [ResourceID: [Step]]
    /// The way back first, then the way forward.
    let steps: [ResourceID: [Step]]
    let ends: [ResourceID: Ends]
    let bakes: [Step]
    /// The bakes that watch a resource.
    let bakesOf: [ResourceID: [Step]]
    /// Every resource that has a step, in the order in which the plan first names it.
    let resources: [ResourceID]
    /// For each resource the groups that it takes members from when it goes out, in the plan's order.
    let groups: [ResourceID: [PlannedGroup]]
    /// What goes out with a resource; only for those that carry anything.
    let carries: [ResourceID: [ResourceID]]
    /// What goes out with others.
    let carried: Set<ResourceID>
    /// Groups of which a resource is no member and whose members' health the guard needs before it goes out: those of the members
    /// that a controller takes out by its own choice.
    let lentGroups: [ResourceID: [PlannedGroup]]
    /// In which a resource's disruptive steps are taken, for those that may not be taken out at any time.
    let windows: [ResourceID: TimeWindow]
    /// Resources whose failure stops everything, whatever the budget: others wait for the bake that watches them.
    let canaries: Set<ResourceID>
    let turns: Turns
    /// Forward steps that a step of the way back takes back in particular.
    let compensated: Set<StepID>
    /// For whom a resource has to wait before it can be taken out.
    let leaders: Leaders

    init(plan: Plan) throws(PlanDefect) {
        var entries: [StepID: Entry] = [:]
        var forward: [ResourceID: [Step]] = [:]
        var rollback: [ResourceID: [Step]] = [:]
        var bakes: [Step] = []
        var resources: [ResourceID] = []
        entries.reserveCapacity(plan.steps.count + plan.rollback.count)
        for (steps, isRollback) in [(plan.steps, false), (plan.rollback, true)] {
            for step in steps {
                guard entries[step.id] == nil else {
                    throw PlanDefect(code: .duplicateStep, step: step.id, message: "step \(step.id) is there twice")
                }
                for name in step.after where entries[name]?.isRollback != isRollback {
                    throw PlanDefect(
                        code: .unknownDependency, step: step.id,
                        message: "step \(step.id) is to come after \(name), which does not stand before it")
                }
                entries[step.id] = Entry(step: step, isRollback: isRollback, position: entries.count)
                if forward[step.resource] == nil, rollback[step.resource] == nil { resources.append(step.resource) }
                if isRollback {
                    rollback[step.resource, default: []].append(step)
                } else if case .bake = step.action {
                    forward[step.resource, default: []] += []
                    bakes.append(step)
                } else {
                    forward[step.resource, default: []].append(step)
                }
            }
        }
        try Self.requireReturns(in: plan.steps)
        try Self.requireReturns(in: plan.rollback)
        self.plan = plan
        self.entries = entries
        self.forward = forward
        self.rollback = rollback
        self.steps = rollback.merging(forward) { back, ahead in back + ahead }
        self.bakes = bakes
        self.resources = resources
        bakesOf = Self.watched(by: bakes)
        canaries = Self.canaries(among: bakes, of: plan)
        ends = Self.ends(of: resources, forward, rollback)
        let touched = TouchedGroups(plan, resources)
        groups = touched.taken
        carries = touched.carries
        carried = Set(touched.carries.values.joined())
        lentGroups = touched.lent
        windows = try Self.windows(of: plan)
        turns = try Turns(plan.order, among: Set(resources))
        compensated = Set(plan.rollback.compactMap(\.compensates))
        leaders = Leaders(plan.steps, turns)
    }

    /// What is taken out must be brought back by the same list of steps, or its reservation would be held for ever.
    private static func requireReturns(in steps: [Step]) throws(PlanDefect) {
        struct Place: Hashable {
            var resource: ResourceID
            var traffic: TrafficBinding?
        }
        let returns = Set(
            steps.lazy.filter { $0.availability == .bringsBack }
                .map { Place(resource: $0.resource, traffic: $0.traffic) })
        for step in steps where step.availability == .takesOut {
            guard !returns.contains(Place(resource: step.resource, traffic: step.traffic)) else { continue }
            throw PlanDefect(
                code: .neverBroughtBack, step: step.id,
                message: "step \(step.id) takes \(step.resource) out, and no step brings it back")
        }
    }

    private static func watched(by bakes: [Step]) -> [ResourceID: [Step]] {
        var result: [ResourceID: [Step]] = [:]
        for bake in bakes {
            for resource in Set(bake.owners) { result[resource, default: []].append(bake) }
        }
        return result
    }

    /// Those of each group's first bake, if anything comes after it.
    private static func canaries(among bakes: [Step], of plan: Plan) -> Set<ResourceID> {
        guard !bakes.isEmpty else { return [] }
        let names = Set(bakes.map(\.id))
        var awaited: Set<StepID> = []
        for step in plan.steps { for name in step.after where names.contains(name) { awaited.insert(name) } }
        var seen: Set<GroupID?> = []
        var canaries: Set<ResourceID> = []
        for bake in bakes where seen.insert(bake.group).inserted && awaited.contains(bake.id) {
            canaries.formUnion(bake.owners)
        }
        return canaries
    }

    private static func ends(
        of resources: [ResourceID], _ forward: [ResourceID: [Step]], _ rollback: [ResourceID: [Step]]
    ) -> [ResourceID: Ends] {
        func end(_ steps: [Step]?) -> Step? { steps?.last { $0.availability == .bringsBack } ?? steps?.last }
        return Dictionary(
            uniqueKeysWithValues: resources.map { ($0, Ends(forward: end(forward[$0]), back: end(rollback[$0]))) })
    }

    private static func windows(of plan: Plan) throws(PlanDefect) -> [ResourceID: TimeWindow] {
        var result: [ResourceID: TimeWindow] = [:]
        for target in plan.targets {
            guard let window = target.window, result[target.resource] == nil else { continue }
            guard plan.windows.indices.contains(window) else {
                throw PlanDefect(
                    code: .unknownWindow, step: nil,
                    message: "\(target.resource) is to be changed in window \(window), and the plan has "
                        + "\(plan.windows.count) windows, counted from 0")
            }
            result[target.resource] = plan.windows[window]
        }
        return result
    }

    func step(_ id: StepID) -> Step? { entries[id]?.step }
    /// What is out whenever the resource is: itself, and what it carries.
    func taken(with resource: ResourceID) -> [ResourceID] { [resource] + (carries[resource] ?? []) }

    func isRollback(_ id: StepID) -> Bool { entries[id]?.isRollback ?? false }

    /// Counted from 0 on the way forward. The way back comes before all of it: its steps have priorities below 0.
    func priority(of id: StepID) -> Int {
        guard let entry = entries[id] else { return .max }
        return entry.isRollback ? entry.position - entries.count : entry.position
    }

    func step(withPriority priority: Int) -> Step {
        priority < 0 ? plan.rollback[plan.rollback.count + priority] : plan.steps[priority]
    }
}

extension Step {
    /// The resources that the step is about: those that a bake watches, or its own.
    var owners: [ResourceID] {
        guard case .bake(_, let resources, _, _) = action, !resources.isEmpty else { return [resource] }
        return resources
    }
}
