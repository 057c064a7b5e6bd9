public import FettleModel

extension RunMachine {
    /// What is to be done now. After an `append` ask again; otherwise the last command is `wait` or `stop`.
    public mutating func next(at now: Timestamp) -> [Command] {
        if !pending.isEmpty {
            defer { pending = [] }
            return [.append(pending)]
        }
        guard fold.hasStarted else { return [.wait(until: nil)] }
        if let outcome = fold.outcome { return [.stop(outcome)] }
        if case .some = fold.handOver { return finishForHandOver(at: now) }
        refreshAgenda()
        let due = eventsDue(at: now)
        if !due.isEmpty { return [.append(due)] }

        var commands = housekeeping()
        start(at: now, &commands)
        if commands.isEmpty, activities.isEmpty, releasing.isEmpty, filing.isEmpty {
            if let event = standstill(at: now) { return [.append([event])] }
        }
        commands.append(.wait(until: wakeTime(at: now)))
        return commands
    }

    /// Reservations that nothing needs any longer, and ledger entries that are journaled and not filed.
    private mutating func housekeeping() -> [Command] {
        var commands: [Command] = []
        for resource in inOrderOfName(releasable.filter { !releasing.contains($0) }) {
            guard held.contains(resource), !fold.isOut(resource), !fold.isQuarantined(resource) else {
                releasable.remove(resource)
                continue
            }
            guard !isReserving(resource) else { continue }
            releasing.insert(resource)
            commands.append(.release(index.name(of: resource)))
        }
        commands += strangers.map(Command.release)
        strangers = []
        guard fold.quarantined.count > filed.count else { return commands }
        let unfiled = fold.quarantined.filter { !filed.contains($0.key) && !filing.contains($0.key) }
        for (resource, entry) in unfiled.sorted(by: { $0.value.resource < $1.value.resource }) {
            filing.insert(resource)
            commands.append(.quarantine(entry))
        }
        return commands
    }

    /// What is reserved for hosts that are in traffic and that nothing is about to be taken out for; sorted.
    var idleReservations: [ResourceID] {
        inOrderOfName(
            releasable.filter { held.contains($0) && !fold.isOut($0) && !fold.isQuarantined($0) && !isReserving($0) }
        ).map(index.name(of:)) + strangers
    }

    private func isReserving(_ resource: ResourceNumber) -> Bool {
        activities.contains { step, activity in
            guard case .reserving = activity else { return false }
            return index.step(step).resource == resource
        }
    }

    /// As people see them, and as they are told apart in a journal: the order of commands follows from names.
    func inOrderOfName(_ resources: [ResourceNumber]) -> [ResourceNumber] {
        resources.count < 2 ? resources : resources.sorted { index.name(of: $0) < index.name(of: $1) }
    }

    func inOrderOfName(_ steps: [StepNumber]) -> [StepNumber] {
        steps.count < 2 ? steps : steps.sorted { index.name(of: $0) < index.name(of: $1) }
    }

    /// Performs what is intended, reserves for what was checked, then checks further steps in the order of priority, as long
    /// as the plan's limit of parallel steps allows.
    private mutating func start(at now: Timestamp, _ commands: inout [Command]) {
        perform(at: now, &commands)
        reserve(&commands)
        var room = max(1, index.plan.limits.parallelSteps) - activities.count
        var leaders: [ResourceNumber: Bool] = [:]
        var groupRoom: GroupRoom?
        for number in agenda.startable {
            guard room > 0 else { break }
            let step = index.step(number)
            guard activities[number] == nil, !yieldsToLeader(step, at: now, &leaders),
                mayCheck(step, at: now, &groupRoom)
            else { continue }
            if let refusal = windowRefusal(for: step, at: now) {
                waiting[number] = Waiting(
                    cause: .window, reason: refusal, stopsInPause: pauses(step), since: now.milliseconds, nextTry: .max)
                continue
            }
            let open = fold[step].open
            let attempt = open?.number ?? fold[step].attempts + 1
            activities[number] = .checking(attempt: attempt)
            if step.availability == .takesOut { groupRoom?.add(step.resource, self) }
            room -= 1
            commands.append(
                .check(
                    order(for: step, attempt: attempt, intendedAt: open?.intendedAt ?? now),
                    confirming: drainsToConfirm(before: step).map { confirmation(of: $0, at: now) }))
        }
    }

    /// What is intended by this executor and not under way yet.
    mutating func perform(
        at now: Timestamp, _ commands: inout [Command], where isMeant: (IndexedStep) -> Bool = { _ in true }
    ) {
        let intended = fold.open.filter { fold[$0].open?.epoch == fold.epoch && activities[$0] == nil }
        for number in inOrderOfName(intended) {
            let step = index.step(number)
            guard let open = fold[number].open, isMeant(step) else { continue }
            activities[number] = .performing(attempt: open.number)
            let order = order(for: step, attempt: open.number, intendedAt: open.intendedAt)
            let drains = drainsToConfirm(before: step).filter { isOwed($0) }.map { confirmation(of: $0, at: now) }
            commands.append(.perform(order, keeping: drains))
        }
    }

