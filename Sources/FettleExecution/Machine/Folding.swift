import FettleModel

extension RunMachine {
    /// Changes the fold by a record whose legality is established.
    mutating func apply(legal record: JournalRecord) {
        fold.sequence = record.sequence
        fold.epoch = record.epoch
        fold.lastAt = record.at
        switch record.event {
        case .started(let change, let plan, let person):
            fold.start = JournalFold.Start(change: change, plan: plan, by: person, at: record.at)
        case .claimed(let executor): fold.executor = executor
        case .stepIntended(let step, let attempt, let prior):
            foldIntent(step, attempt: attempt, prior: prior, at: record.at)
        case .stepDone(let step, _, let observation): foldDone(step, observation: observation, at: record.at)
        case .stepFailed(let step, let attempt, let failure):
            foldFailure(step, attempt: attempt, failure: failure, at: record.at)
        case .stepSkipped(let step, _, let reason):
            fold[step].open = nil
            fold[step].skippedBecause = reason
            fold[step].settledAt = record.at
        case .gateAnswered(let step, let person, let verdict, let reason):
            foldAnswer(GateAnswer(by: person, verdict: verdict, reason: reason, at: record.at), to: step)
        case .paused(let person, let reason):
            fold.pause = JournalFold.Pause(by: person, reason: reason, since: record.at)
            beginRestoring()
        case .resumed: endPause(at: record.at)
        case .retried: foldRetry()
        case .abortRequested(let person, let reason):
            fold.mode = .aborting(by: person, reason: reason)
            fold.awaiting = nil
            fold.restoring = []
        case .rollbackRequested(let person, let reason):
            fold.mode = .rollingBack(by: person, reason: reason)
            fold.awaiting = nil
            fold.restoring = []
        case .quarantined(let entry): fold.quarantined[entry.resource] = entry
        case .awaitingHuman(let reason): fold.awaiting = reason
        case .ended(let outcome):
            fold.outcome = outcome
            fold.awaiting = nil
        }
    }

    private mutating func endPause(at time: Timestamp) {
        guard let pause = fold.pause else { return }
        fold.pausedMilliseconds += max(0, time.milliseconds - pause.since.milliseconds)
        fold.pause = nil
        // Who is not on the way back into traffic yet may as well go on.
        fold.restoring = fold.restoring.filter(hasBegunRestoring)
    }

    private mutating func beginRestoring() {
        guard fold.mode == .forward else { return }
        for resource in fold.out.keys where fold.isOut(resource) && fold.failed[resource] == nil {
            if !wasBegun(resource) && fold.quarantined[resource] == nil { fold.restoring.insert(resource) }
        }
    }

    private func hasBegunRestoring(_ resource: ResourceID) -> Bool {
        (index.forward[resource] ?? []).contains { step in
            guard step.isGate || step.availability == .bringsBack else { return false }
            let record = fold[step.id]
            return record.open != nil || record.done != nil || record.failure != nil
        }
    }

    /// Back as if it had never been out.
    private mutating func endRestoring(of resource: ResourceID) {
        guard !fold.isOut(resource), fold.restoring.remove(resource) != nil else { return }
        for step in index.forward[resource] ?? [] { startAnew(step) }
    }

    private mutating func foldIntent(_ id: StepID, attempt: Int, prior: PriorState?, at time: Timestamp) {
        guard let step = index.step(id) else { return }
        let acts = !(prior?.alreadySo ?? false)
        var record = fold[id]
        record.attempts = attempt
        record.open = StepRecord.OpenAttempt(number: attempt, intendedAt: time, epoch: fold.epoch, prior: prior)
        record.acted = record.acted || acts
        record.prior = record.prior ?? prior
        record.firstIntendedAt = record.firstIntendedAt ?? time
        fold[id] = record
        guard step.availability == .takesOut else { return }
        fold.out[step.resource, default: []].insert(id)
        guard acts, let traffic = step.traffic else { return }
        let key = JournalFold.TrafficKey(resource: step.resource, traffic: traffic)
        // The first drain saw the world as it was before us; a later one sees our own doing.
        guard fold.obligations[key] == nil else { return }
        fold.obligations[key] = Obligation(
            run: run, step: id, resource: step.resource, traffic: traffic,
            prior: prior ?? PriorState(alreadySo: false, details: [:]), since: time)
    }

