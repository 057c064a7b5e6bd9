import FettleModel

/// Whether a plan is well formed: without that no proof means anything.
struct FormCheck {
    let plan: Plan

    /// A year: so many seconds of so many steps still add up without overflow.
    static let longestSeconds = 31_536_000

    func violations() -> [Violation] {
        var found: [Violation] = []
        if plan.schema != Plan.currentSchema {
            found.append(Violation(.form, "schema \(plan.schema) is not \(Plan.currentSchema)", steps: []))
        }
        found += listViolations(plan.steps, name: "steps")
        found += listViolations(plan.rollback, name: "rollback")
        let forward = Set(plan.steps.map(\.id))
        for step in plan.rollback where forward.contains(step.id) {
            found.append(Violation(.form, "\(step.id) is both a step and a rollback step", steps: [step.id]))
        }
        found += EffectCheck(steps: plan.steps + plan.rollback).violations()
        found += groupViolations()
        found += windowViolations()
        if plan.limits.parallelSteps < 1 || plan.limits.attempts < 1 || plan.limits.failureBudget < 0 {
            found.append(
                Violation(
                    .form, "limits must allow at least one step and one attempt, and no negative failure budget",
                    steps: []))
        }
        return found
    }

    private func listViolations(_ steps: [Step], name: String) -> [Violation] {
        var found: [Violation] = []
        if steps.count > StepGraph.largest {
            found.append(
                Violation(
                    .form, "\(steps.count) \(name) are more than the \(StepGraph.largest) that can be proven at once",
                    steps: []))
            return found
        }
        let targets = Set(plan.targets.map(\.resource))
        let all = Set(steps.map(\.id))
        var seen: Set<StepID> = []
        for step in steps {
            for name in step.after where !seen.contains(name) {
                let why =
                    all.contains(name) ? "does not stand before it, or they wait for each other" : "does not exist"
                found.append(Violation(.form, "\(step.id) waits for \(name), which \(why)", steps: [step.id]))
            }
            if !seen.insert(step.id).inserted {
                found.append(Violation(.form, "two \(name) are named \(step.id)", steps: [step.id]))
            }
            if !targets.contains(step.resource) {
                found.append(
                    Violation(.form, "\(step.id) acts on \(step.resource), which is no target", steps: [step.id]))
            }
            found += groupViolations(of: step)
            let seconds = [step.estimate.medianSeconds, step.estimate.p95Seconds, step.timeoutSeconds]
            if !seconds.allSatisfy((0...Self.longestSeconds).contains) {
                found.append(
                    Violation(
                        .form, "\(step.id) must take from 0 to \(Self.longestSeconds) s", steps: [step.id]))
            }
            if step.timeoutSeconds < step.estimate.p95Seconds {
                found.append(
                    Violation(
                        .form,
                        "\(step.id) is given \(step.timeoutSeconds) s, less than its 95% estimate of "
                            + "\(step.estimate.p95Seconds) s",
                        steps: [step.id]))
            }
        }
        return found
    }

    private func groupViolations(of step: Step) -> [Violation] {
        if let group = step.group, plan.group(group) == nil {
            return [Violation(.form, "\(step.id) is taken for group \(group), which does not exist", steps: [step.id])]
        }
        if case .bake = step.action, step.group == nil {
            return [Violation(.form, "\(step.id) holds no group back while it watches", steps: [step.id])]
        }
        return []
    }

    private func windowViolations() -> [Violation] {
        guard let window = plan.windows.first else { return [] }
        let (length, isTooLong) = window.closesAt.milliseconds.subtractingReportingOverflow(
            window.opensAt.milliseconds)
        guard isTooLong || length > Int64(Self.longestSeconds) * 1000 else { return [] }
        return [Violation(.form, "the window is longer than \(Self.longestSeconds) s", steps: [])]
    }

    private func groupViolations() -> [Violation] {
        var seen: Set<GroupID> = []
        return plan.groups.flatMap { group -> [Violation] in
            var found: [Violation] = []
            if !seen.insert(group.id).inserted {
                found.append(Violation(.form, "two groups are named \(group.id)", steps: []))
            }
            if Set(group.members).count != group.members.count {
                found.append(Violation(.form, "group \(group.id) names a member twice", steps: []))
            }
            if group.minimumAvailable > group.members.count || group.minimumAvailable < 0 {
                found.append(
                    Violation(
                        .form,
                        "group \(group.id) needs \(group.minimumAvailable) of \(group.members.count) members",
                        steps: []))
            }
            return found
        }
    }
}
