import FettleModel

extension RunMachine {
    /// Why a record cannot come next; nil if it can. Every rule on what may follow what is here and nowhere else.
    func illegality(of record: JournalRecord) -> String? {
        guard record.sequence == fold.sequence + 1 else {
            return "it should be line \(fold.sequence + 1)"
        }
        guard record.epoch >= fold.epoch else {
            return "epoch \(record.epoch) is older than \(fold.epoch)"
        }
        if fold.outcome != nil { return "the run has ended" }
        guard fold.start != nil else {
            if case .started = record.event { return nil }
            return "the run has not been started"
        }
        if case .claimed = record.event { return nil }
        if record.epoch > fold.epoch { return "epoch \(record.epoch) has claimed nothing" }
        return illegality(of: record.event, at: record.at)
    }

    private func illegality(of event: RunEvent, at time: Timestamp) -> String? {
        switch event {
        case .started: return "it was started before"
        case .claimed: return nil
        case .stepIntended(let step, let attempt, let prior):
            return illegalityOfIntent(step, attempt: attempt, prior: prior)
        case .stepDone(let step, let attempt, let observation):
            return illegalityOfDone(step, attempt: attempt, observation: observation)
        case .stepFailed(let step, let attempt, _):
            return illegalityOfFailure(step, attempt: attempt)
        case .stepSkipped(let step, _, _): return illegalityOfSkip(step)
        case .gateAnswered(let step, _, let verdict, _): return illegalityOfAnswer(step, verdict)
        case .paused: return fold.pause == nil ? nil : "it is paused already"
        case .resumed: return fold.pause == nil ? "it is not paused" : nil
        case .retried: return nil
        case .partRollbackRequested(let resources, _, _): return illegalityOfPartRollback(resources)
        case .failedRetried(let resources, _): return illegalityOfRetry(of: resources)
        case .superseded(_, let hosts, _): return illegalityOfSupersession(hosts)
        case .handOverRequested: return fold.handOver == nil ? nil : "it is being handed over already"
        case .abortRequested: return fold.mode == .forward ? nil : "it is being stopped or rolled back already"
        case .rollbackRequested:
            if case .rollingBack = fold.mode { return "it is being rolled back already" }
            return nil
        case .quarantined(let entry):
            guard index.steps[entry.resource] != nil else { return "\(entry.resource) is not in the plan" }
            return fold.quarantined[entry.resource] == nil ? nil : "\(entry.resource) is quarantined already"
        case .awaitingHuman: return fold.awaiting == nil ? nil : "it is waiting for a person already"
        case .ended: return illegalityOfEnd()
        }
    }

    private func illegalityOfIntent(_ id: StepID, attempt: Int, prior: PriorState?) -> String? {
        guard let step = index.step(id) else { return "step \(id) is not in the plan" }
        let record = fold[id]
        guard attempt == record.attempts + 1 else { return "attempt \(record.attempts + 1) of \(id) comes next" }
        if let open = record.open, open.epoch >= fold.epoch { return "an attempt of \(id) is under way" }
        let mustHold = (fold.out[step.resource] ?? []).contains(id)
        if record.isSettled && !mustHold { return "step \(id) is settled" }
        if !step.isBake, fold.quarantined[step.resource] != nil { return "\(step.resource) is quarantined" }
        if fold.awaiting != nil { return "the run waits for a person" }
        if !mustHold {
            guard isWanted(step) else { return "step \(id) is not wanted on the way that \(step.resource) goes" }
            if fold.pause != nil, pauses(step) { return "the run is paused" }
        }
        if let missing = firstMissing(of: step.after, for: step) {
            return "step \(id) waits for \(missing) (I3)"
        }
        if lacksAnswer(step) { return "step \(id) waits for a person's answer (I6)" }
        if let other = returnUnderWay(for: step) { return "\(other) is under way" }
        if let drain = drainUnderWay(for: step) { return "\(drain) is under way" }
        if step.availability == .requiresOut, needsTakingOut(step), !fold.isOut(step.resource) {
            return "\(step.resource) is not out (I1)"
        }
        return turnRefusal(of: step)
    }

    private func illegalityOfDone(_ id: StepID, attempt: Int, observation: Observation) -> String? {
        guard let open = fold[id].open else { return "no attempt of \(id) is under way" }
        guard open.number == attempt else { return "attempt \(open.number) of \(id) is under way" }
        guard observation.verdict == .pass else { return "an observation that is no pass doesn't make \(id) done (I6)" }
        let acts = !(open.prior?.alreadySo ?? false)
        if acts && observation.observedAt < open.intendedAt {
            return "the observation is older than the act that it judges (I6)"
        }
        return nil
    }

    private func illegalityOfFailure(_ id: StepID, attempt: Int) -> String? {
        guard index.step(id) != nil else { return "step \(id) is not in the plan" }
        let record = fold[id]
        if let open = record.open {
            return open.number == attempt ? nil : "attempt \(open.number) of \(id) is under way"
        }
        if record.isSettled { return "step \(id) is settled" }
        return attempt == record.attempts + 1 ? nil : "attempt \(attempt) of \(id) is over"
    }

    func illegalityOfSkip(_ id: StepID) -> String? {
        guard let step = index.step(id) else { return "step \(id) is not in the plan" }
        guard step.maySkip else {
            return "step \(id) (\(step.action.name)) cannot be skipped: a resource's return would rest on it (I6)"
        }
        return fold[id].isSettled ? "step \(id) is settled" : nil
    }

    private func illegalityOfEnd() -> String? {
        if let open = fold.open.min() { return "step \(open) is under way" }
        let owed = fold.out.first { !$0.value.isEmpty && fold.quarantined[$0.key] == nil }?.key
        return owed.map { "\($0) is still out" }
    }

    /// Whether the plan takes the step's resource out at all; otherwise nothing has to be held for it.
    func needsTakingOut(_ step: Step) -> Bool {
        let list = index.isRollback(step.id) ? index.rollback : index.forward
        return (list[step.resource] ?? []).contains { $0.availability == .takesOut }
    }
}
