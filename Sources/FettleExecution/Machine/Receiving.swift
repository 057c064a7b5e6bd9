public import FettleModel
public import FettleStore

extension RunMachine {
    /// Takes in what the shell did. A report that nobody waits for any longer (late, repeated) is ignored (spinnaker#7921).
    public mutating func receive(_ report: Report, at now: Timestamp) {
        switch report {
        case .checked(let step, let attempt, let answer): receiveCheck(step, attempt: attempt, answer, at: now)
        case .reserved(let step, let decision): receiveReservation(step, decision, at: now)
        case .performed(let step, let attempt, let result): receiveResult(step, attempt: attempt, result)
        case .released(let resource):
            releasing.remove(resource)
            held.remove(resource)
            releasable.remove(resource)
            progressedAt = now
        case .quarantineFiled(let resource):
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
        if let reason = illegality(of: probe) { return reason }
        if case .stepSkipped(let step, _, _) = event { forget(step) }
        pending.append(event)
        return nil
    }

    private mutating func forget(_ step: StepID) {
        activities[step] = nil
        waiting[step] = nil
    }

    private mutating func receiveCheck(_ id: StepID, attempt: Int, _ answer: StepAnswer, at now: Timestamp) {
        guard activities[id] == .checking(attempt: attempt), let step = index.step(id) else { return }
        activities[id] = nil
        if let open = fold[id].open {
            decideInterrupted(step, open: open, answer, at: now)
            return
        }
        guard mayStart(step) else { return }
        switch answer {
        case .ready, .alreadyDone:
            // How long it has been waiting for capacity is counted on.
            if waiting[id]?.cause == .blocked { waiting[id] = nil }
            if needsReservation(step, after: answer) {
                activities[id] = .reserving(answer, asked: false)
            } else {
                intend(step, after: answer)
            }
        case .blocked(let reason): wait(step, cause: .blocked, reason: reason, at: now)
        case .unknown(let failure):
            pending.append(.stepFailed(step: id, attempt: attempt, failure: failure.ofUnknownState))
        case .drainLost(let drain): lose(drain)
        }
    }

    /// After a crash: the intent has no result, so the world is asked, never the memory (dbos-transact-java#491).
    private mutating func decideInterrupted(
        _ step: Step, open: StepRecord.OpenAttempt, _ answer: StepAnswer, at now: Timestamp
    ) {
        switch answer {
        case .alreadyDone(let observation):
            waiting[step.id] = nil
            finish(step.id, open: open, with: observation)
        case .ready:
            // How long it has been waiting for capacity is counted on.
            if waiting[step.id]?.cause == .blocked { waiting[step.id] = nil }
            if !isWanted(step) {
                let failure = StepFailure(
                    code: .internal, message: "interrupted, and not tried again: the run takes another way")
                pending.append(.stepFailed(step: step.id, attempt: open.number, failure: failure))
            } else if !mayStart(step) {
                wait(step, cause: .blocked, reason: "the run is paused or its resource is not ready", at: now)
            } else if needsReservation(step, after: answer) {
                activities[step.id] = .reserving(answer, asked: false)
            } else {
                intend(step, after: answer)
            }
        case .blocked(let reason): wait(step, cause: .blocked, reason: reason, at: now)
        case .unknown(let failure):
            pending.append(.stepFailed(step: step.id, attempt: open.number, failure: failure.ofUnknownState))
        case .drainLost(let drain): lose(drain)
        }
    }

    private mutating func receiveReservation(_ id: StepID, _ decision: ReservationDecision, at now: Timestamp) {
        guard case .reserving(let answer, asked: true) = activities[id], let step = index.step(id) else { return }
        activities[id] = nil
        switch decision {
        case .granted:
            held.insert(step.resource)
            releasable.insert(step.resource)
            waiting[id] = nil
            // If it may not start any more, the reservation is given back: it is held without a reason.
            if mayStart(step) { intend(step, after: answer) }
        case .refused(let reason): wait(step, cause: .refused, reason: reason, at: now)
        }
    }

    private mutating func receiveResult(_ id: StepID, attempt: Int, _ result: Result<Observation, StepFailure>) {
        guard activities[id] == .performing(attempt: attempt), let open = fold[id].open, open.number == attempt else {
            return
        }
        activities[id] = nil
        switch result {
        case .success(let observation): finish(id, open: open, with: observation)
        case .failure(let failure): pending.append(.stepFailed(step: id, attempt: attempt, failure: failure))
        }
    }

    /// Only a pass that is younger than the act makes a step done (I6).
    private mutating func finish(_ id: StepID, open: StepRecord.OpenAttempt, with observation: Observation) {
        let failure: StepFailure?
        switch observation.verdict {
        case .pass where observation.observedAt < open.intendedAt && !(open.prior?.alreadySo ?? false):
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

    private mutating func intend(_ step: Step, after answer: StepAnswer) {
        let attempt = fold[step.id].attempts + 1
        if lostDrains.remove(step.id) != nil { touch(step) }
        switch answer {
        case .ready(let prior):
            pending.append(.stepIntended(step: step.id, attempt: attempt, prior: prior))
        case .alreadyDone(let observation):
            let prior = PriorState(alreadySo: true, details: [:])
            pending.append(.stepIntended(step: step.id, attempt: attempt, prior: prior))
            if observation.verdict == .pass {
                pending.append(.stepDone(step: step.id, attempt: attempt, observation: observation))
            } else {
                let failure = StepFailure(code: .inconclusive, message: observation.summary)
                pending.append(.stepFailed(step: step.id, attempt: attempt, failure: failure))
            }
        case .blocked, .unknown, .drainLost: break
        }
    }

    /// The drain comes before whatever rests on it.
    private mutating func lose(_ drain: StepID) {
        guard let step = index.step(drain) else { return }
        lostDrains.insert(drain)
        touch(step)
    }

    private mutating func wait(_ step: Step, cause: Waiting.Cause, reason: String, at now: Timestamp) {
        let clock = clock(of: step, at: now)
        let seconds = cause == .blocked ? pace.blockedSeconds : pace.refusedSeconds
        let since = waiting[step.id].flatMap { $0.cause == cause ? $0.since : nil } ?? clock
        waiting[step.id] = Waiting(
            cause: cause, reason: reason, since: since, nextTry: clock + Int64(seconds) * 1000)
    }
}

extension StepFailure {
    /// A check that could tell nothing is a target that was not reached, unless the driver knows better.
    var ofUnknownState: StepFailure {
        guard code == .inconclusive || code == .internal else { return self }
        return StepFailure(code: .unreachable, message: message, output: output)
    }
}
