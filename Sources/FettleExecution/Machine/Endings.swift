import FettleModel

extension RunMachine {
    /// Events that follow from the fold and the time, without a report.
    func eventsDue(at now: Timestamp) -> [RunEvent] {
        if fold.mode == .forward, let reason = fold.budgetBroken {
            return [.rollbackRequested(by: nil, reason: reason)]
        }
        let quarantines = quarantinesDue(at: now)
        if !quarantines.isEmpty { return quarantines }
        let blocked = blockedTooLong(at: now)
        if !blocked.isEmpty { return blocked }
        return leftAlone(at: now)
    }

    /// Resources whose way back or whose return failed for good: they stay out of traffic, for a person to settle (I7).
    private func quarantinesDue(at now: Timestamp) -> [RunEvent] {
        agenda.quarantines.sorted().compactMap { resource in
            agenda.shares[.resource(resource)]?.quarantine.map { reason in
                .quarantined(entry: entry(for: resource, reason: reason, at: now))
            }
        }
    }

    /// Why the resource can only be quarantined now; nil if it need not be, or not yet.
    func quarantineReason(for resource: ResourceID) -> String? {
        let course = course(of: resource)
        guard course != .forward, course != .stopped, course != .quarantined else { return nil }
        let steps = (index.forward[resource] ?? []) + (index.rollback[resource] ?? [])
        guard !steps.contains(where: { fold.open.contains($0.id) }) else { return nil }
        if course == .stranded {
            let failure = fold.failed[resource]?.failure.message ?? "its change was not finished"
            return "changed, and the plan has no way back: \(failure)"
        }
        guard let step = steps.first(where: { fold[$0.id].isFailedForGood && isWanted($0) }) else { return nil }
        return "\(step.id) failed: \(fold[step.id].failure?.message ?? "no reason was given")"
    }

    private func entry(for resource: ResourceID, reason: String, at now: Timestamp) -> QuarantineEntry {
        QuarantineEntry(
            resource: resource, run: run, reason: reason, owner: fold.start?.by ?? "unknown", since: now,
            deadline: now.adding(seconds: index.plan.limits.quarantineDeadlineSeconds),
            obligations: fold.obligations.values.filter { $0.resource == resource }.sorted { $0.step < $1.step })
    }

    /// Drains that were found made are left as they were: nobody is asked to take them back (system-upgrade-controller#341).
    private func leftAlone(at now: Timestamp) -> [RunEvent] {
        agenda.returning.flatMap { priority -> [RunEvent] in
            let step = index.step(withPriority: priority)
            guard let traffic = step.traffic else { return [] }
            guard activities[step.id] == nil, fold[step.id].open == nil else { return [] }
            let key = JournalFold.TrafficKey(resource: step.resource, traffic: traffic)
            guard fold.obligations[key] == nil, !takenOut(by: step).isEmpty else { return [] }
            let attempt = fold[step.id].attempts + 1
            let found = PriorState(alreadySo: true, details: [:])
            let observation = Observation(
                verdict: .pass, summary: "left drained, as it was found", observedAt: now)
            return [
                .stepIntended(step: step.id, attempt: attempt, prior: found),
                .stepDone(step: step.id, attempt: attempt, observation: observation),
            ]
        }
    }

    /// With nothing under way and nothing to start: the end, or the reason why a person is needed. nil: time, a pause or a
    /// person decides.
    func standstill(at now: Timestamp) -> RunEvent? {
        if agenda.wanted.isEmpty {
            // A pause or a question doesn't keep a run from ending that has nothing more to do (argo-rollouts#1292).
            return .ended(outcome: outcomeNow())
        }
        if fold.awaiting != nil { return nil }
        let left = wantedSteps()
        let free = left.filter { !(fold.pause != nil && pauses($0)) }
        if free.isEmpty { return nil }
        let refused = free.filter { isRefusedTooLong($0, at: now) }
        var room: GroupRoom?
        let mayComeOn = free.contains { step in
            !isRefusedTooLong(step, at: now)
                && (isInterrupted(step) || (mayStart(step) && hasRoomInGroups(step, &room)))
        }
        if mayComeOn { return nil }
        let undecided = free.filter(isUndecided).prefix(3).map { "\($0.id): \(fold[$0.id].failure?.message ?? "")" }
        if !undecided.isEmpty {
            return .awaitingHuman(
                reason: "undecided, so that nobody goes on: watch again, skip it or roll back: "
                    + undecided.joined(separator: "; "))
        }
        let reasons = refused.prefix(3).map { "\($0.id): \(waiting[$0.id]?.reason ?? "refused")" }
        if !reasons.isEmpty { return .awaitingHuman(reason: reasons.joined(separator: "; ")) }
        let stuck = free.prefix(3).map(\.id.rawValue).joined(separator: ", ")
        return .awaitingHuman(reason: "nothing can go on: \(stuck) cannot start")
    }

    /// A bake that has seen too little, for as long as it was to be extended: it never passes by itself, and is no failure.
    func isUndecided(_ step: Step) -> Bool {
        guard step.isBake, let record = fold.steps[step.id], record.isFailedForGood, !record.isSettled else {
            return false
        }
        return record.failure?.code == .inconclusive
    }

    private func outcomeNow() -> RunOutcome {
        let kept = fold.quarantined.keys.sorted().map(\.rawValue).joined(separator: ", ")
        let withKept = { (reason: String) in kept.isEmpty ? reason : "\(reason); quarantined: \(kept)" }
        switch fold.mode {
        case .aborting(let person, let reason):
            return .failed(reason: withKept("aborted by \(person): \(reason)"))
        case .rollingBack(_, let reason):
            let changed = index.resources.filter(isChangedForGood)
            if !changed.isEmpty {
                let names = changed.map(\.rawValue).joined(separator: ", ")
                return .failed(reason: withKept("\(reason); no way back for: \(names)"))
            }
            return kept.isEmpty ? .rolledBack(reason: reason) : .failed(reason: withKept(reason))
        case .forward:
            if fold.failed.isEmpty && kept.isEmpty { return .succeeded }
            let failures = fold.failed.sorted { $0.key < $1.key }
                .map { "\($0.key) at \($0.value.step): \($0.value.failure.message)" }
            return .failed(reason: withKept("\(failures.count) failed: \(failures.joined(separator: "; "))"))
        }
    }
}
