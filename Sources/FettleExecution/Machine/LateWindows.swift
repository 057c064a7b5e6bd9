import FettleModel

/// What becomes of a resource whose window closes when it was to be taken out and nothing has been changed on it yet (I4): after a
/// crash, an attempt that failed, a drain that lasted. It is put back unchanged, as for a pause, and stands before its window again.
extension RunMachine {
    /// So long before its window opens a resource is not put back for that: it opens while it would be.
    private static let shortWaitSeconds = 5

    /// One step of each such resource is given up: the one that was interrupted, or the next.
    func outsideWindow(at now: Timestamp) -> [RunEvent] {
        guard index.hasWindows, fold.isForward, !fold.out.isEmpty else { return [] }
        return inOrderOfName(Array(fold.out)).compactMap { resource in
            guard let window = index.windows[resource], isOutsideWindow(resource, at: now) else { return nil }
            if now < window.opensAt, now.adding(seconds: Self.shortWaitSeconds) >= window.opensAt { return nil }
            let steps = unsettledCore(of: resource)
            // What is being done is seen to its end first.
            if steps.contains(where: { fold[$0].open != nil && !isInterrupted($0) }) { return nil }
            guard let step = steps.first(where: { fold[$0].open != nil }) ?? steps.first else { return nil }
            let failure = StepFailure(
                code: .refused,
                message: "not begun outside of the window from \(window.opensAt) until \(window.closesAt) (I4)")
            let record = fold[step]
            return .stepFailed(
                step: index.name(of: step), attempt: record.open?.number ?? record.attempts + 1, failure: failure)
        }
    }

    /// Out, or to be out, and unchanged, at a time at which it may not begin to be changed.
    func isOutsideWindow(_ resource: ResourceNumber, at time: Timestamp) -> Bool {
        guard let window = index.windows[resource], fold.isForward, fold.isOut(resource),
            course(of: resource) == .forward, !wasBegun(resource)
        else { return false }
        if time < window.opensAt { return true }
        var ahead = unsettledCore(of: resource)
        // As long as nobody has seen it out it is as if it had not begun.
        if !isSeenOut(resource) { ahead += index.rollback(resource) }
        let seconds = ahead.reduce(0) { $0 + index.planned($1.number).estimate.p95Seconds }
        return time.adding(seconds: seconds) > window.closesAt
    }

    private func isSeenOut(_ resource: ResourceNumber) -> Bool {
        index.steps[resource].contains { fold[$0].holdsOut && fold[$0].wasDone }
    }

    /// Out, and seen so, or begun to be changed: it is to go on whatever the time is. Who was only meant to be taken out, by an executor
    /// that died, is not.
    func isUnderWay(_ resource: ResourceNumber) -> Bool {
        fold.isOut(resource) && (isSeenOut(resource) || wasBegun(resource))
    }
}
