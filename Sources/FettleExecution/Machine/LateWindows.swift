import FettleModel

/// What becomes of a resource whose window closes when it was to be taken out and nothing has been changed on it yet (I4): after a
/// crash, an attempt that failed, a drain that lasted. It is put back unchanged, as for a pause, and stands before its window again.
extension RunMachine {
    /// So long before its window opens a resource is not put back for that: it opens while it would be.
    private static let shortWaitSeconds = 5

    /// One step of each such resource is given up: the one that was interrupted, or the next.
    func outsideWindow(at now: Timestamp) -> [RunEvent] {
        guard !index.windows.isEmpty, fold.mode == .forward, !fold.out.isEmpty else { return [] }
        return fold.out.keys.sorted().compactMap { resource in
            guard let window = index.windows[resource], isOutsideWindow(resource, at: now) else { return nil }
            if now < window.opensAt, now.adding(seconds: Self.shortWaitSeconds) >= window.opensAt { return nil }
            let steps = unsettledCore(of: resource)
            // What is being done is seen to its end first.
            if steps.contains(where: { fold.open.contains($0.id) && !isInterrupted($0) }) { return nil }
            guard let step = steps.first(where: { fold.open.contains($0.id) }) ?? steps.first else { return nil }
            let failure = StepFailure(
                code: .refused,
                message: "not begun outside of the window from \(window.opensAt) until \(window.closesAt) (I4)")
            let record = fold[step.id]
            return .stepFailed(step: step.id, attempt: record.open?.number ?? record.attempts + 1, failure: failure)
        }
    }

    /// Out, or to be out, and unchanged, at a time at which it may not begin to be changed.
    func isOutsideWindow(_ resource: ResourceID, at time: Timestamp) -> Bool {
        guard let window = index.windows[resource], fold.mode == .forward, fold.isOut(resource),
            course(of: resource) == .forward, !wasBegun(resource)
        else { return false }
        if time < window.opensAt { return true }
        var ahead = unsettledCore(of: resource)
        // As long as nobody has seen it out it is as if it had not begun.
        if !(fold.out[resource] ?? []).contains(where: { fold[$0].wasDone }) { ahead += index.rollback[resource] ?? [] }
        return time.adding(seconds: ahead.reduce(0) { $0 + $1.estimate.p95Seconds }) > window.closesAt
    }

    private func unsettledCore(of resource: ResourceID) -> [Step] {
        (index.forward[resource] ?? []).filter { $0.isCore && !fold[$0.id].isSettled }
    }
}