    private mutating func reserve(_ commands: inout [Command]) {
        var unasked: [StepNumber] = []
        for (number, activity) in activities {
            if case .reserving(_, asked: false) = activity { unasked.append(number) }
        }
        for number in inOrderOfName(unasked) {
            guard case .reserving(let answer, _) = activities[number] else { continue }
            activities[number] = .reserving(answer, asked: true)
            commands.append(.observeAndReserve(capacityOrder(for: index.step(number))))
        }
    }

    private func capacityOrder(for step: IndexedStep) -> CapacityOrder {
        let groups = index.groups
        let quarantined = fold.quarantined.keys.flatMap { [$0] + groups.carries[$0] }
        return CapacityOrder(
            step: index.planned(step.number), isRollback: step.isRollback, isOut: isUnderWay(step.resource),
            carries: groups.carries[step.resource].map(index.name),
            groups: groups.taken[step.resource].map(index.planned),
            lentGroups: groups.lent[step.resource].map(index.planned), quarantined: Set(quarantined.map(index.name)))
    }

    /// Intended by an executor that is gone: nobody awaits its result.
    func isInterrupted(_ step: IndexedStep) -> Bool {
        guard let open = fold[step].open else { return false }
        return open.epoch < fold.epoch
    }

    /// A drain that was lost and is being taken again must be seen before the resource is brought back: one that took effect
    /// afterwards would be nobody's.
    func drainUnderWay(for step: IndexedStep) -> StepID? {
        guard step.availability == .bringsBack, !fold.open.isEmpty, fold.isOut(step.resource) else { return nil }
        var names: [StepID] = []
        for other in index.steps[step.resource] where fold[other].holdsOut && fold[other].open != nil {
            names.append(index.name(of: other))
        }
        return names.min()
    }

    func mayCheck(_ step: IndexedStep, at now: Timestamp, _ room: inout GroupRoom?) -> Bool {
        guard activities[step.number] == nil, waitsUntil(step, at: now) == nil else { return false }
        return isInterrupted(step) || hasRoomInGroups(step, &room)
    }

    /// Everything but time and room: wanted, its dependencies observed, its resource in the right place.
    func mayStart(_ step: IndexedStep) -> Bool {
        guard isWanted(step), isFree(step) else { return false }
        guard firstMissing(of: step, for: step) == nil, turnAwaited(by: step) == nil else { return false }
        return orderWithOthersOut(for: step) == nil && isInPlace(for: step)
    }

    /// Nothing about the step itself or the run as a whole keeps it from starting.
    func isFree(_ step: IndexedStep) -> Bool {
        guard !fold.hasEnded, !isHeldUp(step), !lacksAnswer(step) else { return false }
        if fold[step].open != nil && !isInterrupted(step) { return false }
        return drainUnderWay(for: step) == nil && !fold[step].isFailedForGood
    }

    /// The step's resource is where it has to be.
    func isInPlace(for step: IndexedStep) -> Bool {
        if step.availability == .requiresOut, step.isTakenOut, !fold.isOut(step.resource) { return false }
        return isResourceFree(for: step)
    }

    /// A way back starts only when what was begun on the way forward has had its result.
    private func isResourceFree(for step: IndexedStep) -> Bool {
        guard step.isRollback || course(of: step.resource) != .forward else { return true }
        // A lost drain is what an interrupted step waits for, not the other way round.
        guard !fold.open.isEmpty, !isLost(step) else { return true }
        return !index.forward(step.resource).contains { $0.number != step.number && fold[$0].open != nil }
    }

    func isHeldUp(_ step: IndexedStep) -> Bool {
        fold.awaitsPerson || (fold.isPaused && pauses(step))
    }

    /// A resource that is out by a drain of the same kind is not taken out once more. But one that is seen to
    /// get traffic, though it should be out by now, is asked for again: its groups may have got worse since (I1).
    /// - Parameter answer: what the step's check has seen; nil: not checked yet.
    func needsReservation(_ step: IndexedStep, after answer: StepAnswer? = nil) -> Bool {
        guard step.availability == .takesOut else { return false }
        guard held.contains(step.resource) else { return true }
        if case .ready = answer, step.traffic != nil, !isLost(step) { return true }
        return !index.steps[step.resource].contains { fold[$0].holdsOut && $0.traffic == step.traffic }
    }

    /// Spares the store a question whose answer is known: this run has as many out as the plan allows.
    /// - Parameter room: counted here where it is needed and not known yet.
    func hasRoomInGroups(_ step: IndexedStep, _ room: inout GroupRoom?) -> Bool {
        guard needsReservation(step), !fold.isOut(step.resource) else { return true }
        guard !index.groups.taken[step.resource].isEmpty else { return true }
        if room == nil { room = .now(self) }
        return room?.isLeft(for: step.resource, self) ?? true
    }

