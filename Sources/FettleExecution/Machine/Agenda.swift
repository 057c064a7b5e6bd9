import FettleModel

/// What is left to do, kept up to date with the journal: after each record only the resources that it can have touched are
/// looked at again, so that a run over a thousand hosts doesn't ask each of them after every event.
struct Agenda: Sendable {
    enum Owner: Hashable, Sendable {
        case resource(ResourceID)
        /// A bake belongs to its wave.
        case bake(StepID)
    }

    struct Share: Sendable {
        /// There is something still to be carried out, or left open by an executor that is gone.
        var isWanted = false
        /// The priorities of the steps that only time, room or a driver can keep from starting.
        var startable: [Int] = []
        /// Those of them that wait by the clock: tried before, or bound to a window.
        var timed: [Int] = []
        /// Those of them that bring the resource back.
        var returning: [Int] = []
        /// One of them takes the resource out.
        var isReady = false
        /// Why the resource can only be quarantined; nil if it need not be.
        var quarantine: String?
    }

    var isStale = true
    var touched: Set<Owner> = []
    var shares: [Owner: Share] = [:]
    /// Who waits for a step of somebody else. Each step waits for one thing at a time: the next that it finds missing.
    var watchers: [StepID: Set<Owner>] = [:]
    /// Where in its dependencies a step was last found waiting: the next look begins there. A bake waits for many, and each of
    /// them that comes back is a look.
    var waitingPlaces: [StepID: Int] = [:]
    /// Who waits for the turns before its own.
    var turnWatchers: [TurnWait: Set<Owner>] = [:]
    /// Who waits, by order, for those of other turns to be back, because they may not be out together.
    var returnWatchers: [Int: Set<Owner>] = [:]
    /// Who could go out now, by order.
    var ready: [Int: Set<Owner>] = [:]
    var wanted: Set<Owner> = []
    var quarantines: Set<ResourceID> = []
    /// The way back first, then the plan's order.
    var startable = SortedPriorities()
    var timed: Set<Int> = []
    var returning = SortedPriorities()
}

extension RunMachine {
    /// Notes what a record can have changed. Whatever concerns the run as a whole concerns everybody.
    mutating func touch(by event: RunEvent) {
        switch event {
        case .stepIntended(let id, _, _), .stepDone(let id, _, _), .stepFailed(let id, _, _),
            .stepSkipped(let id, _, _):
            guard let step = index.step(id) else { return }
            if fold[id].isFailedForGood { agenda.isStale = true }
            for resource in step.owners {
                courses[resource] = courseNow(of: resource)
                recountTurns(of: resource)
            }
            touch(step)
        case .started, .claimed, .paused, .resumed, .retried, .failedRetried, .abortRequested, .rollbackRequested,
            .partRollbackRequested, .handOverRequested, .superseded, .quarantined, .awaitingHuman,
            .gateAnswered, .ended:
            agenda.isStale = true
            for resource in index.resources { courses[resource] = courseNow(of: resource) }
            recountTurns()
        }
    }

    mutating func touch(_ step: Step) {
        guard !agenda.isStale else { return }
        agenda.touched.insert(owner(of: step))
        wakeWatchers(of: step.id)
        if fold.mode == .forward && fold.failed.isEmpty { return }
        // Others may be waiting for a resource that goes back to be at rest.
        for resource in step.owners {
            for other in index.steps[resource] ?? [] { wakeWatchers(of: other.id) }
            for bake in index.bakesOf[resource] ?? [] {
                agenda.touched.insert(.bake(bake.id))
                wakeWatchers(of: bake.id)
            }
        }
    }

    private mutating func wakeWatchers(of step: StepID) {
        guard let watchers = agenda.watchers.removeValue(forKey: step) else { return }
        agenda.touched.formUnion(watchers)
    }

    mutating func refreshAgenda() {
        if agenda.isStale { return refreshWholeAgenda() }
        guard !agenda.touched.isEmpty else { return }
        let touched = agenda.touched
        agenda.touched = []
        for owner in touched {
            let old = agenda.shares[owner] ?? Agenda.Share()
            let new = refreshShare(of: owner)
            agenda.startable.replace(old.startable, with: new.startable)
            agenda.returning.replace(old.returning, with: new.returning)
            if old.timed != new.timed {
                agenda.timed.subtract(old.timed)
                agenda.timed.formUnion(new.timed)
            }
        }
    }

