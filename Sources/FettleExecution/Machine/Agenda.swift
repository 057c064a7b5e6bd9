import FettleModel

/// What is left to do, kept up to date with the journal: after each record only the resources that it can have touched are
/// looked at again, so that a run over a thousand hosts doesn't ask each of them after every event.
struct Agenda: Sendable {
    /// A resource, or a bake, which belongs to its wave.
    enum Owner {}

    /// What somebody's steps come to.
    struct Share: Sendable {
        /// There is something still to be carried out, or left open by an executor that is gone.
        var isWanted = false
        /// One of its steps could take the resource out now.
        var isReady = false
        /// The resource can only be quarantined.
        var isToBeQuarantined = false
    }

    /// What a step has been found to be.
    struct Mark: OptionSet, Sendable {
        let rawValue: UInt8

        /// Only time, room or a driver can keep it from starting.
        static let isStartable = Mark(rawValue: 1)
        /// And it waits by the clock: tried before, or bound to a window.
        static let isTimed = Mark(rawValue: 2)
        /// And it brings its resource back.
        static let isReturning = Mark(rawValue: 4)
    }

    var isStale = true
    var touched = NumberSet<Owner>()
    var shares: Table<Owner, Share>
    var marks: Table<Step, Mark>
    /// Who waits for a step of somebody else.
    var watchers: WaitingLists
    /// Where in its dependencies a step was last found waiting: the next look begins there. A bake waits for many, and each of
    /// them that comes back is a look.
    var waitingPlaces: [StepNumber: Int] = [:]
    /// Who waits for the turns before its own.
    var turnWatchers: [TurnWait: NumberSet<Owner>] = [:]
    /// Who waits, by order, for those of other turns to be back, because they may not be out together.
    var returnWatchers: [Int: NumberSet<Owner>] = [:]
    /// Who could go out now, by order.
    var ready: [Int: NumberSet<Owner>] = [:]
    /// How many have something left to do.
    var wanted = 0
    var quarantines = NumberSet<Resource>()
    /// The way back first, then the plan's order.
    var startable = NumberSet<Step>()
    var timed = NumberSet<Step>()
    var returning = NumberSet<Step>()

    init(_ index: PlanIndex) {
        shares = Table(repeating: Share(), count: index.resourceCount + index.bakes.count)
        marks = Table(repeating: [], count: index.stepCount)
        watchers = WaitingLists(steps: index.stepCount)
    }

    mutating func touch(_ owners: NumberSet<Owner>) { for owner in owners { touched.insert(owner) } }

    mutating func mark(_ step: StepNumber, _ mark: Mark) {
        let changed = marks[step].symmetricDifference(mark)
        guard !changed.isEmpty else { return }
        marks[step] = mark
        if changed.contains(.isStartable) { startable.set(step, to: mark.contains(.isStartable)) }
        if changed.contains(.isTimed) { timed.set(step, to: mark.contains(.isTimed)) }
        if changed.contains(.isReturning) { returning.set(step, to: mark.contains(.isReturning)) }
    }
}

extension RunMachine {
    /// Notes what a record can have changed. Whatever concerns the run as a whole concerns everybody.
    /// - Parameter step: that of the event, if it has one.
    mutating func touch(by event: RunEvent, _ step: IndexedStep?) {
        switch event {
        case .stepIntended, .stepDone, .stepFailed, .stepSkipped:
            guard let step else { return }
            if fold[step].isFailedForGood { agenda.isStale = true }
            // It may have ended a wait that held everybody up.
            if case .stepSkipped = event { agenda.isStale = true }
            for resource in index.owners(step) {
                courses[resource] = courseNow(of: resource)
                recountTurns(of: resource)
            }
            // A watch is also awaited by whoever's step it is called; and a failure can leave nobody to watch.
            if fold[step].isFailedForGood { recountTurns() } else if step.isBake { recountTurns(of: step.resource) }
            touch(step)
        case .started, .claimed, .paused, .resumed, .retried, .failedRetried, .abortRequested, .rollbackRequested,
            .partRollbackRequested, .handOverRequested, .superseded, .quarantined, .awaitingHuman,
            .gateAnswered, .ended:
            agenda.isStale = true
            for resource in index.resources { courses[resource] = courseNow(of: resource) }
            recountTurns()
        }
    }

