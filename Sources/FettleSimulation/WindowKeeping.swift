import FettleModel

/// Reads off a play's journal which of the plan's windows were kept.
struct WindowKeeping: Sendable {
    let windows: [TimeWindow]
    /// How many targets each window has.
    let targets: [Int]
    /// The window of each step that takes a host out, keeps it out or brings it back, forward or back.
    private let bound: [StepID: Int]
    /// The last forward step that brings a host back.
    private let ends: Set<StepID>
    private let endsInWindow: [Int]

    init(_ plan: Plan) {
        windows = plan.windows
        var places: [ResourceID: Int] = [:]
        var targets = plan.windows.map { _ in 0 }
        for target in plan.targets {
            guard let window = target.window, plan.windows.indices.contains(window), places[target.resource] == nil
            else { continue }
            places[target.resource] = window
            targets[window] += 1
        }
        self.targets = targets
        var bound: [StepID: Int] = [:]
        var last: [ResourceID: StepID] = [:]
        for step in plan.steps + plan.rollback where step.availability != .none {
            bound[step.id] = places[step.resource]
        }
        for step in plan.steps where step.availability == .bringsBack { last[step.resource] = step.id }
        self.bound = bound
        ends = Set(last.values)
        var count = plan.windows.map { _ in 0 }
        for resource in last.keys { if let window = places[resource] { count[window] += 1 } }
        endsInWindow = count
    }

    func windowsKept(in result: RehearsalResult) -> [Int] {
        guard !windows.isEmpty else { return [] }
        var isKept = windows.map { _ in true }
        var ended = windows.map { _ in 0 }
        for record in result.journal {
            switch record.event {
            case .stepIntended(let step, _, _), .stepFailed(let step, _, _):
                note(step, at: record.at, &isKept)
            case .stepDone(let step, _, _):
                note(step, at: record.at, &isKept)
                if ends.contains(step), let window = bound[step] { ended[window] += 1 }
            default: break
            }
        }
        // Of a run that has ended nothing is left to do, whichever way it went.
        return windows.indices.filter { window in
            isKept[window] && (result.outcome != nil || ended[window] >= endsInWindow[window])
        }
    }

    private func note(_ step: StepID, at time: Timestamp, _ isKept: inout [Bool]) {
        guard let window = bound[step] else { return }
        if time < windows[window].opensAt || time > windows[window].closesAt { isKept[window] = false }
    }
}
