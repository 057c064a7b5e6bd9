import FettleModel

extension RunMachine {
    /// Events that follow from the fold and the time, without a report.
    func eventsDue(at now: Timestamp) -> [RunEvent] {
        if fold.isForward, let reason = fold.budgetBroken {
            return fold.retirementsBegun.isEmpty
                ? [.rollbackRequested(by: nil, reason: reason)] : stopBehindRetirement(because: reason)
        }
        let watches = watchesForNobody()
        if !watches.isEmpty { return watches }
        let quarantines = quarantinesDue(at: now)
        if !quarantines.isEmpty { return quarantines }
        let late = outsideWindow(at: now)
        if !late.isEmpty { return late }
        let blocked = blockedTooLong(at: now)
        if !blocked.isEmpty { return blocked }
        return leftAlone(at: now)
    }

    /// Everything goes back: nobody waits for a watch over it, which can take hours. Its end is a line of the journal like any other, so
    /// that a journal in which it was waited for means what it meant.
    private func watchesForNobody() -> [RunEvent] {
        guard case .rollingBack = fold.mode, !fold.open.isEmpty else { return [] }
        return inOrderOfName(fold.open.filter { index.step($0).isBake }).compactMap { number in
            fold[number].open.map { open in
                let failure = StepFailure(code: .internal, message: "cut short: everything goes back")
                return .stepFailed(step: index.name(of: number), attempt: open.number, failure: failure)
            }
        }
    }

    /// Resources whose way back or whose return failed for good: they stay out of traffic, for a person to settle (I7).
    private func quarantinesDue(at now: Timestamp) -> [RunEvent] {
        agenda.quarantines
            .compactMap { resource in
                quarantineReason(for: resource).map { entry(for: resource, reason: $0, at: now) }
            }
            .sorted { $0.resource < $1.resource }.map { .quarantined(entry: $0) }
    }

    /// The resource has no other way left, and nothing is under way on it.
    func isToBeQuarantined(_ resource: ResourceNumber) -> Bool {
        let course = course(of: resource)
        guard course != .forward, course != .stopped, course != .quarantined else { return false }
        let steps = index.steps[resource]
        guard !steps.contains(where: { fold[$0].open != nil }) else { return false }
        return course == .stranded || steps.contains(where: keepsOut)
    }

    /// It has failed for good, and its resource's return would have to rest on it.
    private func keepsOut(_ step: IndexedStep) -> Bool {
        fold[step].isFailedForGood && !step.isOfTraffic && isWanted(step)
    }

    /// Why the resource can only be quarantined now; nil if it need not be, or not yet.
    private func quarantineReason(for resource: ResourceNumber) -> String? {
        guard isToBeQuarantined(resource) else { return nil }
        if course(of: resource) == .stranded {
            let failure = fold.failed[resource]?.failure.message ?? "its change was not finished"
            return "changed, and the plan has no way back: \(failure)"
        }
        // Traffic that cannot be turned back stays where it is, and a person is asked: its hosts are not out.
        for steps in [index.forward(resource), index.rollback(resource)] {
            guard let step = steps.first(where: keepsOut) else { continue }
            let failure = fold.account(of: step.number).failure?.message ?? "no reason was given"
            return "\(index.name(of: step)) failed: \(failure)"
        }
        return nil
    }

    private func entry(for resource: ResourceNumber, reason: String, at now: Timestamp) -> QuarantineEntry {
        QuarantineEntry(
            resource: index.name(of: resource), run: run, reason: reason, owner: fold.start?.by ?? "unknown",
            since: now,
            deadline: now.adding(seconds: index.plan.limits.quarantineDeadlineSeconds),
            obligations: fold.obligations.filter { $0.key.resource == resource }.values.sorted { $0.step < $1.step })
    }

    /// Drains that were found made are left as they were: nobody is asked to take them back (system-upgrade-controller#341).
    private func leftAlone(at now: Timestamp) -> [RunEvent] {
        agenda.returning.flatMap { number -> [RunEvent] in
            let step = index.step(number)
            guard let key = trafficKey(of: step), activities[number] == nil, fold[step].open == nil else { return [] }
            guard fold.obligations[key] == nil, !takenOut(by: step).isEmpty else { return [] }
            let (id, attempt) = (index.name(of: step), fold[step].attempts + 1)
            let found = PriorState(alreadySo: true, details: [:])
            let observation = Observation(
                verdict: .pass, summary: "left drained, as it was found", observedAt: now)
            return [
                .stepIntended(step: id, attempt: attempt, prior: found),
                .stepDone(step: id, attempt: attempt, observation: observation),
            ]
        }
    }

