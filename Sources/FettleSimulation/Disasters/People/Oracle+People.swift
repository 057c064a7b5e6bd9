import FettleExecution
import FettleModel
import FettleStore

/// Judges what becomes of what people ask for in part.
extension DisasterPlay {
    /// Before the line counts.
    mutating func judgeRequests(by event: RunEvent) {
        switch event {
        case .stepIntended(let id, _, _):
            if account.isHandingOver { oracle.broken("I2: \(id) is begun while the run is handed over") }
            guard let planned = account.steps[id], !planned.isRollback else { break }
            let resource = planned.step.resource
            if planned.step.availability == .takesOut, !account.isOut(resource), account.takenBack.contains(resource) {
                oracle.broken("I8: \(id) though \(resource) is taken back")
            }
            if planned.step.availability == .takesOut, !account.isOut(resource), isThrough(resource) {
                oracle.broken("I2: \(id) though \(resource) has come through")
            }
        case .stepDone(let id, _, _):
            guard let planned = account.steps[id], !planned.isRollback, planned.step.availability == .bringsBack
            else { break }
            if account.triedAgain.contains(planned.step.resource), world[planned.step.resource].installed == .after {
                meet(.cameThroughOnceMore, planned.step.resource.rawValue)
            }
        default: break
        }
    }

    /// Patched by this run and back, without having failed in any way.
    private func isThrough(_ resource: ResourceID) -> Bool {
        guard world.changed.contains(resource), !account.struck.contains(resource) else { return false }
        let host = world[resource]
        return host.installed == .after && host.running == .after && !host.needsReboot && host.patches > host.returns
            && superseding.foundAs[resource] != .after
    }

    /// What the machine has granted.
    mutating func judgeGranted(_ request: RunRequest, _ number: Int) {
        switch request {
        case .handOver(_, _, let epoch) where epoch != executors[number].epoch:
            oracle.broken("I2: executor-\(number) hands the run over, and another was meant")
        case .retryFailed(let resources, _):
            for resource in resources where account.quarantined.contains(resource) {
                oracle.broken("I7: \(resource) is tried again, and is in quarantine")
            }
        default: break
        }
    }

    /// I8: whoever needs somebody who goes back goes back too. By the plan's dependencies alone; of watches it keeps silent.
    mutating func judgePartRollback() {
        let back = account.takenBack
        var needs: [(resource: ResourceID, other: ResourceID)] = []
        for step in plan.steps where step.action.judged == nil {
            for awaited in step.after.compactMap({ account.steps[$0]?.step }) where awaited.action.judged == nil {
                needs.append((step.resource, awaited.resource))
            }
        }
        for step in plan.rollback {
            for awaited in step.after.compactMap({ account.steps[$0]?.step }) {
                needs.append((awaited.resource, step.resource))
            }
        }
        let stepped = Set((plan.steps + plan.rollback).map(\.resource))
        for order in plan.order where order.isDependency == true {
            guard let first = order.turns.firstIndex(where: { $0.contains(where: back.contains) }),
                let other = order.turns[first].filter(back.contains).min()
            else { continue }
            for resource in order.turns[(first + 1)...].joined() where stepped.contains(resource) {
                needs.append((resource, other))
            }
        }
        for (resource, other) in needs where resource != other && back.contains(other) {
            if back.contains(resource) {
                meet(.dependentsTakenBack)
            } else {
                oracle.broken("I8: \(other) goes back, and \(resource), which needs it, does not")
            }
        }
    }

    /// I1: nobody else is taken out before those are finished that the run has taken over as they were.
    mutating func judgeOthersOut(beside step: Step) {
        let left = account.taken.filter {
            $0 != step.resource && account.isOut($0) && !account.quarantined.contains($0)
        }
        if let host = left.min() { oracle.broken("I1: \(step.id) while \(host) is out since the run before") }
    }

    /// I7: whoever is out when a run takes another's place is answered for by exactly one of them.
    mutating func judgeWhoAnswers() {
        for resource in world.names {
            let host = world[resource]
            guard host.isReserved || !host.drained.isEmpty else { continue }
            let isKept = store.ledger[resource].map { $0.run != run } ?? false
            if store.held[resource]?.run == run || isKept { continue }
            oracle.broken("I7: \(resource) is out by a run that was replaced, and nobody answers for it")
        }
    }

    // MARK: At the end

    /// Whether the outcome says of the host what became of it: not of one that a run's plan leaves alone, nor of one that a run
    /// before had patched.
    func isJudgedByItsEnd(_ resource: ResourceID, _ outcome: RunOutcome) -> Bool {
        guard superseding.count > 0 else { return true }
        if case .rolledBack = outcome, superseding.foundAs[resource] == .after { return false }
        return account.stepped.contains(resource)
    }

    /// Who was to be taken back is, and all others came through.
    mutating func judgePart(_ resource: ResourceID, _ outcome: RunOutcome) {
        guard !account.takenBack.isEmpty else { return }
        let host = world[resource]
        if account.takenBack.contains(resource) {
            let isUndone =
                world.undone.contains(resource) && !account.hasNoWayBack(resource)
                && superseding.foundAs[resource] != .after
            if isUndone, host.installed == .after {
                oracle.broken("I8: \(resource) was to be taken back, and is patched")
            }
        } else if case .failed(let reason) = outcome, reason.hasPrefix("rolled back in part"),
            isJudgedByItsEnd(resource, outcome)
        {
            meet(.endedInPart)
            if host.installed != .after {
                oracle.broken("I11: \(resource) did not come through, and is not taken back")
            }
            if host.running != .after { oracle.broken("I6: \(resource) came through, and runs the earlier code") }
        }
    }
}
