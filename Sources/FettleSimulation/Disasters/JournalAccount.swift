import FettleModel

/// What a journal's lines come to, reckoned apart from the machine that wrote them and by simpler rules: where it cannot be sure it
/// keeps silent. The oracle judges by it what a run may do next.
struct JournalAccount: Sendable {
    struct PlannedStep: Sendable {
        var step: Step
        var isRollback: Bool
    }

    let steps: [StepID: PlannedStep]
    /// Those whose bake others wait for: when one fails everything stops.
    let canaries: Set<ResourceID>
    /// All that any bake watches.
    let watched: Set<ResourceID>
    let limits: PlanLimits
    /// On which Fettle runs.
    let own: Set<ResourceID>
    /// Those that the run has taken over from another: out from its first line on.
    let taken: Set<ResourceID>
    /// Where the run has taken another's place: whom its plan is about.
    let stepped: Set<ResourceID>
    /// By host, the step behind whose intent there is no way back for it.
    private let discards: [ResourceID: StepID]
    /// Those that have a window of their own.
    private let bound: Set<ResourceID>

    private(set) var linesAboutNoStep = 0
    private(set) var intended: [StepID: Int] = [:]
    /// `takesOut` steps that were intended and not taken back.
    private(set) var out: [ResourceID: Set<StepID>] = [:]
    private(set) var quarantined: Set<ResourceID> = []
    /// Failed beyond doubt: a step of theirs that takes nobody out has used up its tries.
    private(set) var failed: Set<ResourceID> = []
    /// Something of theirs has failed at some time.
    private(set) var struck: Set<ResourceID> = []
    /// The same, but for what failed while it was restarted to be compared with.
    private(set) var struckByChange: Set<ResourceID> = []
    /// Something that is about several has failed beyond doubt: a watch, or the traffic of a group.
    private(set) var hasFailedWatch = false
    /// A watch that others wait for has passed.
    private(set) var hasWatched = false
    /// Restarted to be compared with, and not back from that beyond doubt; nobody has asked for another try.
    private(set) var unfit: Set<ResourceID> = []
    /// Restarted to be compared with, and back from that.
    private(set) var restarted: Set<ResourceID> = []
    private var isStartedAnew: Set<ResourceID> = []
    private(set) var isPaused = false
    /// Stopped by somebody, or going back.
    private(set) var isStopping = false
    private(set) var isRollingBack = false
    /// Taken back by a person's word, while the others go on.
    private(set) var takenBack: Set<ResourceID> = []
    /// Those that have failed and were sent through the plan once more.
    private(set) var triedAgain: Set<ResourceID> = []
    /// Nothing is begun any more until another executor has the run.
    private(set) var isHandingOver = false
    /// How often something is begun anew by a person's word.
    private(set) var renewals = 0
    private var failures: [StepID: Int] = [:]
    private var failedForGood: Set<StepID> = []

    init(_ plan: Plan) {
        var steps: [StepID: PlannedStep] = [:]
        var awaited: Set<StepID> = []
        for step in plan.steps {
            steps[step.id] = PlannedStep(step: step, isRollback: false)
            awaited.formUnion(step.after)
        }
        for step in plan.rollback { steps[step.id] = PlannedStep(step: step, isRollback: true) }
        var canaries: Set<ResourceID> = []
        var groups: Set<GroupID?> = []
        for step in plan.steps {
            guard case .bake(_, let resources, _, _) = step.action, groups.insert(step.group).inserted else { continue }
            if awaited.contains(step.id) { canaries.formUnion(resources.isEmpty ? [step.resource] : resources) }
        }
        self.steps = steps
        self.canaries = canaries
        watched = Set(plan.steps.flatMap { step in step.action.judged.map { $0 + [step.resource] } ?? [] })
        limits = plan.limits
        own = Set(plan.targets.filter { $0.address == .local }.map(\.resource))
        taken = Set(plan.supersedes?.taken.map(\.resource) ?? [])
        stepped = plan.supersedes == nil ? [] : Set(steps.values.map(\.step.resource))
        discards = Dictionary(
            plan.steps.compactMap { step in
                if case .discardSnapshot = step.action { (step.resource, step.id) } else { nil }
            }, uniquingKeysWith: { first, _ in first })
        bound = Set(plan.targets.filter { $0.window != nil }.map(\.resource))
    }

    /// What it could go back to is removed, or may be.
    func hasNoWayBack(_ resource: ResourceID) -> Bool { discards[resource].map { intended[$0] != nil } ?? false }

    func isOut(_ resource: ResourceID) -> Bool { !(out[resource] ?? []).isEmpty }

