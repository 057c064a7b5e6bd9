import FettleExecution
import FettleModel

extension DisasterPlay {
    /// Judges what has just become durable: who wrote it, and whether a run may do that at this point.
    mutating func judgeAppend(_ records: [JournalRecord], by number: Int) {
        if records.contains(where: { $0.epoch != store.epoch }) {
            oracle.broken("I2: executor-\(number) writes into the journal, and another has claimed the run")
        }
        for record in records {
            narrate("executor-\(number) writes: \(record.event.words)")
            judgeRequests(by: record.event)
            if case .stepIntended(let id, _, let prior) = record.event, !(prior?.alreadySo ?? false),
                let planned = account.steps[id], planned.step.availability == .takesOut,
                !account.isOut(planned.step.resource)
            {
                judgeTakingOut(planned.step, isRollback: planned.isRollback)
            }
            if case .stepDone(let id, _, _) = record.event { judgeDone(id) }
            // Nobody waits any longer for what a person has skipped.
            if case .stepSkipped(let id, _, _) = record.event { executors[number].keeping[id] = nil }
            for words in account.add(record.event) { oracle.broken(words) }
            if case .partRollbackRequested = record.event { judgePartRollback() }
        }
    }

    /// Done is what is so, whatever anybody has said of it.
    private mutating func judgeDone(_ id: StepID) {
        guard let step = account.steps[id]?.step else { return }
        let host = world[step.resource]
        switch step.action {
        case .changePackages(let transaction):
            if host.installed != DisasterWorld.version(after: transaction) || host.isHalfConfigured {
                oracle.broken("I3: \(id) is written down as done, and other versions are installed")
            }
        case .restartServices(let exceptions, let units):
            if host.running != host.installed, !exceptions.contains("*") {
                oracle.broken("I3: \(id) is written down as done, and replaced code runs")
            }
            if units?.isEmpty == false, host.starts == 1 {
                oracle.broken("I3: \(id) is written down as done, and nothing was started anew")
            }
        default: break
        }
    }

    /// Whoever is out hangs on the machine that Fettle runs on: nobody is when that goes out, on either way (I12).
    private mutating func judgeOwnHost(_ step: Step) {
        guard account.own.contains(step.resource) else { return }
        let others = account.out.filter { $0.key != step.resource && !$0.value.isEmpty }.keys
        guard let other = others.filter({ !account.quarantined.contains($0) }).min() else { return }
        oracle.broken("I12: \(step.id), on which Fettle runs, while \(other) is out")
    }

    private mutating func judgeTakingOut(_ step: Step, isRollback: Bool) {
        judgeOwnHost(step)
        if isRollback {
            let goes = account.isRollingBack || account.takenBack.contains(step.resource)
            if goes, let other = laterOneLeft(than: step.resource) {
                oracle.broken("I8: \(step.id) before \(other) has gone back, which came after it")
            }
            return
        }
        if step.leg == nil, account.unfit.contains(step.resource) {
            oracle.broken("I10: \(step.id), though \(step.resource) has not come back from its restart")
        }
        judgeOthersOut(beside: step)
        if account.isPaused { oracle.broken("I4: \(step.id) while the run is paused") }
        if account.isStopping { oracle.broken("I4: \(step.id) after the run was told to stop or to go back") }
        if account.failed.count > account.limits.failureBudget {
            oracle.broken(
                "I10: \(step.id) after \(account.failed.sorted()) failed: \(account.limits.failureBudget) may")
        } else if let canary = account.canaries.intersection(account.failed).min() {
            oracle.broken("I10: \(step.id) after the canary \(canary) failed")
        }
        if let other = earlierOneLeft(than: step.resource) {
            oracle.broken("I3: \(step.id) before \(other), whose turn comes first, is patched")
        }
        if store.wasFull(before: now) { oracle.broken("I11: \(step.id) though the journal's disk is full") }
    }

    /// Somebody of an earlier turn who is not patched, without having failed in any way.
    private func earlierOneLeft(than resource: ResourceID) -> ResourceID? {
        for place in orders.places(of: resource, in: world.numbers) {
            var first: ResourceID?
            for number in orders.before(place) where world.isChanged[number] && world.hosts[number].installed != .after
            {
                let other = world.numbers.ids[number]
                guard !account.struck.contains(other), !account.takenBack.contains(other) else { continue }
                first = min(first ?? other, other)
            }
            if let first { return first }
        }
        return nil
    }

