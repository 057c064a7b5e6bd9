import FettleModel
import FettleTestSupport

/// Plays a plan in any order that its names and turns leave open, and looks who serves: the slow and simple way, which shares nothing with
/// the planner or the checker. At some moment it goes back, with whatever is out going back from where it stands.
struct SideRun {
    private let plan: Plan
    private var random: SplitMix
    private var done: Set<StepID> = []
    private var out: Set<ResourceID> = []
    private var retired: Set<ResourceID> = []
    /// By group, who has its traffic.
    private var serving: [GroupID: Set<ResourceID>] = [:]
    private var seen: Set<GroupID> = []
    private var problems: [String] = []

    init(_ plan: Plan, seed: UInt64) {
        self.plan = plan
        random = SplitMix(seed: seed)
        for step in plan.steps {
            if case .switchTraffic(let turn) = step.action, !turn.from.isEmpty { serving[turn.group] = Set(turn.from) }
        }
    }

    /// What went wrong, in words.
    mutating func play() -> [String] {
        let steps = Int.random(in: 0...plan.steps.count, using: &random)
        let isWhole = Bool.random(using: &random)
        while isWhole || done.count < steps, take(plan.steps, isBack: false) {}
        if isWhole, done.count != plan.steps.count { problems.append("the way forward stands still") }
        guard !isWhole || Bool.random(using: &random) else { return problems }
        // Once a member is gone for good its side takes no traffic back.
        if retired.isEmpty { goBack() }
        return problems
    }

    private mutating func goBack() {
        let begun = Set(plan.steps.filter { done.contains($0.id) && $0.availability == .takesOut }.map(\.resource))
        let wanted = plan.rollback.filter { step in
            if let taken = step.compensates { return done.contains(taken) }
            if case .switchTraffic = step.action { return false }
            return begun.contains(step.resource) || out.contains(step.resource)
        }
        let names = Set(wanted.map(\.id))
        while take(wanted, isBack: true, among: names) {}
        if !names.isSubset(of: done) { problems.append("the way back stands still") }
    }

    /// One step of those that may be taken; false if there is none.
    private mutating func take(_ steps: [Step], isBack: Bool, among names: Set<StepID>? = nil) -> Bool {
        let ready = steps.filter { step in
            !done.contains(step.id) && step.after.allSatisfy { isOver($0, names) }
                && mayGoOut(step, isBack: isBack, steps)
        }
        guard let step = ready.randomElement(using: &random) else { return false }
        done.insert(step.id)
        perform(step)
        return true
    }

    /// Whether the step is done, or is not taken at all and what it would have waited for is over.
    private func isOver(_ name: StepID, _ names: Set<StepID>?) -> Bool {
        if done.contains(name) { return true }
        guard let names, !names.contains(name) else { return false }
        return plan.rollback.first { $0.id == name }?.after.allSatisfy { isOver($0, names) } ?? true
    }

    private func mayGoOut(_ step: Step, isBack: Bool, _ steps: [Step]) -> Bool {
        guard step.availability == .takesOut, !out.contains(step.resource) else { return true }
        for order in plan.order {
            guard let own = order.turns.firstIndex(where: { $0.contains(step.resource) }) else { continue }
            for (turn, members) in order.turns.enumerated() where turn != own {
                if members.contains(where: out.contains) { return false }
                let isEarlier = isBack && order.wayBack == .reversed ? turn > own : turn < own
                let isOpen = steps.contains {
                    members.contains($0.resource) && !done.contains($0.id) && isDisruptive($0)
                }
                if isEarlier, isOpen { return false }
            }
        }
        return true
    }

    private func isDisruptive(_ step: Step) -> Bool { step.availability != .none }

    private mutating func perform(_ step: Step) {
        switch step.availability {
        case .takesOut:
            out.insert(step.resource)
            for (group, members) in serving where members.contains(step.resource) {
                problems.append("\(step.id): \(step.resource) still has the traffic of \(group)")
            }
            for group in plan.groups(of: step.resource) where serving[group.id] != nil && !seen.contains(group.id) {
                problems.append("\(step.id): nothing has seen who has the traffic of \(group.id)")
            }
        case .bringsBack: out.remove(step.resource)
        case .none, .requiresOut: break
        }
        switch step.action {
        case .switchTraffic(let turn) where turn.from.isEmpty:
            seen.insert(turn.group)
            if serving[turn.group] != Set(turn.to) { problems.append("\(step.id): the traffic is elsewhere") }
        case .switchTraffic(let turn):
            if serving[turn.group] != Set(turn.from) { problems.append("\(step.id): turns what is elsewhere") }
            if let missing = turn.to.first(where: { out.contains($0) || retired.contains($0) }) {
                problems.append("\(step.id): \(missing) is not there")
            }
            serving[turn.group] = Set(turn.to)
        case .retire:
            retired.insert(step.resource)
            if serving.values.contains(where: { $0.contains(step.resource) }) {
                problems.append("\(step.id): \(step.resource) still serves")
            }
        default: break
        }
    }
}
