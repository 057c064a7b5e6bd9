public import FettleModel
public import FettleStore

extension RunMachine {
    /// Takes in what the shell did. A report that nobody waits for any longer (late, repeated) is ignored (spinnaker#7921).
    public mutating func receive(_ report: Report, at now: Timestamp) {
        switch report {
        case .checked(let id, let attempt, let answer):
            if let step = index.step(id) { receiveCheck(step, attempt: attempt, answer, at: now) }
        case .reserved(let id, let decision):
            if let step = index.step(id) { receiveReservation(step, decision, at: now) }
        case .performed(let id, let attempt, let result):
            if let step = index.step(id) { receiveResult(step, attempt: attempt, result) }
        case .released(let id):
            progressedAt = now
            guard let resource = index.number(of: id) else { return }
            releasing.remove(resource)
            held.remove(resource)
            releasable.remove(resource)
        case .quarantineFiled(let id):
            guard let resource = index.number(of: id) else { return }
            filing.remove(resource)
            filed.insert(resource)
        }
    }

    /// A person's request, turned into an event to journal.
    /// - Returns: why it cannot be done now; nil if it was accepted.
    public mutating func request(_ request: RunRequest) -> String? {
        if let reason = refusal(of: request) { return reason }
        let event: RunEvent =
            switch request {
            case .pause(let person, let reason): .paused(by: person, reason: reason)
            case .resume(let person): .resumed(by: person)
            case .abort(let person, let reason): .abortRequested(by: person, reason: reason)
            case .rollback(let person, let reason): .rollbackRequested(by: person, reason: reason)
            case .retry(let person): .retried(by: person)
            case .skip(let step, let person, let reason): .stepSkipped(step: step, by: person, reason: reason)
            case .rollbackPart(let resources, let person, let reason):
                .partRollbackRequested(resources: Set(resources).sorted(), by: person, reason: reason)
            case .retryFailed(let resources, let person):
                .failedRetried(resources: failedToRetry(among: resources), by: person)
            case .handOver(let person, let reason, _): .handOverRequested(by: person, reason: reason)
            case .answer(let step, let person, let verdict, let reason):
                .gateAnswered(step: step, by: person, verdict: verdict, reason: reason)
            }
        let probe = JournalRecord(
            sequence: fold.sequence + 1, epoch: fold.epoch, at: fold.lastAt ?? Timestamp(milliseconds: 0), event: event)
        let step = event.step.flatMap { index.step($0) }
        if let reason = illegality(of: probe, step) { return reason }
        if case .stepSkipped = event, let step { forget(step.number) }
        pending.append(event)
        return nil
    }

    /// Whether the result of this attempt is still waited for: a watch of which nobody does is cut short by the shell.
    /// - Parameter attempt: as in the order to perform it.
    public func isPerforming(_ id: StepID, attempt: Int) -> Bool {
        index.step(id).map { activities[$0.number] == .performing(attempt: attempt) } ?? false
    }

    private mutating func forget(_ step: StepNumber) {
        activities[step] = nil
        waiting[step] = nil
    }

    private mutating func receiveCheck(
        _ step: IndexedStep, attempt: Int, _ answer: StepAnswer, at now: Timestamp
    ) {
        guard case .checking(attempt: attempt) = activities[step.number] else { return }
        activities[step.number] = nil
        if let open = fold[step].open {
            decideInterrupted(step, open: open, answer, at: now)
            return
        }
        guard mayStart(step) else { return }
        switch answer {
        case .ready, .alreadyDone:
            endBlock(of: step)
            if needsReservation(step, after: answer) {
                activities[step.number] = .reserving(answer, asked: false)
            } else {
                intend(step, after: answer)
            }
        case .blocked(let reason): wait(step, cause: .blocked, reason: reason, at: now)
        case .unknown(let failure):
            pending.append(
                .stepFailed(step: index.name(of: step), attempt: attempt, failure: failure.ofUnknownState))
        case .drainLost(let drain): lose(drain)
        }
    }

