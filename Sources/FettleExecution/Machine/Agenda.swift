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
        /// The steps that only time, room or a driver can keep from starting.
        var startable: [Step] = []
        /// Why the resource can only be quarantined; nil if it need not be.
        var quarantine: String?
    }

    var isStale = true
    var touched: Set<Owner> = []
    var shares: [Owner: Share] = [:]
    /// Who waits for a step of somebody else. Each step waits for one thing at a time: the next that it finds missing.
    var watchers: [StepID: Set<Owner>] = [:]
    /// Where in its dependencies a step was last found waiting: the next look begins there. A host of a large pool waits for
    /// hundreds of others, and each of them that comes back is a look.
    var waitingPlaces: [StepID: Int] = [:]
    /// Who waits for a resource to be back, because the two may not be out together.
    var returnWatchers: [ResourceID: Set<Owner>] = [:]
    var wanted: Set<Owner> = []
    var active: Set<Owner> = []
    var quarantines: Set<ResourceID> = []
    /// The way back first, then the plan's order.
    var startable: [Step] = []
}

extension RunMachine {
    /// Notes what a record can have changed. Whatever concerns the run as a whole concerns everybody.
    mutating func touch(by event: RunEvent) {
        switch event {
        case .stepIntended(let id, _, _), .stepDone(let id, _, _), .stepFailed(let id, _, _),
            .stepSkipped(let id, _, _):
            guard let step = index.step(id) else { return }
            for resource in owners(of: step) { courses[resource] = courseNow(of: resource) }
            if fold[id].isFailedForGood { agenda.isStale = true }
            touch(step)
        case .started, .claimed, .paused, .resumed, .retried, .abortRequested, .rollbackRequested, .quarantined,
            .awaitingHuman, .ended:
            for resource in index.resources { courses[resource] = courseNow(of: resource) }
            agenda.isStale = true
        }
    }

    mutating func touch(_ step: Step) {
        agenda.touched.insert(owner(of: step))
        agenda.touched.formUnion(agenda.watchers.removeValue(forKey: step.id) ?? [])
        touchExcluded(by: step)
        if fold.mode == .forward && fold.failed.isEmpty { return }
        // Others may be waiting for a resource that goes back to be at rest.
        for resource in owners(of: step) {
            for other in index.steps[resource] ?? [] {
                agenda.touched.formUnion(agenda.watchers.removeValue(forKey: other.id) ?? [])
            }
        }
        for bake in index.bakes {
            agenda.touched.insert(.bake(bake.id))
            agenda.touched.formUnion(agenda.watchers.removeValue(forKey: bake.id) ?? [])
        }
    }

    /// Going out, a resource keeps others in; back, it lets them go.
    private mutating func touchExcluded(by step: Step) {
        switch step.availability {
        case .takesOut:
            for owner in agenda.active {
                guard case .resource(let other) = owner, index.exclusions.contains(step.resource, other) else {
                    continue
                }
                agenda.touched.insert(owner)
            }
        case .bringsBack:
            agenda.touched.formUnion(agenda.returnWatchers.removeValue(forKey: step.resource) ?? [])
        case .none, .requiresOut: break
        }
    }

    mutating func refreshAgenda() {
        if agenda.isStale {
            agenda = Agenda()
            agenda.isStale = false
            agenda.touched.formUnion(index.resources.map { .resource($0) })
            agenda.touched.formUnion(index.bakes.map { .bake($0.id) })
        }
        guard !agenda.touched.isEmpty else { return }
        for owner in agenda.touched { refreshShare(of: owner) }
        agenda.touched = []
        // Each step's priority is looked up once, not at every comparison.
        var ranked: [(priority: Int, step: Step)] = []
        for owner in agenda.active {
            for step in agenda.shares[owner]?.startable ?? [] { ranked.append((priority(of: step), step)) }
        }
        ranked.sort { $0.priority < $1.priority }
        agenda.startable = ranked.map(\.step)
    }

    private mutating func refreshShare(of owner: Agenda.Owner) {
        var share = Agenda.Share()
        for step in steps(of: owner) {
            if isInterrupted(step) {
                share.isWanted = true
                share.startable.append(step)
                continue
            }
            guard isWanted(step) else { continue }
            share.isWanted = true
            if let missing = nextMissing(for: step) {
                agenda.watchers[missing, default: []].insert(owner)
            } else if isFree(step) && isInPlace(for: step) {
                share.startable.append(step)
            } else if let other = excluder(of: step) {
                agenda.returnWatchers[other, default: []].insert(owner)
            }
        }
        if case .resource(let resource) = owner {
            share.quarantine = quarantineReason(for: resource)
            if share.quarantine == nil {
                agenda.quarantines.remove(resource)
            } else {
                agenda.quarantines.insert(resource)
            }
        }
        if share.isWanted { agenda.wanted.insert(owner) } else { agenda.wanted.remove(owner) }
        if share.startable.isEmpty { agenda.active.remove(owner) } else { agenda.active.insert(owner) }
        agenda.shares[owner] = share
    }

    /// A dependency that the step still waits for; nil if there is none. What lies before the place of the last look is looked at
    /// again only when nothing behind it is missing: what was there can be gone again.
    private mutating func nextMissing(for step: Step) -> StepID? {
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
        case .resource(let resource): index.steps[resource] ?? []
        case .bake(let id): index.step(id).map { [$0] } ?? []
        }
    }

    private func priority(of step: Step) -> Int {
        let position = index.entries[step.id]?.position ?? 0
        return index.isRollback(step.id) ? position - index.entries.count : position
    }

    /// The same as `agenda.startable`, worked out anew: for tests, and for the rare moments when nothing goes on.
    func wantedSteps() -> [Step] {
        (index.plan.rollback + index.plan.steps).filter { isWanted($0) || isInterrupted($0) }
    }
}
