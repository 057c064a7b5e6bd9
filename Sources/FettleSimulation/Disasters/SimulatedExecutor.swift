import FettleExecution
import FettleModel
import FettleStore

/// One executor of the run: a machine of its own, a clock that may be wrong, a lease that it may have lost without knowing.
struct SimulatedExecutor: Sendable {
    let number: Int
    let epoch: Int
    /// Which it carries out.
    let run: RunID
    var machine: RunMachine
    var diedAt: Timestamp?
    /// It has handed the run over. It may live on.
    var leftAt: Timestamp?
    /// It does nothing until then, and does not know it.
    var stalledUntil: Timestamp?
    var renewedAt: Timestamp
    /// How far its clock is ahead, in milliseconds.
    var skew: Int64 = 0
    /// Obeyed the machine's last word.
    var hasStopped = false
    /// Steps that it performs, with the drains that it keeps up meanwhile.
    var keeping: [StepID: [StepOrder]] = [:]
    var wakesAt: Timestamp?
    /// When it last found that a step may begin.
    var decidedAt: [StepID: Decision] = [:]

    /// How a run comes to its next executor.
    enum Claim: Sendable {
        /// By whoever waits for the end of the lease.
        case afterTheLease
        /// Started again beside its own remains, whose lease is its own.
        case sameAgain
        /// A person says so, and the one before may live: nothing is begun until it has asked for its lease again.
        case fromTheLiving
    }

    struct Decision: Sendable {
        /// The true time, and what its own clock said.
        var time: Timestamp
        var clock: Timestamp
        var skew: Int64
    }

    var isAlive: Bool { diedAt == nil }

    func clock(at now: Timestamp) -> Timestamp { now.adding(milliseconds: skew) }

    func hasLease(at now: Timestamp) -> Bool { now < renewedAt.adding(seconds: SimulatedStore.leaseSeconds) }
}

extension DisasterPlay {
    /// By whoever comes after the executor that has claimed it last: nobody takes the run from one that came in between.
    /// - Parameter before: whom it comes after, by the epoch.
    mutating func claim(after before: Int, _ kind: SimulatedExecutor.Claim) throws {
        guard store.epoch == before else { return }
        let mayLive = kind == .fromTheLiving && store.leaseEnds > now
        if kind == .afterTheLease, store.leaseEnds > now { return insertClaim(at: store.leaseEnds) }
        if mayLive, executors.last?.isAlive == true { meet(.takenFromTheLiving) }
        let epoch: Int
        do throws(SimulatedStore.Refusal) { epoch = try store.claim(at: now) } catch {
            // Nobody can take it over as long as that cannot be written down.
            narrate("the run cannot be taken over: the journal's disk is full")
            return insertClaim(at: now.adding(seconds: 30), kind)
        }
        var machine = beginning.blank
        for record in store.journal {
            do throws(IllegalTransition) { try machine.apply(record) } catch {
                return oracle.broken("I2: the journal cannot be read again: \(error)")
            }
        }
        noteTakeOver(machine)
        superseding.noteClaim()
        machine.begin(holding: Set(store.held.values.filter { $0.run == run }.map(\.resource)))
        let number = executors.count
        executors.append(SimulatedExecutor(number: number, epoch: epoch, run: run, machine: machine, renewedAt: now))
        if machine.outcome != nil {
            executors[number].hasStopped = true
            return
        }
        if mayLive {
            executors[number].stalledUntil = now.adding(seconds: SimulatedStore.leaseSeconds / 3 + 1)
        }
        var events: [RunEvent] = []
        if !machine.hasStarted {
            let plan = StageReference(id: plan.id.rawValue, digest: Digest(rawValue: ""))
            events.append(.started(change: "disaster", plan: plan, by: "simulation"))
        }
        events.append(.claimed(executor: "executor-\(number)"))
        tell("executor-\(number) takes the run over with epoch \(epoch)")
        // Whoever has asked for its end was not heard, if the line was lost.
        if machine.isPaused { agenda.insert(.help, at: now.adding(seconds: 1_200)) }
        agenda.insert(.renew(executor: number), at: now.adding(seconds: SimulatedStore.leaseSeconds / 3))
        if try append(events, number) { try obey(number) }
    }