    /// After a crash: the intent has no result, so the world is asked, never the memory (dbos-transact-java#491).
    private mutating func decideInterrupted(
        _ step: IndexedStep, open: StepRecord.OpenAttempt, _ answer: StepAnswer, at now: Timestamp
    ) {
        switch answer {
        case .alreadyDone(let observation):
            waiting[step.number] = nil
            finish(step, open: open, with: afterIntent(observation, of: open))
        case .ready:
            if !isWanted(step) {
                endBlock(of: step)
                let failure = StepFailure(
                    code: .internal, message: "interrupted, and not tried again: the run takes another way")
                pending.append(.stepFailed(step: index.name(of: step), attempt: open.number, failure: failure))
            } else if isHeldUp(step) {
                // As long as a person takes: that is no fault of the step's.
                wait(step, cause: .heldUp, reason: "the run waits for a person", at: now)
            } else if !mayStart(step) {
                // Seen undone and not its turn: the attempt has the step's time like one that is kept from starting by a lock.
                wait(step, cause: .blocked, reason: reasonNotToStart(step), at: now)
            } else {
                endBlock(of: step)
                if needsReservation(step, after: answer) {
                    activities[step.number] = .reserving(answer, asked: false)
                } else {
                    intend(step, after: answer)
                }
            }
        case .blocked(let reason): wait(step, cause: .blocked, reason: reason, at: now)
        case .unknown(let failure) where mayBeOnItsWayUp(step, failure, since: open.intendedAt, at: now):
            wait(step, cause: .blocked, reason: failure.message, at: now)
        case .unknown(let failure):
            pending.append(
                .stepFailed(step: index.name(of: step), attempt: open.number, failure: failure.ofUnknownState))
        case .drainLost(let drain):
            if let failure = failureForGood(of: drain) {
                pending.append(.stepFailed(step: index.name(of: step), attempt: open.number, failure: failure))
            } else {
                lose(drain)
            }
        }
    }

    /// Its executor is gone, and what that one told its host may still be under way: a host that boots answers nobody, and has the
    /// step's time for it as if its executor were there.
    private func mayBeOnItsWayUp(
        _ step: IndexedStep, _ failure: StepFailure, since begun: Timestamp, at now: Timestamp
    ) -> Bool {
        [.unreachable, .timeout].contains(failure.code) && isWanted(step) && index.planned(step.number).takesItsHostDown
            // From when it was told to: however many executors have followed since, the wait has an end.
            && now < begun.adding(seconds: 2 * step.timeoutSeconds)
    }

    /// What a successor sees it saw after the intent, which it has read: where its clock says otherwise the two executors' clocks
    /// differ, and the intent's counts.
    private func afterIntent(_ observation: Observation, of open: StepRecord.OpenAttempt) -> Observation {
        guard open.epoch < fold.epoch, observation.observedAt < open.intendedAt else { return observation }
        var observation = observation
        let behind = open.intendedAt.milliseconds - observation.observedAt.milliseconds
        observation.details["clockBehindMilliseconds"] = "\(behind)"
        observation.observedAt = open.intendedAt
        return observation
    }

    /// Why nothing can rest on the drain any more: it no longer holds, and it could not be taken again. nil as long as it may be.
    private func failureForGood(of drain: StepID) -> StepFailure? {
        guard let step = index.step(drain), fold[step].isFailedForGood else { return nil }
        let reason = fold.account(of: step.number).failure?.message ?? "no reason was given"
        return StepFailure(code: .drift, message: "\(drain) no longer holds and cannot be taken again: \(reason)")
    }

    /// What the journal would say against another attempt, for whoever asks what it waits for.
    private func reasonNotToStart(_ step: IndexedStep) -> String {
        let id = index.name(of: step)
        let reason = illegalityOfIntent(step, id, attempt: fold[step].attempts + 1)
        return "it was interrupted, and may not go on: "
            + (reason ?? "\(index.name(of: step.resource)) is not ready for it")
    }

    /// Its check was not blocked: how long it has been waiting for capacity is counted on.
    private mutating func endBlock(of step: IndexedStep) {
        if waiting[step.number]?.cause == .blocked { waiting[step.number] = nil }
    }

