import FettleModel

/// Gates that a person answers: a timer never passes them, and an answer is younger than all that it judges (I6).
extension RunMachine {
    /// The step asks a person, and nobody has answered.
    func lacksAnswer(_ step: IndexedStep) -> Bool { step.asksPerson && !fold[step].isAnswered }

    /// Whether all that the step judges is done, so that it can be answered now.
    func isAsked(_ step: IndexedStep) -> Bool {
        guard lacksAnswer(step), !fold.hasEnded, !fold[step].isSettled, isWanted(step) else { return false }
        guard !fold[step].isFailedForGood, firstMissing(of: step, for: step) == nil else { return false }
        return step.availability != .requiresOut || !step.isTakenOut || fold.isOut(step.resource)
    }

    func illegalityOfAnswer(_ step: IndexedStep, _ verdict: GateVerdict) -> String? {
        let planned = index.planned(step.number)
        guard step.asksPerson else { return "step \(planned.id) (\(planned.action.name)) asks nobody" }
        guard verdict == .pass || verdict == .fail else { return "an answer is pass or fail" }
        if fold[step].isSettled { return "step \(planned.id) is settled" }
        if fold[step].isAnswered { return "step \(planned.id) was answered already" }
        return isAsked(step) ? nil : "step \(planned.id) is not asked yet: what it judges is not done (I6)"
    }

    /// A gate can be answered now.
    var asksSomebody: Bool { wantedSteps().contains(where: isAsked) }

    /// The run's own drains of those who are out until a person says something, by name; who is in quarantine is left to whoever settles
    /// it.
    func drainsWaiting(at now: Timestamp) -> [StepOrder] {
        guard !fold.out.isEmpty, fold.awaitsPerson || index.asksPeople else { return [] }
        let waiting = fold.out.filter { resource in
            guard !fold.isQuarantined(resource) else { return false }
            return fold.awaitsPerson || index.steps[resource].contains(where: isAsked)
        }
        return inOrderOfName(Array(waiting)).flatMap { resource in
            index.steps[resource].filter {
                fold[$0].holdsOut && fold[$0].open == nil && $0.traffic != nil && isOwed($0)
            }
            .map { confirmation(of: $0, at: now) }
        }
    }

    /// What those that can be answered now ask; nil if there is none.
    func questions(among steps: [IndexedStep]) -> String? {
        let asked = steps.filter(isAsked).map { index.planned($0.number) }
        guard let first = asked.first else { return nil }
        let words = asked.prefix(3).map { "\($0.id) asks: \($0.action.questions.joined(separator: " "))" }
        let more = asked.count > 3 ? "; and \(asked.count - 3) more" : ""
        return words.joined(separator: "; ") + more
            + " (fettle run gate \(run) \(first.id) --pass or --fail, with --reason)"
    }
}

extension RunMachine {
    /// A no is the gate's failure, whatever else it would have asked.
    mutating func foldAnswer(_ answer: GateAnswer, to step: IndexedStep) {
        fold.change(step.number) { record, account in
            record.isAnswered = true
            account.answer = answer
        }
        fold.awaiting = nil
        guard answer.verdict != .pass else { return }
        let failure = StepFailure(code: .unhealthy, message: "\(answer.by) answered no: \(answer.reason)")
        foldFailure(step, attempt: fold[step].attempts + 1, failure: failure, at: answer.at)
    }
}
