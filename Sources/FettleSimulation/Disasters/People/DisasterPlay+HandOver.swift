import FettleExecution
import FettleModel

/// An executor leaves the run to another, and may live on.
extension DisasterPlay {
    /// Nothing is under way any more: it gives its lease up and stops whatever it has still asked for, as `RunSession` does.
    mutating func leave(_ number: Int) {
        judgeLeaving(number)
        executors[number].leftAt = now
        executors[number].keeping = [:]
        let livesOn = pick("lives on", number, 0...2) > 0
        let isGivenUp = store.giveUpLease(of: executors[number].epoch, at: now)
        tell(
            "executor-\(number) leaves the run\(isGivenUp ? "" : ", its lease stays")\(livesOn ? ", and lives on" : "")"
        )
        if !livesOn {
            executors[number].diedAt = now
            world.executorDied(number, at: now.milliseconds)
        }
        let next = now.adding(seconds: pick("claims", number, 1...60))
        agenda.insert(.claim(after: executors[number].epoch, .afterTheLease), at: next)
    }

    /// It stands still in the middle of leaving, past its lease: somebody else takes the run over, and it wakes up.
    mutating func stallInHandOver(_ number: Int) {
        guard executors[number].isAlive, executors[number].leftAt == nil, !executors[number].hasStopped,
            pick("stalls", number, 0...2) == 0
        else { return }
        meet(.stalledInHandOver, "executor-\(number)")
        let seconds = SimulatedStore.leaseSeconds + pick("wakes", number, 1...60)
        executors[number].stalledUntil = now.adding(seconds: seconds)
        insertClaim(at: executors[number].renewedAt.adding(seconds: SimulatedStore.leaseSeconds))
    }

    /// I2: what it has begun is finished and written down. A watch is not waited for: the next one begins it anew.
    private mutating func judgeLeaving(_ number: Int) {
        var open: Set<StepID> = []
        for record in store.journal {
            switch record.event {
            case .stepIntended(let id, _, _):
                let isWatch = account.steps[id]?.step.action.judged != nil
                if record.epoch == executors[number].epoch, !isWatch { open.insert(id) }
            case .stepDone(let id, _, _), .stepFailed(let id, _, _), .stepSkipped(let id, _, _): open.remove(id)
            default: break
            }
        }
        if let step = open.min() {
            oracle.broken("I2: executor-\(number) leaves the run while \(step) is under way")
        }
    }

    /// What it still hears moves it to nothing.
    mutating func judgeWhoHasLeft(_ number: Int) {
        meet(.zombieHeard)
        for command in executors[number].machine.next(at: executors[number].clock(at: now)) {
            if case .wait = command { continue }
            oracle.broken("I2: executor-\(number) has left the run, and goes on: \(command)")
        }
    }
}
