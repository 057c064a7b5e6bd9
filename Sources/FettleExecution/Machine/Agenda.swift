import FettleModel

/// What is left to do, worked out once for each state of the journal: the way back first, then the plan's order.
struct Agenda: Sendable {
    /// The state that it was worked out from.
    var sequence = -1
    var lostDrains: Set<StepID> = []
    /// Everything that is still to be carried out, and what an executor that is gone has left open.
    var wanted: [Step] = []
    /// The steps among them that only time, room or a driver can keep from starting.
    var startable: [Step] = []
}

extension RunMachine {
    mutating func refreshAgenda() {
        guard agenda.sequence != fold.sequence || agenda.lostDrains != lostDrains else { return }
        let steps = index.plan.rollback + index.plan.steps
        let wanted = steps.filter { isWanted($0) || isInterrupted($0) }
        agenda = Agenda(
            sequence: fold.sequence, lostDrains: lostDrains, wanted: wanted,
            startable: wanted.filter { isInterrupted($0) || mayStart($0) })
    }
}