    /// Drains on which the step rests: a load balancer that was restarted has forgotten them (I3). By name.
    private func drainsToConfirm(before step: IndexedStep) -> [IndexedStep] {
        guard step.availability == .requiresOut, course(of: step.resource) != .restoring else { return [] }
        // What was interrupted and is not tried again rests on nothing any more: it has only to be settled.
        if isInterrupted(step), !isWanted(step) { return [] }
        let own = step.isRollback ? index.rollback(step.resource) : index.forward(step.resource)
        guard fold.isOut(step.resource) else { return [] }
        let drains = own.filter { fold[$0].holdsOut && $0.traffic != nil }
        return drains.count < 2 ? drains : drains.sorted { index.name(of: $0) < index.name(of: $1) }
    }

    func confirmation(of drain: IndexedStep, at now: Timestamp) -> StepOrder {
        order(for: drain, attempt: fold[drain].attempts, intendedAt: now)
    }

    /// A drain of this run's own. What was found drained is not kept up behind the back of whoever lets it in again: that is seen
    /// before the next step, which has it drained by this run, to be taken back in the end (I7).
    func isOwed(_ drain: IndexedStep) -> Bool {
        trafficKey(of: drain).map { fold.obligations[$0] != nil } ?? false
    }

    func order(for step: IndexedStep, attempt: Int, intendedAt: Timestamp) -> StepOrder {
        StepOrder(
            step: narrowed(step), attempt: attempt, intendedAt: intendedAt, prior: prior(for: step),
            before: before(step))
    }

    /// What comes as soon as the step has taken its resource out; nil if it takes nobody out, or nothing rests on it.
    func order(after id: StepID, at now: Timestamp) -> StepOrder? {
        guard let step = index.step(id), step.availability == .takesOut else { return nil }
        let next = index.steps[step.resource].first {
            $0.availability == .requiresOut && !fold[$0].isSettled && index.after($0).contains(step.number)
        }
        return next.map { order(for: $0, attempt: fold[$0].attempts + 1, intendedAt: now) }
    }

    /// How those that a bake watches were before anything was done to them.
    private func before(_ step: IndexedStep) -> [ResourceID: Observation] {
        guard step.isBake, case .bake(_, _, _, .some) = index.planned(step.number).action else { return [:] }
        var result: [ResourceID: Observation] = [:]
        for resource in index.owners(step) {
            let preflight = index.forward(resource).first {
                if case .preflight = index.planned($0.number).action { true } else { false }
            }
            if let preflight, let observation = fold.accounts[preflight.number]?.done {
                result[index.name(of: resource)] = observation
            }
        }
        return result
    }

    /// A bake watches those of its resources that have not failed; anything else is carried out as it was approved.
    private func narrowed(_ step: IndexedStep) -> Step {
        let planned = index.planned(step.number)
        guard step.isBake, case .bake(let seconds, let resources, let probes, var judgement) = planned.action,
            !resources.isEmpty
        else { return planned }
        // A control that has failed, is kept out or is taken back, perhaps before its restart, is no measure for anybody.
        judgement?.controls.removeAll { control in
            index.number(of: control).map { isUnwatched($0) } ?? false
        }
        var result = planned
        result.action = .bake(
            seconds: seconds, resources: bakedResources(of: step).map(index.name), probes: probes,
            judgement: judgement)
        return result
    }

    /// What was seen before the change that the step takes back (I7); for any other step what its own check saw before its
    /// first attempt, such as the boot id before a reboot.
    private func prior(for step: IndexedStep) -> PriorState? {
        if case .bringHome = index.planned(step.number).action { return beforeEvacuation(step) }
        if step.availability == .bringsBack {
            if let key = trafficKey(of: step), let obligation = fold.obligations[key] { return obligation.prior }
            for number in takenOut(by: step) { if let prior = fold.accounts[number]?.prior { return prior } }
            return nil
        }
        if step.isGate || step.isBake { return notes(for: step) }
        return fold.accounts[step.number]?.prior ?? step.compensates.flatMap { fold.accounts[$0]?.prior }
    }

    /// How the machines of a hypervisor were before it was emptied, for the step that brings them home. On the way back the first time
    /// that it was emptied counts: later they may have been away already.
    private func beforeEvacuation(_ step: IndexedStep) -> PriorState? {
        let forward = index.forward(step.resource).filter { step.isRollback || $0.isControl == step.isControl }
        let back = step.isRollback ? index.rollback(step.resource) : []
        for other in Array(forward) + Array(back) {
            guard case .evacuate = index.planned(other.number).action,
                let prior = fold.accounts[other.number]?.prior, !prior.alreadySo
            else { continue }
            return prior
        }
        return fold.accounts[step.number]?.prior
    }

    /// The steps by which a resource is out and which `step` takes back. By name.
    func takenOut(by step: IndexedStep) -> [StepNumber] {
        inOrderOfName(index.steps[step.resource].filter { fold[$0].holdsOut && step.bringsBack($0) }.map(\.number))
    }
}
