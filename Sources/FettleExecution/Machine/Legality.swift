import FettleModel

extension RunMachine {
    /// Why a record cannot come next; nil if it can. Every rule on what may follow what is here and nowhere else.
    /// - Parameter step: that of the event; nil if it has none, or one that is not in the plan.
    func illegality(of record: JournalRecord, _ step: IndexedStep?) -> String? {
        guard record.sequence == fold.sequence + 1 else {
            return "it should be line \(fold.sequence + 1)"
        }
        guard record.epoch >= fold.epoch else {
            return "epoch \(record.epoch) is older than \(fold.epoch)"
        }
        if fold.hasEnded { return "the run has ended" }
        guard fold.hasStarted else {
            if case .started = record.event { return nil }
            return "the run has not been started"
        }
        if case .claimed = record.event { return nil }
        if record.epoch > fold.epoch { return "epoch \(record.epoch) has claimed nothing" }
        return illegality(of: record.event, step)
    }

    private func illegality(of event: RunEvent, _ step: IndexedStep?) -> String? {
        switch event {
        case .started: return "it was started before"
        case .claimed: return nil
        case .stepIntended(let id, let attempt, _):
            guard let step else { return Self.notInThePlan(id) }
            return illegalityOfIntent(step, id, attempt: attempt)
        case .stepDone(let id, let attempt, let observation):
            return illegalityOfDone(step, id, attempt: attempt, observation: observation)
        case .stepFailed(let id, let attempt, _):
            guard let step else { return Self.notInThePlan(id) }
            return illegalityOfFailure(step, id, attempt: attempt)
        case .stepSkipped(let id, _, _):
            guard let step else { return Self.notInThePlan(id) }
            return illegalityOfSkip(step, id)
        case .gateAnswered(let id, _, let verdict, _):
            guard let step else { return Self.notInThePlan(id) }
            return illegalityOfAnswer(step, verdict)
        case .paused: return fold.pause == nil ? nil : "it is paused already"
        case .resumed: return fold.pause == nil ? "it is not paused" : nil
        case .retried: return nil
        case .partRollbackRequested(let resources, _, _): return illegalityOfPartRollback(resources)
        case .failedRetried(let resources, _): return illegalityOfRetry(of: resources)
        case .superseded(_, let hosts, _): return illegalityOfSupersession(hosts)
        case .handOverRequested: return fold.handOver == nil ? nil : "it is being handed over already"
        case .abortRequested: return fold.isForward ? nil : "it is being stopped or rolled back already"
        case .rollbackRequested:
            if case .rollingBack = fold.mode { return "it is being rolled back already" }
            return nil
        case .quarantined(let entry):
            guard let resource = index.number(of: entry.resource), index.hasSteps(resource) else {
                return "\(entry.resource) is not in the plan"
            }
            return fold.isQuarantined(resource) ? "\(entry.resource) is quarantined already" : nil
        case .awaitingHuman(let reason):
            return fold.awaiting != reason ? nil : "it is waiting for a person already, and for that"
        case .ended: return illegalityOfEnd()
        }
    }

    private static func notInThePlan(_ step: StepID) -> String { "step \(step) is not in the plan" }

    func illegalityOfIntent(_ step: IndexedStep, _ id: StepID, attempt: Int) -> String? {
        let record = fold[step]
        guard attempt == record.attempts + 1 else { return "attempt \(record.attempts + 1) of \(id) comes next" }
        if let open = record.open, open.epoch >= fold.epoch { return "an attempt of \(id) is under way" }
        let mustHold = record.holdsOut
        if record.isSettled && !mustHold { return "step \(id) is settled" }
        if !step.isBake, !step.isOfTraffic, fold.isQuarantined(step.resource) {
            return "\(index.name(of: step.resource)) is quarantined"
        }
        if fold.awaitsPerson { return "the run waits for a person" }
        if !mustHold {
            guard isWanted(step) else {
                return "step \(id) is not wanted on the way that \(index.name(of: step.resource)) goes"
            }
            if fold.isPaused, pauses(step) { return "the run is paused" }
        }
        if let missing = firstMissing(of: step, for: step) {
            return "step \(id) waits for \(index.name(of: missing)) (I3)"
        }
        if lacksAnswer(step) { return "step \(id) waits for a person's answer (I6)" }
        if let other = returnUnderWay(for: step) { return "\(index.name(of: other)) is under way" }
        if let drain = drainUnderWay(for: step) { return "\(drain) is under way" }
        if step.availability == .requiresOut, step.isTakenOut, !fold.isOut(step.resource) {
            return "\(index.name(of: step.resource)) is not out (I1)"
        }
        return turnRefusal(of: step)
    }

    private func illegalityOfDone(
        _ step: IndexedStep?, _ id: StepID, attempt: Int, observation: Observation
    ) -> String? {
        guard let open = step.flatMap({ fold[$0].open }) else { return "no attempt of \(id) is under way" }
        guard open.number == attempt else { return "attempt \(open.number) of \(id) is under way" }
        guard observation.verdict == .pass else { return "an observation that is no pass doesn't make \(id) done (I6)" }
        if open.acts && observation.observedAt < open.intendedAt {
            return "the observation is older than the act that it judges (I6)"
        }
        return nil
    }

    private func illegalityOfFailure(_ step: IndexedStep, _ id: StepID, attempt: Int) -> String? {
        let record = fold[step]
        if let open = record.open {
            return open.number == attempt ? nil : "attempt \(open.number) of \(id) is under way"
        }
        // A drain that is lost may be found impossible to take again.
        let mustHold = record.holdsOut && attempt == record.attempts + 1
        if record.isSettled && !mustHold { return "step \(id) is settled" }
        return attempt == record.attempts + 1 ? nil : "attempt \(attempt) of \(id) is over"
    }

    private func illegalityOfSkip(_ step: IndexedStep, _ id: StepID) -> String? {
        let planned = index.planned(step.number)
        guard planned.maySkip else {
            return "step \(id) (\(planned.action.name)) cannot be skipped: a resource's return would rest on it (I6)"
        }
        return fold[step].isSettled ? "step \(id) is settled" : nil
    }

    private func illegalityOfEnd() -> String? {
        if let open = fold.open.map(index.name).min() { return "step \(open) is under way" }
        let owed = fold.out.first { !fold.isQuarantined($0) }
        return owed.map { "\(index.name(of: $0)) is still out" }
    }
}