    private mutating func receiveReservation(
        _ step: IndexedStep, _ decision: ReservationDecision, at now: Timestamp
    ) {
        guard case .reserving(let answer, asked: true) = activities[step.number] else { return }
        activities[step.number] = nil
        switch decision {
        case .granted:
            held.insert(step.resource)
            releasable.insert(step.resource)
            waiting[step.number] = nil
            // If it may not start any more, the reservation is given back: it is held without a reason.
            if mayStart(step) { intend(step, after: answer) }
        case .refused(let reason): wait(step, cause: .refused, reason: reason, at: now)
        }
    }

    private mutating func receiveResult(
        _ step: IndexedStep, attempt: Int, _ result: Result<Observation, StepFailure>
    ) {
        guard case .performing(attempt: attempt) = activities[step.number], let open = fold[step].open,
            open.number == attempt
        else { return }
        activities[step.number] = nil
        switch result {
        case .success(let observation): finish(step, open: open, with: observation)
        case .failure(let failure):
            pending.append(.stepFailed(step: index.name(of: step), attempt: attempt, failure: failure))
        }
    }

    /// Only a pass that is younger than the act makes a step done (I6).
    private mutating func finish(_ step: IndexedStep, open: StepRecord.OpenAttempt, with observation: Observation) {
        let id = index.name(of: step)
        let failure: StepFailure?
        switch observation.verdict {
        case .pass where observation.observedAt < open.intendedAt && open.acts:
            failure = StepFailure(code: .inconclusive, message: "what was observed is older than the act it judges")
        case .pass: failure = nil
        case .fail: failure = StepFailure(code: .unhealthy, message: observation.summary)
        case .inconclusive, .error: failure = StepFailure(code: .inconclusive, message: observation.summary)
        }
        if let failure {
            pending.append(.stepFailed(step: id, attempt: open.number, failure: failure))
        } else {
            pending.append(.stepDone(step: id, attempt: open.number, observation: observation))
        }
    }

    private mutating func intend(_ step: IndexedStep, after answer: StepAnswer) {
        let (id, attempt) = (index.name(of: step), fold[step].attempts + 1)
        if lostDrains.remove(step.number) { touch(step) }
        switch answer {
        case .ready(let prior):
            pending.append(.stepIntended(step: id, attempt: attempt, prior: prior))
        case .alreadyDone(let observation):
            let prior = PriorState(alreadySo: true, details: [:])
            pending.append(.stepIntended(step: id, attempt: attempt, prior: prior))
            if observation.verdict == .pass {
                pending.append(.stepDone(step: id, attempt: attempt, observation: observation))
            } else {
                let failure = StepFailure(code: .inconclusive, message: observation.summary)
                pending.append(.stepFailed(step: id, attempt: attempt, failure: failure))
            }
        case .blocked, .unknown, .drainLost: break
        }
    }

    /// The drain comes before whatever rests on it.
    private mutating func lose(_ drain: StepID) {
        guard let step = index.step(drain) else { return }
        lostDrains.insert(step.number)
        touch(step)
    }

    private mutating func wait(_ step: IndexedStep, cause: Waiting.Cause, reason: String, at now: Timestamp) {
        let clock = clock(of: step, at: now)
        let seconds = cause == .blocked ? pace.blockedSeconds : pace.refusedSeconds
        let since = waiting(of: step).flatMap { $0.cause == cause ? $0.since : nil } ?? clock
        waiting[step.number] = Waiting(
            cause: cause, reason: reason, stopsInPause: pauses(step), since: since,
            nextTry: clock + Int64(seconds) * 1000)
    }
}

extension StepFailure {
    /// A check that could tell nothing is a target that was not reached, unless the driver knows better.
    var ofUnknownState: StepFailure {
        guard code == .inconclusive || code == .internal else { return self }
        return StepFailure(code: .unreachable, message: message, output: output)
    }
}

extension RunEvent {
    /// The step that it is about; nil if it concerns the run as a whole, or a resource.
    var step: StepID? {
        switch self {
        case .stepIntended(let step, _, _), .stepDone(let step, _, _), .stepFailed(let step, _, _),
            .stepSkipped(let step, _, _):
            step
        case .gateAnswered(let step, _, _, _): step
        case .started, .claimed, .paused, .resumed, .retried, .failedRetried, .abortRequested, .rollbackRequested,
            .partRollbackRequested, .handOverRequested, .superseded, .quarantined, .awaitingHuman, .ended:
            nil
        }
    }
}
