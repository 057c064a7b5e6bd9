import FettleModel

extension RunMachine {
    /// What the acts on the step's resources noted before they began, such as where a log ended: of each the earliest, since all
    /// that was done on the same way is judged together (I6); and what a person answered. nil: nothing was.
    func notes(for step: Step) -> PriorState? {
        var notes: [String: String] = [:]
        let ways = index.isRollback(step.id) ? index.rollback : index.forward
        for resource in step.owners {
            for act in ways[resource] ?? [] where act.changesTheHost {
                for (name, value) in fold.steps[act.id]?.prior?.details ?? [:]
                where name.hasPrefix(PriorState.markPrefix) && notes[name] == nil {
                    notes[name] = value
                }
            }
        }
        if let answer = fold.steps[step.id]?.answer {
            notes[PriorState.answerVerdict] = answer.verdict.rawValue
            notes[PriorState.answerPerson] = answer.by.rawValue
            notes[PriorState.answerReason] = answer.reason
        }
        return notes.isEmpty ? nil : PriorState(alreadySo: false, details: notes)
    }
}