    /// Adds a line that is durable.
    /// - Returns: what it breaks by itself.
    mutating func add(_ event: RunEvent) -> [String] {
        var broken: [String] = []
        switch event {
        case .stepIntended(let id, let attempt, _):
            intended[id] = attempt
            if failedForGood.contains(id) { broken.append("I10: \(id) has used up its tries and is tried again") }
            if let step = steps[id]?.step, let words = noteIntent(step) { broken.append(words) }
        case .stepDone(let id, _, _):
            forget(id)
            if let step = steps[id]?.step { noteDone(step) }
        case .stepFailed(let id, _, let failure):
            // What may not begin outside of its window has not failed, and this line alone does not tell it from what was refused.
            if failure.code == .refused, let step = steps[id]?.step, bound.contains(step.resource) {
                struck.insert(step.resource)
                struckByChange.insert(step.resource)
                break
            }
            failures[id, default: 0] += 1
            let count = failures[id] ?? 0
            if count > max(1, limits.attempts) {
                broken.append("I10: \(id) has failed \(count) times, the plan allows \(limits.attempts)")
            }
            noteFailure(of: id, isForGood: !failure.code.isRetryable || count >= max(1, limits.attempts))
        case .paused: isPaused = true
        case .resumed:
            isPaused = false
            renewals += 1
        case .retried:
            renewals += 1
            failures = [:]
            failedForGood = []
            unfit = []
        case .abortRequested: isStopping = true
        case .rollbackRequested(let person, let reason):
            if person == nil, !mayGoBackByItself {
                broken.append(
                    "I10: the run goes back by itself (\(reason)), and of what it has changed only "
                        + "\(struckByChange.sorted()) failed")
            }
            (isStopping, isRollingBack) = (true, true)
        case .quarantined(let entry): quarantined.insert(entry.resource)
        case .failedRetried(let resources, _):
            renewals += 1
            unfit.subtract(resources)
            triedAgain.formUnion(resources)
            for id in Array(failures.keys) where isAbout(resources, id) { forget(id) }
        case .partRollbackRequested(let resources, _, _):
            takenBack.formUnion(resources)
            // A watch over some of them begins anew.
            for id in Array(failures.keys) where steps[id]?.step.action.judged != nil && isAbout(resources, id) {
                forget(id)
            }
        case .started: for step in steps.values where taken.contains(step.step.resource) { takeOver(step) }
        case .claimed: isHandingOver = false
        case .handOverRequested: isHandingOver = true
        case .gateAnswered(let id, _, let verdict, _): if verdict == .fail { noteFailure(of: id, isForGood: true) }
        case .stepSkipped, .superseded, .awaitingHuman, .ended: break
        }
        switch event {
        case .stepIntended, .stepDone, .stepFailed: break
        default: linesAboutNoStep += 1
        }
        return broken
    }

    private mutating func noteFailure(of id: StepID, isForGood: Bool) {
        guard let (step, isRollback) = steps[id].map({ ($0.step, $0.isRollback) }) else { return }
        if isForGood { failedForGood.insert(id) }
        // Who serves does not fail by a snapshot that could not be removed.
        if case .discardSnapshot = step.action { return }
        let affected = (step.action.judged ?? []) + [step.resource]
        struck.formUnion(affected)
        if step.leg == nil { struckByChange.formUnion(affected) }
        if isForGood, step.action.judged != nil || step.isOfTraffic { hasFailedWatch = true }
        guard isForGood, !isRollback, step.availability != .takesOut else { return }
        if step.action.judged != nil { return }
        // Nothing was changed on who is only restarted to be compared with: that is no failure of the patch.
        if step.leg == .control {
            unfit.insert(step.resource)
            return
        }
        // What goes back by a person's word is not sent back by its own failure.
        if takenBack.contains(step.resource), !isStopping { return }
        failed.insert(step.resource)
    }

    /// Of one of them, or a watch over one of them.
    private func isAbout(_ resources: [ResourceID], _ id: StepID) -> Bool {
        guard let step = steps[id]?.step else { return false }
        return resources.contains(step.resource) || step.action.judged?.contains(where: resources.contains) ?? false
    }

    /// Whether so much has failed, at the most, that a run goes back without being asked to.
    private var mayGoBackByItself: Bool {
        hasFailedWatch || struckByChange.count > limits.failureBudget || !watched.isDisjoint(with: struckByChange)
    }

    /// - Returns: what it breaks by itself.
    private mutating func noteIntent(_ step: Step) -> String? {
        if step.availability == .takesOut {
            if step.leg == .control, !isOut(step.resource) { isStartedAnew.remove(step.resource) }
            out[step.resource, default: []].insert(step.id)
        }
        guard step.leg == .control, restarted.contains(step.resource) else { return nil }
        return "I1: \(step.id) once more, though \(step.resource) is back from its restart"
    }

    private mutating func noteDone(_ step: Step) {
        if case .bake(_, let resources, _, _) = step.action, !canaries.isDisjoint(with: resources + [step.resource]) {
            hasWatched = true
        }
        if step.leg == .control, step.changesTheHost { isStartedAnew.insert(step.resource) }
        guard step.availability == .bringsBack else { return }
        bringBack(by: step)
        guard step.leg == .control, !isOut(step.resource) else { return }
        // Put back before it was restarted, it is taken out for that once more.
        if isStartedAnew.contains(step.resource) { restarted.insert(step.resource) }
    }

    private mutating func takeOver(_ planned: PlannedStep) {
        guard !planned.isRollback, planned.step.availability == .takesOut else { return }
        out[planned.step.resource, default: []].insert(planned.step.id)
    }

    /// What begins anew after a return counts anew.
    private mutating func bringBack(by step: Step) {
        let binding = DisasterWorld.traffic(of: step)
        out[step.resource] = (out[step.resource] ?? []).filter { id in
            steps[id].map { DisasterWorld.traffic(of: $0.step) != binding } ?? false
        }
        guard !isOut(step.resource) else { return }
        for id in Array(failures.keys) where steps[id]?.step.resource == step.resource { forget(id) }
    }

    private mutating func forget(_ id: StepID) {
        failures[id] = nil
        failedForGood.remove(id)
    }
}
