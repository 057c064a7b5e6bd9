public import FettleModel

/// A plan with its steps findable by id and by resource. Made once; a malformed plan is refused here, so that the machine can
/// rely on every name that it follows. A class, so that a machine is copied without it.
final class PlanIndex: Sendable {
    struct Entry: Sendable {
        var step: Step
        var isRollback: Bool
        /// Its place in the plan: the deterministic priority.
        var position: Int
    }

    let plan: Plan
    let entries: [StepID: Entry]
    /// Forward steps of each resource, in the plan's order. Bakes are not among them: they belong to their wave.
    let forward: [ResourceID: [Step]]
    let rollback: [ResourceID: [Step]]
    /// The way back first, then the way forward.
    let steps: [ResourceID: [Step]]
    let bakes: [Step]
    /// Every resource that has a step, in the order in which the plan first names it.
    let resources: [ResourceID]
    let groups: [ResourceID: [PlannedGroup]]
    /// Resources whose failure stops everything, whatever the budget: others wait for the bake that watches them.
    let canaries: Set<ResourceID>
    /// Who must not be out together.
    let exclusions: Exclusions
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
        try Self.requireReturns(in: plan)
        self.plan = plan
        self.entries = entries
        self.forward = forward
        self.rollback = rollback
        self.steps = rollback.merging(forward) { back, ahead in back + ahead }
        self.bakes = bakes
        self.resources = resources
        self.canaries = Self.canaries(among: bakes, of: plan)
        self.groups = Dictionary(
            uniqueKeysWithValues: resources.map { resource in (resource, plan.groups(of: resource)) })
        self.exclusions = Exclusions(plan, among: resources)
        self.compensated = Set(plan.rollback.compactMap(\.compensates))
        self.leaders = Leaders(plan.steps)
    }

    /// What is taken out must be brought back by the same list of steps, or its reservation would be held for ever.
    private static func requireReturns(in plan: Plan) throws(PlanDefect) {
        for steps in [plan.steps, plan.rollback] {
            for step in steps where step.availability == .takesOut {
                let returns = steps.contains { $0.resource == step.resource && $0.bringsBack(step) }
                guard returns else {
                    throw PlanDefect(
                        code: .neverBroughtBack, step: step.id,
                        message: "step \(step.id) takes \(step.resource) out, and no step brings it back")
                }
            }
        }
    }

    /// Those of each group's first bake, if anything comes after it.
    private static func canaries(among bakes: [Step], of plan: Plan) -> Set<ResourceID> {
        var seen: Set<GroupID?> = []
        var canaries: Set<ResourceID> = []
        for bake in bakes where seen.insert(bake.group).inserted {
            guard case .bake(_, let resources, _) = bake.action else { continue }
            if plan.steps.contains(where: { $0.after.contains(bake.id) }) {
                canaries.formUnion(resources.isEmpty ? [bake.resource] : resources)
            }
        }
        return canaries
    }

    func step(_ id: StepID) -> Step? { entries[id]?.step }
    func isRollback(_ id: StepID) -> Bool { entries[id]?.isRollback ?? false }
}

/// Why a plan cannot be carried out at all.
public struct PlanDefect: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        case duplicateStep, unknownDependency, neverBroughtBack, noDriver
    }

    public var code: Code
    public var step: StepID
    public var message: String

    public init(code: Code, step: StepID, message: String) {
        self.code = code
        self.step = step
        self.message = message
    }

    public var description: String { message }
}

extension Step {
    /// The traffic that the step drains or restores; nil for other actions.
    var traffic: TrafficBinding? {
        switch action {
        case .drain(let traffic), .restore(let traffic): traffic
        default: nil
        }
    }

    /// Whether this step takes back what `other`, of the same resource, took out.
    func bringsBack(_ other: Step) -> Bool {
        guard availability == .bringsBack, other.availability == .takesOut else { return false }
        return traffic == other.traffic
    }

    /// The part of a resource's chain that must not be left half done: from taking it out to having it back.
    var isCore: Bool {
        switch action {
        case .preflight, .stage, .verify, .bake: availability != .none
        default: true
        }
    }

    var changesPackages: Bool {
        if case .changePackages = action { true } else { false }
    }

    /// Whether it can make a resource fail.
    var changesTheHost: Bool {
        switch action {
        case .changePackages, .restartServices, .reboot: true
        default: false
        }
    }

    var isGate: Bool {
        if case .gate = action { true } else { false }
    }

    var isBake: Bool {
        if case .bake = action { true } else { false }
    }

    /// A person may go on without it: nothing is brought back on its word (I6).
    var maySkip: Bool {
        guard availability == .none else { return false }
        switch action {
        case .preflight, .verify, .bake: return true
        default: return false
        }
    }
}
