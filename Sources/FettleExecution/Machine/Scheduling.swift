public import FettleModel

extension RunMachine {
    /// What is to be done now. After an `append` ask again; otherwise the last command is `wait` or `stop`.
    public mutating func next(at now: Timestamp) -> [Command] {
        if !pending.isEmpty {
            defer { pending = [] }
            return [.append(pending)]
        }
        guard fold.start != nil else { return [.wait(until: nil)] }
        if let outcome = fold.outcome { return [.stop(outcome)] }
        refreshAgenda()
        let due = eventsDue(at: now)
        if !due.isEmpty { return [.append(due)] }

        var commands = housekeeping()
        commands += starts(at: now)
        if commands.isEmpty, activities.isEmpty, releasing.isEmpty, filing.isEmpty {
            if let event = standstill(at: now) { return [.append([event])] }
        }
        return commands + [.wait(until: wakeTime(at: now))]
    }

    /// Reservations that nothing needs any longer, and ledger entries that are journaled and not filed.
    private mutating func housekeeping() -> [Command] {
        var commands: [Command] = []
        for resource in releasable.sorted() where !releasing.contains(resource) {
            guard held.contains(resource), !fold.isOut(resource), fold.quarantined[resource] == nil else {
                releasable.remove(resource)
                continue
            }
            guard !isReserving(resource) else { continue }
            releasing.insert(resource)
            commands.append(.release(resource))
        }
        guard fold.quarantined.count > filed.count else { return commands }
        for entry in fold.quarantined.values.sorted(by: { $0.resource < $1.resource })
        where !filed.contains(entry.resource) && !filing.contains(entry.resource) {
            filing.insert(entry.resource)
            commands.append(.quarantine(entry))
        }
        return commands
    }

    private func isReserving(_ resource: ResourceID) -> Bool {
        activities.contains { id, activity in
            guard case .reserving = activity else { return false }
            return index.step(id)?.resource == resource
        }
    }

    /// Performs what is intended, reserves for what was checked, then checks further steps in the order of priority, as long
    /// as the plan's limit of parallel steps allows.
    private mutating func starts(at now: Timestamp) -> [Command] {
        var commands: [Command] = []
        for id in fold.open.sorted() where activities[id] == nil {
            guard let open = fold[id].open, open.epoch == fold.epoch, let step = index.step(id) else { continue }
            activities[id] = .performing(attempt: open.number)
            commands.append(
                .perform(
                    order(for: step, attempt: open.number, intendedAt: open.intendedAt),
                    keeping: drainsToConfirm(before: step, at: now).filter { isOwed($0.step) }))
        }
        for (id, activity) in activities.sorted(by: { $0.key < $1.key }) {
            guard case .reserving(let answer, asked: false) = activity, let step = index.step(id) else { continue }
            activities[id] = .reserving(answer, asked: true)
            let order = CapacityOrder(
                step: step, isRollback: index.isRollback(id), carries: index.carries[step.resource] ?? [],
                groups: index.groups[step.resource] ?? [], lentGroups: index.lentGroups[step.resource] ?? [],
                quarantined: Set(fold.quarantined.keys.flatMap(index.taken)))
            commands.append(.observeAndReserve(order))
        }
        var room = max(1, index.plan.limits.parallelSteps) - activities.count
        var leaders: [ResourceID: Bool] = [:]
        var groupRoom: GroupRoom?
        for priority in agenda.startable {
            guard room > 0 else { break }
            let step = index.step(withPriority: priority)
            guard activities[step.id] == nil, !yieldsToLeader(step, at: now, &leaders),
                mayCheck(step, at: now, &groupRoom)
            else { continue }
            if let refusal = windowRefusal(for: step, at: now) {
                waiting[step.id] = Waiting(cause: .window, reason: refusal, since: now.milliseconds, nextTry: .max)
                continue
            }
            let open = fold[step.id].open
            let attempt = open?.number ?? fold[step.id].attempts + 1
            activities[step.id] = .checking(attempt: attempt)
            if step.availability == .takesOut { groupRoom?.add(step.resource, self) }
            room -= 1
            commands.append(
                .check(
                    order(for: step, attempt: attempt, intendedAt: open?.intendedAt ?? now),
                    confirming: drainsToConfirm(before: step, at: now)))
        }
        return commands
    }

    /// Intended by an executor that is gone: nobody awaits its result.
    func isInterrupted(_ step: Step) -> Bool {
        guard fold.open.contains(step.id), let open = fold.steps[step.id]?.open else { return false }
        return open.epoch < fold.epoch
    }

    /// A drain that was lost and is being taken again must be seen before the resource is brought back: one that took effect
    /// afterwards would be nobody's.
    func drainUnderWay(for step: Step) -> StepID? {
        guard step.availability == .bringsBack, !fold.open.isEmpty else { return nil }
        return fold.out[step.resource]?.filter(fold.open.contains).min()
    }

    func mayCheck(_ step: Step, at now: Timestamp, _ room: inout GroupRoom?) -> Bool {
        guard activities[step.id] == nil, waitsUntil(step, at: now) == nil else { return false }
        return isInterrupted(step) || hasRoomInGroups(step, &room)
    }

    /// Everything but time and room: wanted, its dependencies observed, its resource in the right place.
    func mayStart(_ step: Step) -> Bool {
        guard isWanted(step), isFree(step) else { return false }
        guard firstMissing(of: step.after, for: step) == nil, turnAwaited(by: step) == nil else { return false }
        return orderWithOthersOut(for: step) == nil && isInPlace(for: step)
    }