    /// Somebody comes at that time, after whoever has the run now.
    mutating func insertClaim(at time: Timestamp, _ kind: SimulatedExecutor.Claim = .afterTheLease) {
        agenda.insert(.claim(after: store.epoch, kind), at: time)
    }

    mutating func renew(_ number: Int) {
        guard executors[number].isAlive, !executors[number].hasStopped, executors[number].leftAt == nil else { return }
        if let stalled = executors[number].stalledUntil, stalled > now {
            return agenda.insert(.renew(executor: number), at: stalled)
        }
        do throws(SimulatedStore.Refusal) {
            try store.renew(executors[number].epoch, at: now)
            executors[number].renewedAt = now
            agenda.insert(.renew(executor: number), at: now.adding(seconds: SimulatedStore.leaseSeconds / 3))
        } catch { die(number, error == .full ? "the journal's disk is full" : "its lease is another's") }
    }

    mutating func receive(_ report: Report, _ number: Int) throws {
        guard executors[number].isAlive, !executors[number].hasStopped else { return }
        if let stalled = executors[number].stalledUntil, stalled > now {
            return agenda.insert(.report(executor: number, report), at: stalled)
        }
        if case .performed(let step, let attempt, _) = report,
            executors[number].machine.isPerforming(step, attempt: attempt)
        {
            executors[number].keeping[step] = nil
        }
        narrate("executor-\(number) hears: \(report.words)")
        executors[number].machine.receive(report, at: executors[number].clock(at: now))
        try obey(number)
    }

    /// Does what the machine asks for, until it waits: what `RunSession` does.
    mutating func obey(_ number: Int) throws {
        if executors[number].leftAt != nil { return judgeWhoHasLeft(number) }
        while executors[number].isAlive, !executors[number].hasStopped {
            if let stalled = executors[number].stalledUntil, stalled > now {
                return agenda.insert(.wake(executor: number), at: stalled)
            }
            let clock = executors[number].clock(at: now)
            var hasAppended = false
            for command in executors[number].machine.next(at: clock) {
                switch command {
                case .append(let events):
                    guard try append(events, number) else { return }
                    hasAppended = true
                case .check(let order, let confirming):
                    executors[number].decidedAt[order.step.id] = SimulatedExecutor.Decision(
                        time: now, clock: clock, skew: executors[number].skew)
                    world[order.step.resource].expected += 1
                    agenda.insert(
                        .check(executor: number, order, confirming: confirming),
                        at: now.adding(milliseconds: latency(of: order.step.id, order.attempt))
                    )
                case .observeAndReserve(let order):
                    world[order.step.resource].expected += 1
                    agenda.insert(
                        .reserve(executor: number, order), at: now.adding(milliseconds: latency(of: order.step.id, 0)))
                case .perform(let order, let keeping):
                    // Who has lost the run must not touch anything: another may be at work by now (I2).
                    guard stillHoldsRun(number) else {
                        return die(number, "its lease has run out")
                    }
                    executors[number].keeping[order.step.id] = keeping
                    keepUpLost(keeping, by: number)
                    world[order.step.resource].expected += 1
                    agenda.insert(.begin(executor: number, order), at: now)
                case .release(let resource):
                    guard stillHoldsRun(number) else {
                        return die(number, "its lease has run out")
                    }
                    let (run, epoch) = (executors[number].run, executors[number].epoch)
                    guard store.release(resource, of: run, by: epoch, at: now) else {
                        return die(number, isCurrent(number) ? "the journal's disk is full" : "another has the run")
                    }
                    judgeRelease(of: resource)
                    narrate("\(resource) is given back")
                    world[resource].isReserved = false
                    world[resource].hasBegun = false
                    world[resource].hasBeenChanged = false
                    world[resource].lostDrainAt = .min
                    world[resource].lostOwnDrainAt = .min
                    for cluster in world.groupsOf[resource] ?? [] {
                        world.clusters[cluster]?.handedOverAt[resource] = nil
                    }
                    deliver(.released(resource), to: number)
                case .quarantine(let entry):
                    guard store.file(entry, at: now) else { return die(number, "the journal's disk is full") }
                    world.keptOut.insert(entry.resource)
                    world.hypervisors.kept.insert(entry.resource)
                    deliver(.quarantineFiled(entry.resource), to: number)
                case .wait(let until):
                    if let until { wake(number, at: until.adding(milliseconds: -executors[number].skew)) }
                case .stop: executors[number].hasStopped = true
                }
            }
            if hasAppended { continue }
            if executors[number].machine.handedOverBy != nil { return leave(number) }
            if executors[number].machine.awaitingHuman != nil {
                meet(.awaitedHuman)
                agenda.insert(.help, at: now.adding(seconds: 900))
            }
            return
        }
    }

