import FettleModel

extension RunMachine {
    /// What the acts on the step's resources noted before they began, such as where a log ended: of each the earliest, since all
    /// that was done on the same way is judged together (I6); and what a person answered. nil: nothing was.
    func notes(for step: IndexedStep) -> PriorState? {
        var notes: [String: String] = [:]
        for resource in index.owners(step) {
            let way = step.isRollback ? index.rollback(resource) : index.forward(resource)
            for act in way where act.changesTheHost {
                for (name, value) in fold.accounts[act.number]?.prior?.details ?? [:]
                where name.hasPrefix(PriorState.markPrefix) && notes[name] == nil {
                    notes[name] = value
                }
            }
        }
        if let answer = fold.accounts[step.number]?.answer {
            notes[PriorState.answerVerdict] = answer.verdict.rawValue
            notes[PriorState.answerPerson] = answer.by.rawValue
            notes[PriorState.answerReason] = answer.reason
        }
        return notes.isEmpty ? nil : PriorState(alreadySo: false, details: notes)
    }
}
