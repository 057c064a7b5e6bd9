public import FettleModel

/// When each step of a plan would begin and end, read off the plan alone: a plan from a file has no report.
public struct PlanTimeline: Sendable, Equatable {
    /// In the plan's order of steps, in seconds after `start`, if every step takes its median.
    public var begins: [Int]
    public var ends: [Int]
    /// How long the whole takes with every step at its median, and with every step at its 95% figure.
    public var total: DurationEstimate
    /// The moment of second 0: when the first window opens, or when the plan was made if that is later; nil: nobody is bound to a time.
    public var start: Timestamp?

    /// A plan from a file may say anything: estimates are taken from 0 to ten days, unknown names are passed over, and steps that
    /// wait for each other in a circle stand at second 0.
    public init(_ plan: Plan) {
        let steps = Self.plain(plan.steps)
        var line: [ResourceID: Int] = [:]
        for step in steps where line[step.resource] == nil { line[step.resource] = line.count }
        let orders = plan.order.map { order in
            OrderPass.PlacedOrder(
                reason: "", turns: order.turns.map { $0.compactMap { line[$0] } }.filter { !$0.isEmpty })
        }
        let graph = TimeGraph(steps, orders, line: line)
        start = plan.windows.first.map { max($0.opensAt, plan.createdAt) }
        let opening = Self.opening(plan, start)
        let parallel = plan.limits.parallelSteps
        let median = Schedule(steps, graph, parallelSteps: parallel, opening: opening) { $0.medianSeconds }
        let slow = Schedule(steps, graph, parallelSteps: parallel, opening: opening) { $0.p95Seconds }
        begins = median.begins
        ends = median.ends
        total = DurationEstimate(medianSeconds: median.total, p95Seconds: slow.total)
    }

    private static func plain(_ steps: [Step]) -> [Step] {
        var places: [StepID: Int] = [:]
        for (place, step) in steps.enumerated() where places[step.id] == nil { places[step.id] = place }
        return steps.enumerated().map { place, step in
            var step = step
            if !step.after.allSatisfy({ (places[$0] ?? .max) < place }) {
                step.after = step.after.filter { (places[$0] ?? .max) < place }
            }
            step.estimate.medianSeconds = min(max(0, step.estimate.medianSeconds), 864_000)
            step.estimate.p95Seconds = min(max(0, step.estimate.p95Seconds), 864_000)
            return step
        }
    }

    /// For each step, when its window opens, in seconds after the first one does.
    private static func opening(_ plan: Plan, _ start: Timestamp?) -> [Int]? {
        guard let start else { return nil }
        var opens: [ResourceID: Int] = [:]
        for target in plan.targets {
            guard let window = target.window, plan.windows.indices.contains(window) else { continue }
            let seconds = plan.windows[window].opensAt.seconds(since: start)
            opens[target.resource] = Int(min(max(0, seconds), 1e9))
        }
        return plan.steps.map { $0.availability == .takesOut ? opens[$0.resource] ?? 0 : 0 }
    }
}
