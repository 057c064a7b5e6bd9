import FettleModel

/// Whether the steps are well formed; on the way they are made into tables of numbers.
///
/// Nearly every step waits for one of its own resource's, which are few and looked through one by one; only what crosses
/// resources is looked up among all names.
struct StepFormCheck {
    let targets: TargetIndex
    let groups: Set<GroupID>
    private var names: StepNames
    private let forwardCount: Int
    /// Names that no step before had: who waits, and for what.
    private var open: [(position: Int, name: StepID)] = []

    /// A year: so many seconds of so many steps still add up without overflow.
    static let longestSeconds = 31_536_000
    /// Of one way.
    static let mostSteps = 4_000_000

    init(_ plan: Plan, _ targets: TargetIndex) {
        self.targets = targets
        groups = Set(plan.groups.map(\.id))
        names = StepNames(plan)
        forwardCount = plan.steps.count
    }

    /// The table of one way; the way forward has to come first. It is whole only if nothing was found.
    mutating func table(
        _ steps: [Step], isRollback: Bool, _ found: inout ViolationList, counting work: inout CheckWork
    ) -> StepTable {
        var draft = StepTableDraft(steps, isRollback: isRollback)
        let base = isRollback ? forwardCount : 0
        var latest = [Int32](repeating: -1, count: targets.count)
        var previous = [Int32](repeating: -1, count: steps.count)
        var known = KnownNames()
        for position in steps.indices {
            let target = known.target(of: steps[position].resource, in: targets)
            var link = 0
            if let target {
                let before = latest[target]
                previous[position] = before
                latest[target] = Int32(truncatingIfNeeded: position)
                if before >= 0 { link = Int(draft.links[Int(before)]) + 1 }
            }
            if link == StepTable.longestChain {
                found.add(
                    .form,
                    "\(steps[position].resource) has more than \(StepTable.longestChain) steps on one way",
                    steps: [steps[position].id])
            }
            let traits = StepTraits(
                steps[position].action, steps[position].availability, steps[position].rollbackClass,
                steps[position].leg)
            draft.append(target: target ?? -1, traits: traits, link: min(link, StepTable.longestChain - 1))
            judge(steps, position, traits, isTarget: target != nil, &known, &found)
            if isRollback, traits.contains(.isOfControl) { tellControlBack(steps[position], &found) }
            judgeName(steps[position].id, at: position, base: base, &found, &work)
            for name in steps[position].awaited {
                let earlier = resolve(name, of: position, previous, draft, base: base, &work)
                guard let earlier else {
                    open.append((position, name))
                    continue
                }
                judgeCrossing(position, earlier, draft, &found)
                draft.appendWait(for: earlier)
            }
            draft.closeWaits()
        }
        tellOpen(steps, base: base, &found, &work)
        return StepTable(draft, targets: targets.count, isWhole: found.isEmpty)
    }

    private mutating func judgeName(
        _ id: StepID, at position: Int, base: Int, _ found: inout ViolationList, _ work: inout CheckWork
    ) {
        guard let other = names.insert(id, at: base + position, comparing: &work.namesCompared) else { return }
        let isAcross = other < forwardCount && base > 0
        found.add(
            .form, isAcross ? "\(id) is both a step and a rollback step" : "two steps are named \(id)",
            steps: [id])
    }

    /// Where the step stands that another one waits for; nil if none before it has the name.
    private func resolve(
        _ name: StepID, of position: Int, _ previous: [Int32], _ draft: StepTableDraft, base: Int,
        _ work: inout CheckWork
    ) -> Int? {
        var own = Int(previous[position])
        while own >= 0 {
            work.namesCompared += 1
            if draft.steps[own].id == name { return own }
            own = Int(previous[own])
        }
        let other = names.position(of: name, comparing: &work.namesCompared)
        guard let other, other >= base, other < base + position else { return nil }
        return other - base
    }