    mutating func touch(_ step: IndexedStep) {
        guard !agenda.isStale else { return }
        agenda.touched.insert(step.owner)
        wakeWatchers(of: step.number)
        if fold.isForward && fold.failed.isEmpty && fold.takingBack.isEmpty { return }
        // Others may be waiting for a resource that goes back to be at rest.
        for resource in index.owners(step) {
            for other in index.steps[resource] { wakeWatchers(of: other.number) }
            for bake in index.bakesOf[resource] {
                agenda.touched.insert(bake.owner)
                wakeWatchers(of: bake.number)
            }
        }
    }

    private mutating func wakeWatchers(of step: StepNumber) {
        while let watcher = agenda.watchers.takeOne(waitingFor: step) {
            agenda.touched.insert(index.step(watcher).owner)
        }
    }

    mutating func refreshAgenda() {
        if agenda.isStale {
            agenda = Agenda(index)
            agenda.isStale = false
            for resource in index.resources { refreshShare(of: resource) }
            for bake in index.bakes { refreshShare(of: bake.owner, [bake]) }
            return
        }
        guard !agenda.touched.isEmpty else { return }
        let touched = agenda.touched
        agenda.touched.removeAll()
        for owner in touched {
            if owner.asInt < index.resourceCount {
                refreshShare(of: ResourceNumber(owner.asInt))
            } else {
                refreshShare(of: owner, [index.bakes[owner.asInt - index.resourceCount]])
            }
        }
    }

    private mutating func refreshShare(of resource: ResourceNumber) {
        let owner = OwnerNumber(resource.asInt)
        let wasReady = agenda.shares[owner].isReady
        refreshShare(of: owner, index.steps[resource])
        let isToBeQuarantined = isToBeQuarantined(resource)
        agenda.shares[owner].isToBeQuarantined = isToBeQuarantined
        agenda.quarantines.set(resource, to: isToBeQuarantined)
        let isReady = agenda.shares[owner].isReady
        guard isReady != wasReady else { return }
        for place in index.turns.places(of: resource) {
            agenda.ready[place.order, default: NumberSet()].set(owner, to: isReady)
        }
    }

    private mutating func refreshShare(of owner: OwnerNumber, _ steps: some Collection<IndexedStep>) {
        var share = Agenda.Share()
        for step in steps { agenda.mark(step.number, look(at: step, &share)) }
        agenda.wanted += (share.isWanted ? 1 : 0) - (agenda.shares[owner].isWanted ? 1 : 0)
        agenda.shares[owner] = share
    }

    /// Notes for whom the step waits, if for anybody.
    private mutating func look(at step: IndexedStep, _ share: inout Agenda.Share) -> Agenda.Mark {
        if isInterrupted(step) {
            share.isWanted = true
        } else {
            guard isWanted(step) else { return [] }
            share.isWanted = true
            if let missing = nextMissing(for: step) {
                agenda.watchers.wait(step.number, for: missing)
                return []
            }
            if let wait = turnAwaited(by: step) {
                agenda.turnWatchers[wait, default: NumberSet()].insert(step.owner)
                return []
            }
            if let order = orderWithOthersOut(for: step) {
                agenda.returnWatchers[order, default: NumberSet()].insert(step.owner)
                return []
            }
            guard isFree(step) && isInPlace(for: step) else { return [] }
        }
        var mark = Agenda.Mark.isStartable
        if fold[step].hasFailed || index.windows[step.resource] != nil { mark.insert(.isTimed) }
        switch step.availability {
        case .bringsBack: mark.insert(.isReturning)
        case .takesOut: share.isReady = share.isReady || !fold.isOut(step.resource)
        case .none, .requiresOut: break
        }
        return mark
    }

    /// A dependency that the step still waits for; nil if there is none. What lies before the place of the last look is looked at
    /// again only when nothing behind it is missing: what was there can be gone again.
    private mutating func nextMissing(for step: IndexedStep) -> StepNumber? {
        let after = index.after(step)
        guard after.count > 1 else { return firstMissing(of: step, for: step) }
        let start = after.startIndex + (agenda.waitingPlaces[step.number] ?? 0)
        for place in [start..<after.endIndex, after.startIndex..<start].joined()
        where !isSatisfied(after[place], for: step) {
            agenda.waitingPlaces[step.number] = place - after.startIndex
            return after[place]
        }
        agenda.waitingPlaces[step.number] = nil
        return nil
    }

    /// The same as `agenda.startable`, worked out anew: for tests, and for the rare moments when nothing goes on.
    func wantedSteps() -> [IndexedStep] {
        var wanted: [IndexedStep] = []
        for place in 0..<index.stepCount {
            let step = index.step(StepNumber(place))
            if isWanted(step) || isInterrupted(step) { wanted.append(step) }
        }
        return wanted
    }
}
