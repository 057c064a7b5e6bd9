import FettleModel

/// Plays the way forward as some greedy executor would: whenever a place is free and a step may start, one starts, and nobody knows
/// which. Steps take at most their 95% estimate. Quadratic and simple, for small plans.
struct GreedyRun {
    private let plan: Plan
    private let window: [ResourceID: Int]
    /// For each step the positions of those that have to be over before.
    private let earlier: [[Int]]

    init(_ plan: Plan) {
        self.plan = plan
        window = Dictionary(
            plan.targets.compactMap { target in target.window.map { (target.resource, $0) } },
            uniquingKeysWith: { first, _ in first })
        let steps = plan.steps
        earlier = steps.map { step in
            var names = Set(step.after)
            let isFirst = steps.first { $0.resource == step.resource && $0.availability == .takesOut }?.id == step.id
            for order in plan.order where isFirst {
                guard let turn = order.turns.firstIndex(where: { $0.contains(step.resource) }) else { continue }
                let others = Set(order.turns[..<turn].joined())
                for other in steps where others.contains(other.resource) && other.availability == .bringsBack {
                    names.insert(other.id)
                }
            }
            return steps.indices.filter { names.contains(steps[$0].id) }
        }
    }

    /// For each resource, when its last disruptive step and its way back have ended, in milliseconds.
    /// - Parameter isFullLength: every step takes its whole estimate.
    func ends(_ random: inout SplitMix, isFullLength: Bool) -> [ResourceID: Int64] {
        var now = plan.windows.first?.opensAt.milliseconds ?? 0
        var end = [Int64?](repeating: nil, count: plan.steps.count)
        var running: Set<Int> = []
        while end.contains(where: { $0 == nil }) || !running.isEmpty {
            running = running.filter { (end[$0] ?? 0) > now }
            var ready = plan.steps.indices.filter { step in
                end[step] == nil && opening(of: step) <= now
                    && earlier[step].allSatisfy { (end[$0] ?? .max) <= now }
            }
            ready.shuffle(using: &random)
            for step in ready.prefix(plan.limits.parallelSteps - running.count) {
                let longest = plan.steps[step].estimate.p95Seconds
                let seconds = isFullLength ? longest : Int(random.next() % UInt64(longest + 1))
                end[step] = now + Int64(seconds) * 1000
                running.insert(step)
            }
            let openings = plan.steps.indices.filter { end[$0] == nil }.map(opening).filter { $0 > now }
            let next = (running.compactMap { end[$0] }.filter { $0 > now } + openings).min()
            let isStuck = running.allSatisfy { (end[$0] ?? 0) <= now } && ready.isEmpty
            guard let next else {
                if isStuck { break }
                continue
            }
            // Steps of no length end at once, and others may start in the same moment.
            if running.allSatisfy({ (end[$0] ?? 0) > now }) { now = next }
        }
        return ends(end)
    }

    private func ends(_ end: [Int64?]) -> [ResourceID: Int64] {
        var result: [ResourceID: Int64] = [:]
        for (place, step) in plan.steps.enumerated() where step.availability != .none {
            result[step.resource] = max(result[step.resource] ?? .min, end[place] ?? .max)
        }
        for step in plan.rollback where result[step.resource] != nil {
            result[step.resource, default: 0] += Int64(step.estimate.p95Seconds) * 1000
        }
        return result
    }

    /// A disruptive step waits for its window, and what only prepares for it until earlier windows have closed.
    private func opening(of step: Int) -> Int64 {
        guard let own = window[plan.steps[step].resource] else { return .min }
        if case .bake = plan.steps[step].action { return .min }
        let opensAt = plan.windows[own].opensAt
        if plan.steps[step].availability != .none { return opensAt.milliseconds }
        return plan.windows.filter { $0.closesAt <= opensAt }.map(\.closesAt.milliseconds).max() ?? .min
    }
}