    /// Which resource comes after which is told in the plan's order alone: one that only waits by name would meet the other if
    /// what it waits for dropped out.
    private func judgeCrossing(_ position: Int, _ earlier: Int, _ draft: StepTableDraft, _ found: inout ViolationList) {
        guard draft.targets[position] != draft.targets[earlier],
            draft.traits[position].union(draft.traits[earlier]).isDisjoint(with: .concernsSeveral)
        else { return }
        let (step, other) = (draft.steps[position], draft.steps[earlier])
        found.add(
            .form,
            "\(step.id) waits for \(other.id) of \(other.resource): which resource comes after which is told in the "
                + "plan's order", steps: [other.id, step.id])
    }

    private mutating func tellOpen(
        _ steps: [Step], base: Int, _ found: inout ViolationList, _ work: inout CheckWork
    ) {
        for (position, name) in open {
            let id = steps[position].id
            let other = names.position(of: name, comparing: &work.namesCompared)
            let why =
                switch other {
                case nil: "which does not exist"
                case .some(let other) where other < base: "which is a step of the way forward"
                default: "which does not stand before it, or they wait for each other"
                }
            found.add(.form, "\(id) waits for \(name), \(why)", steps: [id])
        }
        open = []
    }

    /// A step's fields are read where they are: a copy of a million steps takes longer than all else.
    private func judge(
        _ steps: [Step], _ position: Int, _ traits: StepTraits, isTarget: Bool, _ known: inout KnownNames,
        _ found: inout ViolationList
    ) {
        if !isTarget { tellNoTarget(steps[position], &found) }
        if let group = steps[position].group {
            if !known.contains(group, in: groups) { tellNoGroup(steps[position], group, &found) }
        } else if traits.contains(.bakes) {
            let id = steps[position].id
            found.add(.form, "\(id) holds no group back while it watches", steps: [id])
        }
        let (estimate, timeout) = (steps[position].estimate, steps[position].timeoutSeconds)
        let limit = 0...Self.longestSeconds
        if !limit.contains(estimate.medianSeconds) || !limit.contains(estimate.p95Seconds) || !limit.contains(timeout) {
            let id = steps[position].id
            found.add(.form, "\(id) must take from 0 to \(Self.longestSeconds) s", steps: [id])
        }
        if timeout < estimate.p95Seconds { tellTooShort(steps[position], &found) }
        if !traits.isHonest { tellDishonest(steps[position], &found) }
    }

    private func tellControlBack(_ step: Step, _ found: inout ViolationList) {
        found.add(.form, "\(step.id) restarts a control on the way back, where nobody is compared", steps: [step.id])
    }

    private func tellNoTarget(_ step: Step, _ found: inout ViolationList) {
        found.add(.form, "\(step.id) acts on \(step.resource), which is no target", steps: [step.id])
    }

    private func tellNoGroup(_ step: Step, _ group: GroupID, _ found: inout ViolationList) {
        found.add(.form, "\(step.id) is taken for group \(group), which does not exist", steps: [step.id])
    }

    private func tellTooShort(_ step: Step, _ found: inout ViolationList) {
        found.add(
            .form,
            "\(step.id) is given \(step.timeoutSeconds) s, less than its 95% estimate of "
                + "\(step.estimate.p95Seconds) s", steps: [step.id])
    }

    private func tellDishonest(_ step: Step, _ found: inout ViolationList) {
        found.add(
            .form, "\(step.id) is said to be '\(step.availability.rawValue)', which '\(step.action.name)' is not",
            steps: [step.id])
    }
}

/// What the step before asked for: steps of one resource and one group mostly stand together, and are looked up once.
private struct KnownNames {
    private var resource: ResourceID?
    private var target: Int?
    private var group: GroupID?

    mutating func target(of name: ResourceID, in targets: TargetIndex) -> Int? {
        if resource != name {
            resource = name
            target = targets.place(of: name)
        }
        return target
    }

    mutating func contains(_ name: GroupID, in groups: Set<GroupID>) -> Bool {
        if group == name { return true }
        guard groups.contains(name) else { return false }
        group = name
        return true
    }
}