    private mutating func refreshWholeAgenda() {
        agenda = Agenda()
        agenda.isStale = false
        let owners = index.resources.map(Agenda.Owner.resource) + index.bakes.map { .bake($0.id) }
        var startable: [Int] = []
        var returning: [Int] = []
        for owner in owners {
            let share = refreshShare(of: owner)
            startable += share.startable
            returning += share.returning
            agenda.timed.formUnion(share.timed)
        }
        agenda.startable = SortedPriorities(startable)
        agenda.returning = SortedPriorities(returning)
    }

    private mutating func refreshShare(of owner: Agenda.Owner) -> Agenda.Share {
        var share = Agenda.Share()
        let hasOpen = !fold.open.isEmpty
        for step in steps(of: owner) {
            if hasOpen, isInterrupted(step) {
                share.isWanted = true
                add(step, to: &share)
                continue
            }
            guard isWanted(step) else { continue }
            share.isWanted = true
            if let missing = nextMissing(for: step) {
                agenda.watchers[missing, default: []].insert(owner)
            } else if let wait = turnAwaited(by: step) {
                agenda.turnWatchers[wait, default: []].insert(owner)
            } else if let order = orderWithOthersOut(for: step) {
                agenda.returnWatchers[order, default: []].insert(owner)
            } else if isFree(step) && isInPlace(for: step) {
                add(step, to: &share)
            }
        }
        if case .resource(let resource) = owner {
            share.quarantine = quarantineReason(for: resource)
            noteReadiness(of: resource, owner, share)
            if share.quarantine == nil {
                agenda.quarantines.remove(resource)
            } else {
                agenda.quarantines.insert(resource)
            }
        }
        if share.isWanted { agenda.wanted.insert(owner) } else { agenda.wanted.remove(owner) }
        agenda.shares[owner] = share
        return share
    }

    private func add(_ step: Step, to share: inout Agenda.Share) {
        let priority = index.priority(of: step.id)
        share.startable.append(priority)
        if fold.steps[step.id]?.failure != nil || index.windows[step.resource] != nil { share.timed.append(priority) }
        switch step.availability {
        case .bringsBack: share.returning.append(priority)
        case .takesOut: share.isReady = share.isReady || !fold.isOut(step.resource)
        case .none, .requiresOut: break
        }
    }

    private mutating func noteReadiness(of resource: ResourceID, _ owner: Agenda.Owner, _ share: Agenda.Share) {
        guard share.isReady != agenda.shares[owner]?.isReady ?? false else { return }
        for place in index.turns.places(of: resource) {
            if share.isReady {
                agenda.ready[place.order, default: []].insert(owner)
            } else {
                agenda.ready[place.order]?.remove(owner)
            }
        }
    }

    /// A dependency that the step still waits for; nil if there is none. What lies before the place of the last look is looked at
    /// again only when nothing behind it is missing: what was there can be gone again.
    private mutating func nextMissing(for step: Step) -> StepID? {
        guard step.after.count > 1 else { return firstMissing(of: step.after, for: step) }
        let start = agenda.waitingPlaces[step.id] ?? 0
        for place in [start..<step.after.count, 0..<start].joined() where !isSatisfied(step.after[place], for: step) {
            agenda.waitingPlaces[step.id] = place
            return step.after[place]
        }
        agenda.waitingPlaces[step.id] = nil
        return nil
    }

    private func owner(of step: Step) -> Agenda.Owner {
        step.isBake ? .bake(step.id) : .resource(step.resource)
    }

    private func steps(of owner: Agenda.Owner) -> [Step] {
        switch owner {
        // On its way forward no step of the way back is wanted or under way.
        case .resource(let resource):
            (course(of: resource) == .forward ? index.forward[resource] : index.steps[resource]) ?? []
        case .bake(let id): index.step(id).map { [$0] } ?? []
        }
    }

    /// The same as `agenda.startable`, worked out anew: for tests, and for the rare moments when nothing goes on.
    func wantedSteps() -> [Step] {
        (index.plan.rollback + index.plan.steps).filter { isWanted($0) || isInterrupted($0) }
    }
}
