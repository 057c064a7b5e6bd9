import FettleModel

/// Gates that a person answers: a timer never passes them, and an answer is younger than all that it judges (I6).
extension RunMachine {
    /// The step asks a person, and nobody has answered.
    func lacksAnswer(_ step: Step) -> Bool { step.asksPerson && fold.steps[step.id]?.answer == nil }

    /// Whether all that the step judges is done, so that it can be answered now.
    func isAsked(_ step: Step) -> Bool {
        guard lacksAnswer(step), fold.outcome == nil, !fold[step.id].isSettled, isWanted(step) else { return false }
        guard !fold[step.id].isFailedForGood, firstMissing(of: step.after, for: step) == nil else { return false }
        return step.availability != .requiresOut || !needsTakingOut(step) || fold.isOut(step.resource)
    }

    func illegalityOfAnswer(_ id: StepID, _ verdict: GateVerdict) -> String? {
        guard let step = index.step(id) else { return "step \(id) is not in the plan" }
        guard step.asksPerson else { return "step \(id) (\(step.action.name)) asks nobody" }
        guard verdict == .pass || verdict == .fail else { return "an answer is pass or fail" }
        if fold[id].isSettled { return "step \(id) is settled" }
        if fold.steps[id]?.answer != nil { return "step \(id) was answered already" }
        return isAsked(step) ? nil : "step \(id) is not asked yet: what it judges is not done (I6)"
    }

    /// What those that can be answered now ask; nil if there is none.
    func questions(among steps: [Step]) -> String? {
        let asked = steps.filter(isAsked)
        guard let first = asked.first else { return nil }
        let words = asked.prefix(3).map { "\($0.id) asks: \($0.action.questions.joined(separator: " "))" }
        let more = asked.count > 3 ? "; and \(asked.count - 3) more" : ""
        return words.joined(separator: "; ") + more
            + " (fettle run gate \(run) \(first.id) --pass or --fail, with --reason)"
    }
}

extension RunMachine {
    /// A no is the gate's failure, whatever else it would have asked.
    mutating func foldAnswer(_ answer: GateAnswer, to id: StepID) {
        fold[id].answer = answer
        fold.awaiting = nil
        guard answer.verdict != .pass else { return }
        let failure = StepFailure(code: .unhealthy, message: "\(answer.by) answered no: \(answer.reason)")
        foldFailure(id, attempt: fold[id].attempts + 1, failure: failure, at: answer.at)
    }
}