    /// Nothing about the step itself or the run as a whole keeps it from starting.
    func isFree(_ step: Step) -> Bool {
        guard fold.outcome == nil, !isHeldUp(step) else { return false }
        if fold.open.contains(step.id) && !isInterrupted(step) { return false }
        if drainUnderWay(for: step) != nil { return false }
        return !(fold.steps[step.id]?.isFailedForGood ?? false)
    }

    /// The step's resource is where it has to be.
    func isInPlace(for step: Step) -> Bool {
        if step.availability == .requiresOut, needsTakingOut(step), !fold.isOut(step.resource) { return false }
        return isResourceFree(for: step)
    }

    /// A way back starts only when what was begun on the way forward has had its result.
    private func isResourceFree(for step: Step) -> Bool {
        guard index.isRollback(step.id) || course(of: step.resource) != .forward else { return true }
        // A lost drain is what an interrupted step waits for, not the other way round.
        guard !fold.open.isEmpty, !isLost(step) else { return true }
        for other in index.forward[step.resource] ?? [] where other.id != step.id && fold.open.contains(other.id) {
            return false
        }
        return true
    }

    func isHeldUp(_ step: Step) -> Bool {
        fold.awaiting != nil || (fold.pause != nil && pauses(step))
    }

    /// A resource that is out by a drain of the same kind is not taken out once more. But one that is seen to
    /// get traffic, though it should be out by now, is asked for again: its groups may have got worse since (I1).
    /// - Parameter answer: what the step's check has seen; nil: not checked yet.
    func needsReservation(_ step: Step, after answer: StepAnswer? = nil) -> Bool {
        guard step.availability == .takesOut else { return false }
        guard held.contains(step.resource) else { return true }
        if case .ready = answer, step.traffic != nil, !isLost(step) { return true }
        return !(fold.out[step.resource] ?? []).contains { id in index.step(id)?.traffic == step.traffic }
    }

    /// Spares the store a question whose answer is known: this run has as many out as the plan allows.
    /// - Parameter room: counted here where it is needed and not known yet.
    func hasRoomInGroups(_ step: Step, _ room: inout GroupRoom?) -> Bool {
        guard needsReservation(step), !fold.isOut(step.resource) else { return true }
        guard let groups = index.groups[step.resource], !groups.isEmpty else { return true }
        if room == nil { room = GroupRoom(self) }
        return room?.isLeft(for: step.resource, self) ?? true
    }

    /// Drains on which the step rests: a load balancer that was restarted has forgotten them (I3).
    private func drainsToConfirm(before step: Step, at now: Timestamp) -> [StepOrder] {
        guard step.availability == .requiresOut, course(of: step.resource) != .restoring else { return [] }
        // What was interrupted and is not tried again rests on nothing any more: it has only to be settled.
        if isInterrupted(step), !isWanted(step) { return [] }
        let isRollback = index.isRollback(step.id)
        return (fold.out[step.resource] ?? []).sorted().compactMap { id in
            guard index.isRollback(id) == isRollback, let drain = index.step(id), drain.traffic != nil else {
                return nil
            }
            return order(for: drain, attempt: fold[id].attempts, intendedAt: now)
        }
    }

    /// A drain of this run's own. What was found drained is not kept up behind the back of whoever lets it in again: that is seen
    /// before the next step, which has it drained by this run, to be taken back in the end (I7).
    private func isOwed(_ drain: Step) -> Bool {
        drain.traffic.map { fold.obligations[JournalFold.TrafficKey(resource: drain.resource, traffic: $0)] != nil }
            ?? false
    }

    func order(for step: Step, attempt: Int, intendedAt: Timestamp) -> StepOrder {
        StepOrder(
            step: narrowed(step), attempt: attempt, intendedAt: intendedAt, prior: prior(for: step),
            before: before(step))
    }

    /// How those that a bake watches were before anything was done to them.
    private func before(_ step: Step) -> [ResourceID: Observation] {
        guard case .bake(_, _, _, .some) = step.action else { return [:] }
        var result: [ResourceID: Observation] = [:]
        for resource in step.owners {
            let preflight = (index.forward[resource] ?? []).first {
                if case .preflight = $0.action { true } else { false }
            }
            if let preflight, let observation = fold.steps[preflight.id]?.done { result[resource] = observation }
        }
        return result
    }

    /// A bake watches those of its resources that have not failed; anything else is carried out as it was approved.
    private func narrowed(_ step: Step) -> Step {
        guard case .bake(let seconds, let resources, let probes, var judgement) = step.action, !resources.isEmpty else {
            return step
        }
        // A control that has failed or is kept out is no measure for anybody.
        judgement?.controls.removeAll { fold.failed[$0] != nil || fold.quarantined[$0] != nil }
        var result = step
        result.action = .bake(
            seconds: seconds, resources: bakedResources(of: step), probes: probes, judgement: judgement)
        return result
    }

    /// What was seen before the change that the step takes back (I7); for any other step what its own check saw before its
    /// first attempt, such as the boot id before a reboot.
    private func prior(for step: Step) -> PriorState? {
        if step.availability == .bringsBack {
            if let traffic = step.traffic {
                let key = JournalFold.TrafficKey(resource: step.resource, traffic: traffic)
                if let obligation = fold.obligations[key] { return obligation.prior }
            }
            return takenOut(by: step).lazy.compactMap { fold[$0].prior }.first
        }
        return fold[step.id].prior ?? step.compensates.flatMap { fold[$0].prior }
    }

    /// The steps by which a resource is out and which `step` takes back.
    func takenOut(by step: Step) -> [StepID] {
        (fold.out[step.resource] ?? []).filter { id in index.step(id).map(step.bringsBack) ?? false }.sorted()
    }
}
