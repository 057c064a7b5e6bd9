import FettleModel

extension RunMachine {
    /// Changes the fold by a record whose legality is established.
    /// - Parameter step: that of the event, if it has one.
    mutating func apply(legal record: JournalRecord, _ step: IndexedStep?) {
        fold.sequence = record.sequence
        fold.epoch = record.epoch
        fold.lastAt = record.at
        switch record.event {
        case .started(let change, let plan, let person):
            fold.start = JournalFold.Start(change: change, plan: plan, by: person, at: record.at)
            foldSupersession()
        case .claimed(let executor):
            fold.executor = executor
            fold.handOver = nil
        case .stepIntended(_, let attempt, let prior):
            if let step { foldIntent(step, attempt: attempt, prior: prior, at: record.at) }
        case .stepDone(_, _, let observation):
            if let step { foldDone(step, observation: observation, at: record.at) }
        case .stepFailed(_, let attempt, let failure):
            if let step { foldFailure(step, attempt: attempt, failure: failure, at: record.at) }
        case .stepSkipped(_, _, let reason): if let step { foldSkip(step, reason: reason, at: record.at) }
        case .gateAnswered(_, let person, let verdict, let reason):
            if let step {
                foldAnswer(GateAnswer(by: person, verdict: verdict, reason: reason, at: record.at), to: step)
            }
        case .paused(let person, let reason):
            fold.pause = JournalFold.Pause(by: person, reason: reason, since: record.at)
            beginRestoring()
        case .resumed: endPause(at: record.at)
        case .retried: foldRetry()
        case .abortRequested(let person, let reason):
            fold.mode = .aborting(by: person, reason: reason)
            fold.awaiting = nil
            fold.restoring.removeAll()
        case .rollbackRequested(let person, let reason):
            fold.mode = .rollingBack(by: person, reason: reason)
            fold.awaiting = nil
            fold.restoring.removeAll()
        case .partRollbackRequested(let resources, let person, let reason):
            foldPartRollback(of: resources, JournalFold.Wish(by: person, reason: reason))
        case .failedRetried(let resources, _): foldRetry(of: resources)
        case .handOverRequested(let person, let reason):
            fold.handOver = JournalFold.Wish(by: person, reason: reason)
        case .superseded(let other, let hosts, let person): foldEnd(supersededBy: other, hosts, person)
        case .quarantined(let entry):
            if let resource = index.number(of: entry.resource) { fold.quarantine(resource, entry) }
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
        let stillIn = fold.restoring.filter { !hasBegunRestoring($0) }
        for resource in stillIn { fold.restoring.remove(resource) }
    }

    private mutating func beginRestoring() {
        guard fold.isForward else { return }
        for resource in fold.out where !fold.hasFailed(resource) {
            guard !wasBegun(resource), !fold.isQuarantined(resource) else { continue }
            // What is taken back is put back as it is, and not sent forward again after the pause.
            guard !fold.takingBack.contains(resource), fold.restoring.insert(resource) else { continue }
            // It does not stay out of traffic for a question; whatever is still open is asked again.
            fold.awaiting = nil
        }
    }

    private func hasBegunRestoring(_ resource: ResourceNumber) -> Bool {
        index.forward(resource).contains { step in
            guard step.isGate || step.availability == .bringsBack, isOfPresentLeg(step) else { return false }
            return fold[step].hasBegun
        }
    }

    /// Back as if it had never been out. A restart that came before this outage is not repeated: those who were compared with the
    /// resource have been.
    private mutating func endRestoring(by end: IndexedStep) {
        guard !fold.isOut(end.resource), fold.restoring.remove(end.resource) else { return }
        for step in index.forward(end.resource)
        where !step.isOfTraffic && (end.isControl || !step.isControl) { fold.startAnew(step.number) }
    }

    private mutating func foldIntent(_ step: IndexedStep, attempt: Int, prior: PriorState?, at time: Timestamp) {
        let acts = !(prior?.alreadySo ?? false)
        let epoch = fold.epoch
        fold.change(step.number) { record, account in
            record.attempts = attempt
            record.open = StepRecord.OpenAttempt(number: attempt, intendedAt: time, epoch: epoch, acts: acts)
            record.acted = record.acted || acts
            account.prior = account.prior ?? prior
            account.firstIntendedAt = account.firstIntendedAt ?? time
        }
        if acts, step.endsWayBack, index.planned(step.number).action == .retire {
            fold.retirementsBegun.insert(step.number)
        }
        guard step.availability == .takesOut else { return }
        fold.takeOut(step)
        // The first drain saw the world as it was before us; a later one sees our own doing.
        guard acts, let key = trafficKey(of: step), fold.obligations[key] == nil else { return }
        let planned = index.planned(step.number)
        guard let traffic = planned.traffic else { return }
        fold.obligations[key] = Obligation(
            run: run, step: planned.id, resource: planned.resource, traffic: traffic,
            prior: prior ?? PriorState(alreadySo: false, details: [:]), since: time)
    }

    /// Under which what the step drains is owed; nil for one that is about no load balancer.
    func trafficKey(of step: IndexedStep) -> JournalFold.TrafficKey? {
        step.traffic.map { JournalFold.TrafficKey(resource: step.resource, traffic: $0) }
    }

    private mutating func foldDone(_ step: IndexedStep, observation: Observation, at time: Timestamp) {
        fold.change(step.number) { record, account in
            record.open = nil
            record.isDone = true
            record.wasDone = true
            record.failures = 0
            record.hasFailed = false
            record.isFailedForGood = false
            account.done = observation
            account.failure = nil
            account.settledAt = time
        }
        guard step.availability == .bringsBack else { return }
        for taken in index.steps[step.resource] where step.bringsBack(taken) { fold.bringBack(taken) }
        if let key = trafficKey(of: step) { fold.obligations[key] = nil }
        endRestoring(by: step)
    }

    private mutating func foldSkip(_ step: IndexedStep, reason: String, at time: Timestamp) {
        fold.change(step.number) { record, account in
            record.open = nil
            record.isSkipped = true
            account.skippedBecause = reason
            account.settledAt = time
        }
        fold.awaiting = nil
    }

    mutating func foldFailure(
        _ step: IndexedStep, attempt: Int, failure: StepFailure, at time: Timestamp
    ) {
        // What may not begin now has not failed.
        if failure.code == .refused, isOutsideWindow(step.resource, at: time) {
            fold.change(step.number) { record, _ in
                record.attempts = attempt
                record.open = nil
            }
            fold.restoring.insert(step.resource)
            return
        }
        let progress = fold.progressClock(at: time)
        let mostAttempts = max(1, index.plan.limits.attempts)
        fold.change(step.number) { record, account in
            // A lock that was waited for to the step's deadline before anything was done is not waited for again.
            let waitedOut = record.open == nil && failure.code == .locked
            record.attempts = attempt
            record.open = nil
            // A lost drain that could not be taken again was done all the same: whatever rests on it looks for itself, and when
            // nothing does any more the resource comes back.
            if step.availability != .takesOut || !record.wasDone {
                record.isDone = false
                account.done = nil
            }
            record.failures += 1
            record.hasFailed = true
            record.failedAt = time
            record.failedAtProgress = progress
            record.isFailedForGood = !failure.code.isRetryable || waitedOut || record.failures >= mostAttempts
            account.failure = failure
        }
        if fold[step].isFailedForGood, step.discardsSnapshot {
            // What serves does not go back for it, and nobody waits for it: the snapshot is owed.
            return fold.change(step.number) { record, account in
                record.isSkipped = true
                account.skippedBecause = failure.message
                account.settledAt = time
            }
        }
        guard fold[step].isFailedForGood, !step.isRollback, !isWithoutWeight(failureOf: step) else { return }
        // Too little was seen to tell: nobody has failed, and nobody goes on. A person decides.
        if isUndecided(step) { return }
        let affected = step.isBake ? bakedResources(of: step) : [step.resource]
        let account = ResourceFailure(step: index.name(of: step), failure: failure, at: time)
        for resource in affected { fold.fail(resource, account, counts: !step.isControl) }
        // Nothing was changed on it yet: that it fails is not the patch's doing, and no reason to take that back elsewhere.
        if !step.isControl { breakBudgetIfNeeded(at: step, failure, failed: affected) }
    }

    /// A drain is no longer needed where the resource is put back for a pause. And once everything goes back, a bake's word about
    /// hosts that stay as they are comes too late to send them out among the others. What goes back by a person's word, while the
    /// others go on, is not sent back by its own failure.
    private func isWithoutWeight(failureOf step: IndexedStep) -> Bool {
        if step.isBake, case .rollingBack = fold.mode { return true }
        if fold.isForward, !step.isBake, fold.takingBack.contains(step.resource) { return true }
        return step.availability == .takesOut && fold.restoring.contains(step.resource)
    }

    /// Latched: nothing makes a spent budget whole again (I10).
    private mutating func breakBudgetIfNeeded(
        at step: IndexedStep, _ failure: StepFailure, failed: [ResourceNumber]
    ) {
        guard fold.budgetBroken == nil else { return }
        let budget = index.plan.limits.failureBudget
        if step.isGate, step.isBake {
            // The group as a whole is not well: whoever comes next would make it worse.
            let planned = index.planned(step.number)
            fold.budgetBroken =
                "\(planned.group?.rawValue ?? "the group") is not well at \(planned.id): \(failure.message)"
        } else if failed.contains(where: { index.isCanary[$0] }) {
            fold.budgetBroken = "the canary failed at \(index.name(of: step)): \(failure.message)"
        } else if step.isOfTraffic {
            // It is its group's, and no loss of the one host whose step it is: nobody behind it can go on.
            fold.budgetBroken = "traffic is not where it has to be, at \(index.name(of: step)): \(failure.message)"
        } else if fold.everFailed.count > budget {
            let names = fold.everFailed.map(index.name).sorted().map(\.rawValue).joined(separator: ", ")
            fold.budgetBroken = "\(fold.everFailed.count) failed (\(names)), \(budget) may fail"
        }
    }

    /// Attempts count anew. A failed resource that is back at rest is taken through the plan once more.
    private mutating func foldRetry() {
        fold.awaiting = nil
        for step in fold.accounts.keys where fold[step].hasFailed && (!fold[step].isFailedForGood || isUnturned(step)) {
            fold.change(step) { record, account in
                record.failures = 0
                record.hasFailed = false
                record.isFailedForGood = false
                account.failure = nil
            }
        }
        guard fold.isForward else { return }
        // Nobody has failed by it: only who has everything tried again has it watched again too.
        for bake in index.bakes where fold[bake].open == nil && isUndecided(bake) { fold.startAnew(bake.number) }
        tryAnew(fold.failed.keys.filter(mayBeTriedAnew))
    }

    /// Traffic that could not be turned, or turned back: only a person can say that it is worth another try.
    private func isUnturned(_ number: StepNumber) -> Bool { index.step(number).turnsTraffic }
}