    private mutating func foldDone(_ id: StepID, observation: Observation, at time: Timestamp) {
        guard let step = index.step(id) else { return }
        var record = fold[id]
        record.open = nil
        record.done = observation
        record.wasDone = true
        record.failures = 0
        record.failure = nil
        record.isFailedForGood = false
        record.settledAt = time
        fold[id] = record
        guard step.availability == .bringsBack else { return }
        let stillOut = (fold.out[step.resource] ?? []).filter { taken in
            index.step(taken).map { !step.bringsBack($0) } ?? false
        }
        fold.out[step.resource] = stillOut.isEmpty ? nil : stillOut
        if let traffic = step.traffic {
            fold.obligations[JournalFold.TrafficKey(resource: step.resource, traffic: traffic)] = nil
        }
        endRestoring(of: step.resource)
    }

    mutating func foldFailure(_ id: StepID, attempt: Int, failure: StepFailure, at time: Timestamp) {
        guard let step = index.step(id) else { return }
        var record = fold[id]
        // A lock that was waited for to the step's deadline before anything was done is not waited for again.
        let waitedOut = record.open == nil && failure.code == .locked
        record.attempts = attempt
        record.open = nil
        // A lost drain that could not be taken again was done all the same: whatever rests on it looks for itself, and when
        // nothing does any more the resource comes back.
        if step.availability != .takesOut || !record.wasDone { record.done = nil }
        record.failures += 1
        record.failure = failure
        record.failedAt = time
        record.failedAtProgress = fold.progressClock(at: time)
        record.isFailedForGood =
            !failure.code.isRetryable || waitedOut || record.failures >= max(1, index.plan.limits.attempts)
        fold[id] = record
        guard record.isFailedForGood, !index.isRollback(id), !isWithoutWeight(failureOf: step) else { return }
        let affected = step.isBake ? bakedResources(of: step) : [step.resource]
        for resource in affected {
            fold.failed[resource] = fold.failed[resource] ?? ResourceFailure(step: id, failure: failure, at: time)
            fold.everFailed.insert(resource)
        }
        breakBudgetIfNeeded(at: step, failed: affected)
    }

    /// A drain is no longer needed where the resource is put back for a pause. And once everything goes back, a bake's word about
    /// hosts that stay as they are comes too late to send them out among the others.
    private func isWithoutWeight(failureOf step: Step) -> Bool {
        if step.isBake, case .rollingBack = fold.mode { return true }
        return step.availability == .takesOut && fold.restoring.contains(step.resource)
    }

    /// Latched: nothing makes a spent budget whole again (I10).
    private mutating func breakBudgetIfNeeded(at step: Step, failed: [ResourceID]) {
        guard fold.budgetBroken == nil else { return }
        let budget = index.plan.limits.failureBudget
        if step.isGate, step.isBake {
            // The group as a whole is not well: whoever comes next would make it worse.
            fold.budgetBroken =
                "\(step.group?.rawValue ?? "the group") is not well at \(step.id): "
                + (fold[step.id].failure?.message ?? "")
        } else if !index.canaries.isDisjoint(with: failed) {
            fold.budgetBroken = "the canary failed at \(step.id): \(fold[step.id].failure?.message ?? "")"
        } else if fold.everFailed.count > budget {
            let names = fold.everFailed.sorted().map(\.rawValue).joined(separator: ", ")
            fold.budgetBroken = "\(fold.everFailed.count) failed (\(names)), \(budget) may fail"
        }
    }

    /// Attempts count anew. A failed resource that is back at rest is taken through the plan once more.
    private mutating func foldRetry() {
        fold.awaiting = nil
        for (id, record) in fold.steps where record.failure != nil && !record.isFailedForGood {
            fold[id].failures = 0
            fold[id].failure = nil
        }
        guard fold.mode == .forward else { return }
        let again = Set(fold.failed.keys.filter { fold.quarantined[$0] == nil && isAtRest($0) })
        for resource in again {
            fold.failed[resource] = nil
            for step in (index.forward[resource] ?? []) + (index.rollback[resource] ?? []) { startAnew(step) }
        }
        for bake in index.bakes where !again.isDisjoint(with: bake.owners) && fold[bake.id].open == nil {
            startAnew(bake)
        }
    }

    private mutating func startAnew(_ step: Step) {
        guard let record = fold.steps[step.id] else { return }
        fold[step.id] = StepRecord(attempts: record.attempts)
    }
}