    private mutating func wake(_ number: Int, at time: Timestamp) {
        let time = max(time, now.adding(milliseconds: 1))
        if let set = executors[number].wakesAt, set > now, set <= time { return }
        executors[number].wakesAt = time
        agenda.insert(.wake(executor: number), at: time)
    }

    /// Durable first, then applied.
    /// - Returns: false if the executor is gone.
    private mutating func append(_ events: [RunEvent], _ number: Int) throws -> Bool {
        let (epoch, clock) = (executors[number].epoch, executors[number].clock(at: now))
        let records = events.enumerated().map { offset, event in
            JournalRecord(
                sequence: executors[number].machine.sequence + 1 + offset, epoch: epoch, at: clock, event: event)
        }
        enter(nextMoment(after: events))
        if isCrashPoint(.torn, records) || strikes(profile.tornAppend, .crashInAppend, "") {
            crash(number)
            return false
        }
        do throws(SimulatedStore.Refusal) { try store.append(records, at: now) } catch {
            if error == .fenced { meet(.fencedAppend) } else { meet(.diskFullBeyondReserve) }
            die(number, error == .fenced ? "another has the run" : "the journal's disk is full")
            return false
        }
        if store.isFull(at: now) { meet(.wroteFromReserve) }
        judgeAppend(records, by: number)
        if isCrashPoint(.unacknowledged, records)
            || strikes(profile.lostAcknowledgement, .crashWithoutAcknowledgement, "")
        {
            crash(number)
            return false
        }
        for record in records {
            do { try executors[number].machine.apply(record) } catch {
                oracle.broken("I3: the machine wrote what it refuses to read: \(error)")
                die(number, "damaged journal")
                return false
            }
            note(record.event, by: number)
            enter(nextMoment(after: [record.event]))
            if isCrashPoint(.applied, [record]) { crash(number) } else { try disturb(number) }
            guard executors[number].isAlive else { return false }
        }
        endWatchesForNobody(number)
        return true
    }

    /// As `RunSession` does: such as one that begins anew because a host that it watches is taken back.
    private mutating func endWatchesForNobody(_ number: Int) {
        for id in Array(executors[number].keeping.keys) where account.steps[id]?.step.action.judged != nil {
            let isAwaited = executors[number].machine.isPerforming(id, attempt: account.intended[id] ?? 0)
            if !isAwaited { executors[number].keeping[id] = nil }
        }
    }

    mutating func crash(_ number: Int) {
        die(number, "crash")
        store.crash()
        // Started again beside its own remains, or elsewhere when its lease has run out.
        let drawn = Bool.random(using: &random) ? Int.random(in: 6...20, using: &random) : SimulatedStore.leaseSeconds
        // Another has it by now: that one goes on.
        guard isCurrent(number) else { return }
        insertClaim(at: now.adding(seconds: crashPoint?.successorSeconds ?? drawn), .sameAgain)
    }

    /// As `RunWorker` asks before it acts: a lease that ran out unnoticed is renewed, unless another has the run by now.
    func stillHoldsRun(_ number: Int) -> Bool { executors[number].hasLease(at: now) || isCurrent(number) }

    func isCurrent(_ number: Int) -> Bool { executors[number].epoch == store.epoch }

    mutating func die(_ number: Int, _ reason: String) {
        executors[number].diedAt = now
        world.executorDied(number, at: now.milliseconds)
        tell("executor-\(number) is gone: \(reason)")
        // Nobody else has taken over: somebody must.
        if reason != "crash", isCurrent(number) { insertClaim(at: now.adding(seconds: 30), .sameAgain) }
    }
}
