import FettleModel

/// Whether a plan is well formed: without that no proof means anything.
struct FormCheck {
    let plan: Plan

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
        found += groupViolations()
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

    private func groupViolations() -> [Violation] {
        plan.groups.flatMap { group -> [Violation] in
            var found: [Violation] = []
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
