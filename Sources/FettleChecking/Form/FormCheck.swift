import FettleModel

/// Whether a plan is well formed: without that no proof means anything.
struct FormCheck {
    let plan: Plan

    /// Windows of one plan: some for each day of a year.
    static let mostWindows = 1_000
    /// Names of members, or of carried resources, in all groups and targets together.
    static let mostNames = 16_000_000
    /// Targets that take one resource down with them, such as its hypervisor, its switches, its storage.
    static let mostCarriers = 64

    /// The tables are whole only if nothing was found.
    func tables(_ found: inout ViolationList, counting work: inout CheckWork) -> PlanTables? {
        if plan.schema != Plan.currentSchema {
            found.add(.form, "schema \(plan.schema) is not \(Plan.currentSchema)")
        }
        guard isOfBearableSize(&found) else { return nil }
        let targets = TargetIndex(plan.targets) { found.add(.form, "two targets are named \($0)") }
        var check = StepFormCheck(plan, targets)
        let forward = check.table(plan.steps, isRollback: false, &found, counting: &work)
        let rollback = check.table(plan.rollback, isRollback: true, &found, counting: &work)
        judgeTargets(&found)
        judgeGroups(&found)
        judgeBakes(forward, &found)
        judgeWindows(&found)
        if plan.limits.parallelSteps < 1 || plan.limits.attempts < 1 || plan.limits.failureBudget < 0 {
            found.add(.form, "limits must allow at least one step and one attempt, and no negative failure budget")
        }
        guard found.isEmpty else { return nil }
        return PlanTables(plan: plan, targets: targets, forward: forward, rollback: rollback)
    }

    /// Positions are kept in 32 bits.
    private func isOfBearableSize(_ found: inout ViolationList) -> Bool {
        var isBearable = true
        func limit(_ count: Int, _ most: Int, _ what: String) {
            guard count > most else { return }
            isBearable = false
            found.add(.form, "\(count) \(what) are more than the \(most) that can be proven at once")
        }
        limit(plan.steps.count, StepFormCheck.mostSteps, "steps")
        limit(plan.rollback.count, StepFormCheck.mostSteps, "rollback steps")
        limit(plan.targets.count, StepFormCheck.mostSteps, "targets")
        limit(plan.windows.count, Self.mostWindows, "windows")
        limit(plan.groups.reduce(0) { $0 + $1.members.count }, Self.mostNames, "members of groups")
        limit(plan.targets.reduce(0) { $0 + $1.carries.count }, Self.mostNames, "carried resources")
        limit(plan.targets.reduce(0) { $0 + ($1.interrupts?.count ?? 0) }, Self.mostNames, "interrupted machines")
        limit(
            (plan.apart ?? []).reduce(0) { $0 + 1 + $1.apartFrom.count }, Self.mostNames,
            "names of machines that run apart")
        limit(
            plan.order.reduce(0) { $0 + $1.turns.reduce($1.turns.count) { $0 + $1.count } }, Self.mostNames,
            "names in turns")
        limit(
            plan.steps.indices.reduce(0) { $0 + plan.steps[$1].awaited.count }, Self.mostNames,
            "names that steps wait for")
        limit(
            plan.rollback.indices.reduce(0) { $0 + plan.rollback[$1].awaited.count }, Self.mostNames,
            "names that rollback steps wait for")
        return isBearable
    }

    private func judgeTargets(_ found: inout ViolationList) {
        var carriers: [ResourceID: Int] = [:]
        for target in plan.targets {
            if let window = target.window, !plan.windows.indices.contains(window) {
                found.add(.form, "\(target.resource) has window \(window) of \(plan.windows.count), counted from 0")
            }
            guard !target.carries.isEmpty else { continue }
            if target.carries.contains(target.resource) { found.add(.form, "\(target.resource) carries itself") }
            if let twice = Self.firstRepeated(target.carries) {
                found.add(.form, "\(target.resource) carries \(twice) twice")
            }
            for resource in target.carries {
                let count = (carriers[resource] ?? 0) + 1
                carriers[resource] = count
                if count == Self.mostCarriers + 1 {
                    found.add(.form, "\(resource) is carried by more than \(Self.mostCarriers) targets")
                }
            }
        }
    }

    private func judgeGroups(_ found: inout ViolationList) {
        var seen: Set<GroupID> = []
        for group in plan.groups {
            if !seen.insert(group.id).inserted { found.add(.form, "two groups are named \(group.id)") }
            if let twice = Self.firstRepeated(group.members) {
                found.add(.form, "group \(group.id) names a member twice: \(twice)")
            }
            if group.minimumAvailable > group.members.count || group.minimumAvailable < 0 {
                found.add(
                    .form, "group \(group.id) needs \(group.minimumAvailable) of \(group.members.count) members")
            }
        }
    }

    private func judgeBakes(_ forward: StepTable, _ found: inout ViolationList) {
        var bakes: [GroupID: Int] = [:]
        for position in forward.traits.indices where forward.traits[position].contains(.bakes) {
            guard let group = forward.steps[position].group else { continue }
            let count = (bakes[group] ?? 0) + 1
            bakes[group] = count
            guard count == BakeCheck.mostOfOneGroup + 1 else { continue }
            found.add(
                .form, "more than \(BakeCheck.mostOfOneGroup) bakes hold group \(group) back",
                steps: [forward.id(position)])
        }
    }

    private func judgeWindows(_ found: inout ViolationList) {
        for (place, window) in plan.windows.enumerated() {
            let (length, isTooLong) = window.closesAt.milliseconds.subtractingReportingOverflow(
                window.opensAt.milliseconds)
            if isTooLong || length > Int64(StepFormCheck.longestSeconds) * 1000 {
                found.add(.form, "window \(place) is longer than \(StepFormCheck.longestSeconds) s")
            } else if length <= 0 {
                found.add(.form, "window \(place) closes before it opens")
            }
            guard place > 0 else { continue }
            let before = plan.windows[place - 1]
            if (before.opensAt, before.closesAt) >= (window.opensAt, window.closesAt) {
                found.add(.form, "window \(place) opens before window \(place - 1), or is the same")
            }
        }
    }

    /// What is sorted, as it should be, is looked through without a set.
    private static func firstRepeated(_ names: [ResourceID]) -> ResourceID? {
        var isSorted = true
        for place in names.indices.dropFirst() where names[place - 1] >= names[place] {
            isSorted = false
            break
        }
        if isSorted { return nil }
        var seen: Set<ResourceID> = []
        return names.first { !seen.insert($0).inserted }
    }
}