    /// Somebody of a later turn who is patched, has a way back and has not begun it.
    private func laterOneLeft(than resource: ResourceID) -> ResourceID? {
        for place in orders.places(of: resource, in: world.numbers)
        where plan.order[place.order].wayBack == .reversed {
            var first: ResourceID?
            for number in orders.behind(place) where world.isChanged[number] && world.hosts[number].isPatched {
                let other = world.numbers.ids[number]
                guard account.isRollingBack || account.takenBack.contains(other), !account.isOut(other),
                    !account.quarantined.contains(other), world.undone.contains(other), !account.hasNoWayBack(other),
                    superseding.foundAs[other] != .after
                else { continue }
                first = min(first ?? other, other)
            }
            if let first { return first }
        }
        return nil
    }

    /// Judges an executor's command at the moment at which it reaches the host.
    mutating func judgeBeginning(of order: StepOrder, by number: Int) {
        let step = order.step
        if account.intended[step.id] != order.attempt {
            oracle.broken("I2: attempt \(order.attempt) of \(step.id) is performed, and no line of the journal says so")
        }
        if !isCurrent(number), store.claimedAt < now {
            oracle.broken("I2: executor-\(number) performs \(step.id), and another has claimed the run")
        }
        judgeApproval(of: step)
        judgeComparison(by: step)
        let underWay = executors[number].keeping.count
        if underWay > max(1, plan.limits.parallelSteps) {
            oracle.broken("I1: \(underWay) steps at the same time, the plan allows \(plan.limits.parallelSteps)")
        }
        guard step.availability == .requiresOut, DisasterWorld.Effect(order: order).changesTheHost,
            world.getsTraffic(step.resource)
        else { return }
        let lost = world[step.resource].lostDrainAt
        let couldBeKnown = lost < now.milliseconds - Self.blindMilliseconds
        let stalled = executors[number].stalledUntil.map { $0.milliseconds > lost } ?? false
        if couldBeKnown, !stalled { oracle.broken("I3: \(step.id) begins while \(step.resource) gets traffic") }
    }

    /// I5: what is carried out is what was approved, to the last version. A watch alone may be over fewer than planned: not over who has
    /// failed, and compared with nobody who has. That what was approved is what lies in the store is judged before a run begins, and
    /// not here.
    private mutating func judgeApproval(of step: Step) {
        guard let approved = account.steps[step.id]?.step else {
            return oracle.broken("I5: \(step.id) is in no approved plan")
        }
        if step == approved { return }
        var widened = step
        if case .bake(_, let watched, _, var judgement) = step.action,
            case .bake(let seconds, let all, let probes, let planned) = approved.action, Set(watched).isSubset(of: all),
            Set(judgement?.controls ?? []).isSubset(of: planned?.controls ?? [])
        {
            judgement?.controls = planned?.controls ?? []
            widened.action = .bake(seconds: seconds, resources: all, probes: probes, judgement: judgement)
        }
        if widened != approved { oracle.broken("I5: \(step.id) is not carried out as it was approved") }
    }

    /// Who performs something has its drains taken again as soon as they are lost.
    mutating func judgeKeeping(_ effect: DisasterWorld.Effect, by number: Int) {
        let step = effect.order.step
        guard step.availability == .requiresOut, effect.changesTheHost, executors[number].isAlive else { return }
        let lost = world[step.resource].lostOwnDrainAt
        let stalled = executors[number].stalledUntil.map { $0.milliseconds > lost } ?? false
        guard lost > .min, lost < now.milliseconds - Self.blindMilliseconds, !stalled else { return }
        if world.getsTraffic(step.resource) {
            oracle.broken("I3: \(step.resource) gets traffic again while \(step.id) goes on")
        }
    }

    /// A reboot that has been is not made once more.
    /// - Parameter boots: how often its host had booted before it.
    mutating func judgeReboot(by step: Step, boots: Int) {
        guard case .reboot = step.action, world[step.resource].boots > boots else { return }
        reboots[step.id, default: 0] += 1
        if let count = reboots[step.id], count > 1 + account.renewals {
            oracle.broken("I2: \(step.id) has rebooted \(step.resource) \(count) times")
        }
    }

    /// A reservation must not be given back before its host serves again.
    mutating func judgeRelease(of resource: ResourceID) {
        if !world[resource].drained.isEmpty {
            oracle.broken(
                "I7: \(resource) is given back, and \(world[resource].drained.sorted()) still send it nothing")
        }
    }
}
