import FettleModel

/// I4: every disruptive step, with its resource's way back, ends inside the window if each step takes its 95% estimate.
struct WindowCheck {
    let plan: Plan
    let forward: StepGraph

    func violations() -> ([Violation], CheckReport.Method) {
        guard let window = plan.windows.first else { return ([], .exact) }
        let length = Int((window.closesAt.milliseconds - window.opensAt.milliseconds) / 1000)
        guard length > 0 else {
            return ([Violation(.time, "the window closes before it opens", steps: [])], .exact)
        }
        let finish = latestFinish()
        let method: CheckReport.Method = plan.steps.count <= plan.limits.parallelSteps ? .exact : .bound
        let wayBack = Dictionary(grouping: plan.rollback, by: \.resource)
            .mapValues { steps in steps.reduce(0) { $0 + $1.estimate.p95Seconds } }
        for (position, step) in plan.steps.enumerated() where step.availability != .none {
            let end = finish[position] + (wayBack[step.resource] ?? 0)
            if end > length {
                return (
                    [
                        Violation(
                            .time,
                            "\(step.id) and its way back may need until \(end) s after the window opens, "
                                + "and it closes after \(length) s",
                            steps: [step.id])
                    ], method
                )
            }
        }
        return ([], method)
    }

    /// When each step has ended at the latest, in seconds after the start: its longest path, and where steps may have to queue
    /// for one of the `parallelSteps` places, Graham's bound (1966) on any greedy schedule of what can come before it.
    private func latestFinish() -> [Int] {
        var path = [Int](repeating: 0, count: plan.steps.count)
        let work = plan.steps.reduce(0) { $0 + $1.estimate.p95Seconds }
        let places = max(1, plan.limits.parallelSteps)
        return plan.steps.enumerated().map { position, step in
            let before = step.after.compactMap { forward.index[$0] }.map { path[$0] }.max() ?? 0
            path[position] = before + step.estimate.p95Seconds
            guard plan.steps.count > places else { return path[position] }
            return path[position] + work / places
        }
    }
}
