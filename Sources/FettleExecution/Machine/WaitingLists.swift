import FettleModel

/// Which steps wait for which step of somebody else. Each waits for one at a time: the next that it finds missing.
///
/// Every step's waiting ones are a chain through one table, so that nothing is made or thrown away when one begins to wait.
struct WaitingLists: Sendable {
    private var awaited: Table<Step, StepNumber?>
    private var first: Table<Step, StepNumber?>
    private var next: Table<Step, StepNumber?>

    init(steps: Int) {
        awaited = Table(repeating: nil, count: steps)
        first = awaited
        next = awaited
    }

    /// What it waited for before it waits for no longer.
    mutating func wait(_ step: StepNumber, for missing: StepNumber) {
        if let before = awaited[step] {
            if before == missing { return }
            remove(step, from: before)
        }
        awaited[step] = missing
        next[step] = first[missing]
        first[missing] = step
    }

    /// - Returns: one of those that wait for the step, which then waits no longer; nil if nobody does.
    mutating func takeOne(waitingFor step: StepNumber) -> StepNumber? {
        guard let one = first[step] else { return nil }
        first[step] = next[one]
        awaited[one] = nil
        return one
    }

    private mutating func remove(_ step: StepNumber, from missing: StepNumber) {
        if first[missing] == step {
            first[missing] = next[step]
            return
        }
        var before = first[missing]
        while let one = before, next[one] != step { before = next[one] }
        if let before { next[before] = next[step] }
    }
}
