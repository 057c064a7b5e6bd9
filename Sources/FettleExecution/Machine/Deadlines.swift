import FettleModel

extension RunMachine {
    /// When the step may be tried again, by its own clock; nil if now.
    func waitsUntil(_ step: IndexedStep, at now: Timestamp) -> Int64? {
        let clock = clock(of: step, at: now)
        var until: Int64?
        if let waiting = waiting(of: step), waiting.nextTry > clock { until = waiting.nextTry }
        let record = fold[step]
        if record.hasFailed, record.failures > 0, record.open == nil, let failedAt = record.failedAt {
            let from = pauses(step) ? record.failedAtProgress : failedAt.milliseconds
            let due = from + Int64(pace.backOff(after: record.failures)) * 1000
            if due > clock { until = max(until ?? due, due) }
        }
        if let opens = windowOpens(for: step, at: now) ?? preparationOpens(for: step, at: now) {
            until = max(until ?? opens, opens)
        }
        return until
    }

    /// When something becomes due by time alone; nil if nothing does.
    func wakeTime(at now: Timestamp) -> Timestamp? {
        var earliest: Int64?
        func consider(_ due: Int64, of step: IndexedStep) {
            // Clocks that stand still have no due time, and a window that is too short doesn't grow.
            if due == .max { return }
            if fold.isPaused && pauses(step) { return }
            let behind = now.milliseconds - clock(of: step, at: now)
            earliest = min(earliest ?? .max, max(due + behind, now.milliseconds + 1))
        }
        if fold.awaitsPerson { return nil }
        func consider(_ number: StepNumber) {
            let step = index.step(number)
            guard activities[number] == nil else { return }
            if let due = waitsUntil(step, at: now) { consider(due, of: step) }
            if let waiting = waiting(of: step), waiting.cause == .blocked {
                consider(waiting.since + Int64(step.timeoutSeconds) * 1000, of: step)
            }
        }
        for number in agenda.timed { consider(number) }
        for number in waiting.keys where agenda.startable.contains(number) && !agenda.timed.contains(number) {
            consider(number)
        }
        return earliest.map { Timestamp(milliseconds: $0) }
    }

    /// A step that was blocked until its deadline has failed.
    func blockedTooLong(at now: Timestamp) -> [RunEvent] {
        guard !waiting.isEmpty else { return [] }
        let overdue = waiting.keys.filter { number in
            let step = index.step(number)
            guard let waiting = waiting(of: step), waiting.cause == .blocked, activities[number] == nil else {
                return false
            }
            guard isInterrupted(step) || (isWanted(step) && fold[step].open == nil) else { return false }
            return clock(of: step, at: now) - waiting.since >= Int64(step.timeoutSeconds) * 1000
        }
        return inOrderOfName(overdue).map { number in
            let (step, record) = (index.planned(number), fold[number])
            let reason = waiting[number]?.reason ?? "no reason was given"
            let failure =
                step.takesItsHostDown && isInterrupted(index.step(number))
                ? StepFailure(code: .unreachable, message: "not back after \(step.timeoutSeconds) s: \(reason)")
                : StepFailure(code: .locked, message: "blocked for \(step.timeoutSeconds) s: \(reason)")
            return .stepFailed(
                step: step.id, attempt: record.open?.number ?? record.attempts + 1, failure: failure)
        }
    }

    /// A step that could be begun but for what stands in its way.
    struct Wait: Hashable, Sendable {
        var step: StepID
        var reason: String
    }

    /// What is waited for for so long; sorted. Not what a person takes time for, and not a window.
    func waits(longerThan seconds: Int, at now: Timestamp) -> [Wait] {
        if waiting.isEmpty || fold.isPaused { return [] }
        let long = waiting.keys.filter { number in
            guard let wait = waiting[number], wait.cause == .blocked || wait.cause == .refused else { return false }
            let step = index.step(number)
            return isWanted(step) && clock(of: step, at: now) - wait.since >= Int64(seconds) * 1_000
        }
        return inOrderOfName(long).map { Wait(step: index.name(of: $0), reason: waiting[$0]?.reason ?? "") }
    }

    /// Refused for longer than the step's deadline, while nothing else in the run came on.
    func isRefusedTooLong(_ step: IndexedStep, at now: Timestamp) -> Bool {
        guard let waiting = waiting(of: step) else { return false }
        switch waiting.cause {
        case .blocked, .heldUp: return false
        case .window: return true
        case .refused:
            let quiet = now.milliseconds - (progressedAt ?? now).milliseconds
            let waited = min(clock(of: step, at: now) - waiting.since, quiet)
            return waited >= Int64(step.timeoutSeconds) * 1000
        }
    }

    /// When the resource's window opens, by the step's own clock, for a disruptive step that is reached too early; nil if it may
    /// start by the window (I4). Who is out and unchanged just before it, by a clock that was put right, waits for it as well.
    func windowOpens(for step: IndexedStep, at now: Timestamp) -> Int64? {
        guard let window = index.windows[step.resource], now < window.opensAt else { return nil }
        guard isBoundToWindow(step) || step.isCore && isOutsideWindow(step.resource, at: now) else { return nil }
        let behind = now.milliseconds - clock(of: step, at: now)
        let (opens, isBeforeAllTime) = window.opensAt.milliseconds.subtractingReportingOverflow(behind)
        return isBeforeAllTime ? .min : opens
    }

    /// When a step that only prepares may start; nil: now. As long as an earlier window than its resource's is open, all places belong
    /// to those that are worked on in it: the proof that they end in time counts on that (I4).
    private func preparationOpens(for step: IndexedStep, at now: Timestamp) -> Int64? {
        guard step.availability == .none, !step.isBake, let own = index.windows[step.resource] else { return nil }
        let earlier = index.plan.windows.filter { $0.opensAt <= now && now < $0.closesAt && $0.closesAt <= own.opensAt }
        guard let closes = earlier.map(\.closesAt).max() else { return nil }
        let (until, isBeforeAllTime) = closes.milliseconds.subtractingReportingOverflow(
            now.milliseconds - clock(of: step, at: now))
        return isBeforeAllTime ? .min : until
    }

    /// Why the window is too short for the step together with what must follow it; nil if it isn't (I4).
    func windowRefusal(for step: IndexedStep, at now: Timestamp) -> String? {
        guard let window = index.windows[step.resource], isBoundToWindow(step) else { return nil }
        let needed = (unsettledCore(of: step.resource) + index.rollback(step.resource)).reduce(0) {
            $0 + index.planned($1.number).estimate.p95Seconds
        }
        guard now.adding(seconds: needed) > window.closesAt else { return nil }
        return
            "the window closes at \(window.closesAt), and \(index.name(of: step)) needs \(needed) s with its way back (I4)"
    }

    /// The first step of the part that must not be left half done. What follows it is stopped only as long as nothing is changed
    /// (`outsideWindow`), a way back never.
    private func isBoundToWindow(_ step: IndexedStep) -> Bool {
        // Who is taken over is out already, and is not begun by this run for all that.
        let isTaken = !index.taken.isEmpty && index.taken[step.resource] != nil
        guard step.isCore, course(of: step.resource) == .forward, !fold.isOut(step.resource) || isTaken else {
            return false
        }
        return index.forward(step.resource).allSatisfy { other in
            let record = fold[other]
            return !other.isCore || other.isControl != step.isControl
                || (!record.acted && record.open == nil && !record.isSettled)
        }
    }
}