    /// With nothing under way and nothing to start: the end, or the reason why a person is needed. nil: time, a pause or a
    /// person decides.
    func standstill(at now: Timestamp) -> RunEvent? {
        if agenda.wanted == 0 {
            // A pause or a question doesn't keep a run from ending that has nothing more to do (argo-rollouts#1292).
            return .ended(outcome: outcomeNow())
        }
        if fold.awaitsPerson { return nil }
        if mayComeOnByItself(at: now) { return nil }
        let left = wantedSteps()
        let free = left.filter { !(fold.isPaused && pauses($0)) }
        if free.isEmpty { return nil }
        let refused = free.filter { isRefusedTooLong($0, at: now) }
        var room: GroupRoom?
        let mayComeOn = free.contains { step in
            !isRefusedTooLong(step, at: now)
                && (isInterrupted(step) || (mayStart(step) && hasRoomInGroups(step, &room)))
        }
        if mayComeOn { return nil }
        // Told whatever else stands in the way: an answer is what a person can give at once.
        let question = questions(among: free)
        func asking(_ reason: String) -> RunEvent {
            .awaitingHuman(reason: question.map { "\(reason); \($0)" } ?? reason)
        }
        let undecided = free.filter(isUndecided).prefix(3).map {
            "\(index.name(of: $0)): \(fold.account(of: $0.number).failure?.message ?? "")"
        }
        if !undecided.isEmpty {
            return asking(
                "undecided, so that nobody goes on: watch again, skip it or roll back: "
                    + undecided.joined(separator: "; "))
        }
        let reasons = refused.prefix(3).map { "\(index.name(of: $0)): \(waiting[$0.number]?.reason ?? "refused")" }
        if !reasons.isEmpty { return asking(reasons.joined(separator: "; ")) }
        let unturned = free.filter { $0.turnsTraffic && fold[$0].isFailedForGood }.prefix(3)
            .map { "\(index.name(of: $0)): \(fold.account(of: $0.number).failure?.message ?? "failed")" }
        if !unturned.isEmpty { return asking(unturned.joined(separator: "; ")) }
        if let question { return .awaitingHuman(reason: question) }
        return .awaitingHuman(reason: "nothing can go on: \(stuck(among: free))")
    }

    /// The next step of each of the first three resources, and what it waits for: of those that failed or are out before the others, who
    /// wait for them.
    private func stuck(among steps: [IndexedStep]) -> String {
        var (words, seen): ([String], NumberSet<Agenda.Owner>) = ([], NumberSet())
        let isAhead = { (step: IndexedStep) in
            !step.isBake && (fold.hasFailed(step.resource) || fold.isOut(step.resource))
        }
        for step in steps.filter(isAhead) + steps where words.count < 3 && seen.insert(step.owner) {
            let id = index.name(of: step)
            var room: GroupRoom?
            let reason =
                illegalityOfIntent(step, id, attempt: fold[step].attempts + 1)
                ?? (hasRoomInGroups(step, &room) ? nil : "as many are out as the plan allows (I1)")
            words.append("\(id) cannot start" + (reason.map { ": \($0)" } ?? ""))
        }
        return words.joined(separator: "; ")
    }

    /// A bake that has seen too little, for as long as it was to be extended: it never passes by itself, and is no failure.
    func isUndecided(_ step: IndexedStep) -> Bool {
        guard step.isBake, !step.isGate, fold[step].isFailedForGood, !fold[step].isSettled else { return false }
        return fold.accounts[step.number]?.failure?.code == .inconclusive
    }

    /// Whether something can start as soon as there is time or room for it: the common case, told without a look at everything.
    private func mayComeOnByItself(at now: Timestamp) -> Bool {
        var room: GroupRoom?
        return agenda.startable.contains { number in
            let step = index.step(number)
            if fold.isPaused, pauses(step) { return false }
            return !isRefusedTooLong(step, at: now) && (isInterrupted(step) || hasRoomInGroups(step, &room))
        }
    }

    private func outcomeNow() -> RunOutcome {
        let kept = fold.quarantined.values.map(\.resource.rawValue).sorted().joined(separator: ", ")
        let withKept = { (reason: String) in kept.isEmpty ? reason : "\(reason); quarantined: \(kept)" }
        switch fold.mode {
        case .aborting(let person, let reason):
            return .failed(reason: withKept("aborted by \(person): \(reason)"))
        case .rollingBack(_, let reason):
            let changed = index.resources.filter { isChangedForGood($0) }
            if !changed.isEmpty {
                let names = changed.map { index.name(of: $0).rawValue }.joined(separator: ", ")
                return .failed(reason: withKept("\(reason); no way back for: \(names)"))
            }
            return kept.isEmpty ? .rolledBack(reason: reason) : .failed(reason: withKept(reason))
        case .forward:
            if fold.failed.isEmpty && kept.isEmpty { return fold.partRollback.map(outcome(afterPart:)) ?? .succeeded }
            let failures = fold.failed.map { (name: index.name(of: $0.key), value: $0.value) }
                .sorted { $0.name < $1.name }
                .map { "\($0.name) at \($0.value.step): \($0.value.failure.message)" }
            return .failed(reason: withKept("\(failures.count) failed: \(failures.joined(separator: "; "))"))
        }
    }
}
