import FettleModel

/// Which way a resource is going. It follows from the journal alone, so that a successor takes the same way.
enum Course: Sendable, Equatable {
    /// Through the plan's steps.
    case forward
    /// The run is being stopped, but this one was changed well and is out: through to having it back.
    case completing
    /// It was taken out and never changed: its gates, then back. On the way forward so in a pause.
    case restoring
    /// Through the plan's way back.
    case rollingBack
    /// Out, changed and without a way back in the plan: it can only be quarantined.
    case stranded
    /// Nothing more is to be done for it.
    case stopped
    case quarantined
}

extension RunMachine {
    /// As worked out after the last record that can have changed it.
    func course(of resource: ResourceID) -> Course {
        if let course = courses[resource] { return course }
        return courseNow(of: resource)
    }

    func courseNow(of resource: ResourceID) -> Course {
        if fold.quarantined[resource] != nil { return .quarantined }
        let hasFailed = fold.failed[resource] != nil
        switch fold.mode {
        case .forward:
            if hasFailed || fold.takingBack.contains(resource) {
                return courseBack(of: resource, hasFailed: hasFailed)
            }
            return fold.restoring.contains(resource) ? .restoring : .forward
        case .aborting:
            if hasFailed || fold.takingBack.contains(resource) {
                return courseBack(of: resource, hasFailed: hasFailed)
            }
            if !isCoreTouched(resource) || isCoreDone(resource) { return .stopped }
            if wasBegun(resource) && isChanged(resource) { return .completing }
            return courseBack(of: resource, hasFailed: false)
        case .rollingBack:
            return courseBack(of: resource, hasFailed: hasFailed)
        }
    }

    private func courseBack(of resource: ResourceID, hasFailed: Bool) -> Course {
        guard wasBegun(resource) else { return fold.isOut(resource) ? .restoring : .stopped }
        if index.rollback[resource] != nil {
            return hasFailed || fold.isOut(resource) || hasToBeTakenBack(resource) ? .rollingBack : .stopped
        }
        if !hasFailed && isChanged(resource) { return isCoreDone(resource) ? .stopped : .completing }
        return fold.isOut(resource) ? .stranded : .stopped
    }

    /// Whether a change that can't be undone by putting the resource back was ever intended for it: of its packages, or of what
    /// runs there.
    func wasBegun(_ resource: ResourceID) -> Bool {
        // Another run has begun it, and nobody knows how far it came: it is proven before it comes back.
        if index.taken[resource] != nil, fold.start != nil { return true }
        let hasWayBack = index.rollback[resource] != nil
        return (index.forward[resource] ?? []).contains { step in
            (step.changesPackages || hasWayBack && step.changesTheHost) && fold[step.id].acted
        }
    }

    /// A resource that is back in traffic goes out again only if there is something to take back, or if its way back has begun:
    /// what was restarted well stays (argo-rollouts#1292).
    private func hasToBeTakenBack(_ resource: ResourceID) -> Bool {
        (index.rollback[resource] ?? []).contains { step in
            let record = fold[step.id]
            if record.open != nil || record.done != nil || record.failure != nil { return true }
            return step.compensates.map { fold[$0].acted } ?? false
        }
    }

    /// Whether its packages were changed by a step that nothing takes back.
    func isChangedForGood(_ resource: ResourceID) -> Bool {
        (index.forward[resource] ?? []).contains { step in
            step.changesPackages && fold[step.id].acted && !index.compensated.contains(step.id)
        }
    }

    /// Every package step of the resource is done.
    private func isChanged(_ resource: ResourceID) -> Bool {
        (index.forward[resource] ?? []).allSatisfy { !$0.changesPackages || fold[$0.id].isSettled }
    }

    private func isCoreTouched(_ resource: ResourceID) -> Bool {
        if fold.isOut(resource) { return true }
        return (index.forward[resource] ?? []).contains { step in
            step.isCore && (fold[step.id].acted || fold[step.id].open != nil)
        }
    }

    private func isCoreDone(_ resource: ResourceID) -> Bool {
        (index.forward[resource] ?? []).allSatisfy { !$0.isCore || fold[$0.id].isSettled }
    }

    /// Whether the step is still to be carried out on the way its resource is going.
    func isWanted(_ step: Step) -> Bool {
        if isLost(step) { return fold.quarantined[step.resource] == nil }
        if let record = fold.steps[step.id], record.isSettled { return false }
        if step.isBake { return fold.mode == .forward && !bakedResources(of: step).isEmpty }
        let isRollback = index.isRollback(step.id)
        switch course(of: step.resource) {
        case .forward: return !isRollback
        case .completing: return !isRollback && step.isCore
        case .restoring: return !isRollback && isWantedForRestoring(step)
        case .rollingBack: return isRollback && isIncludedInRollback(step)
        case .stranded, .stopped, .quarantined: return false
        }
    }

    private func isWantedForRestoring(_ step: Step) -> Bool {
        let taken = fold.out[step.resource] ?? []
        guard !taken.isEmpty else { return false }
        if step.availability == .bringsBack {
            return taken.contains { id in index.step(id).map(step.bringsBack) ?? false }
        }
        return step.isGate
    }

    /// A rollback step that takes back one step in particular is taken only if that one was begun (I8).
    private func isIncludedInRollback(_ step: Step) -> Bool {
        step.compensates.map { fold[$0].acted } ?? true
    }

    /// A drain that no longer held when it was confirmed is taken again, as long as the resource has to be out.
    func isLost(_ step: Step) -> Bool {
        guard !lostDrains.isEmpty, lostDrains.contains(step.id) else { return false }
        return (fold.out[step.resource] ?? []).contains(step.id) && returnUnderWay(for: step) == nil
    }

    /// A step under way that brings the drain's resource back: a drain that is taken beside it might come after it.
    func returnUnderWay(for drain: Step) -> StepID? {
        guard drain.availability == .takesOut, !fold.open.isEmpty else { return nil }
        return (index.steps[drain.resource] ?? []).first { fold.open.contains($0.id) && $0.bringsBack(drain) }?.id
    }

    /// The resources that a bake still has to watch: those that failed are on their way back.
    func bakedResources(of step: Step) -> [ResourceID] {
        guard step.isBake else { return [] }
        return step.owners.filter {
            fold.failed[$0] == nil && fold.quarantined[$0] == nil && !fold.takingBack.contains($0)
        }
    }

    /// Nothing more happens to the resource unless a person asks for it.
    func isAtRest(_ resource: ResourceID) -> Bool {
        let steps = index.steps[resource] ?? []
        if !fold.open.isEmpty { for step in steps where fold.open.contains(step.id) { return false } }
        switch course(of: resource) {
        case .stopped, .quarantined: return true
        case .stranded: return false
        case .forward, .completing, .restoring, .rollingBack:
            for step in steps where isWanted(step) { return false }
            return true
        }
    }

    /// Resources that are out, or on which something is under way.
    func finishing() -> [ResourceID] {
        let watched = Set(fold.open.compactMap(index.step).filter(\.isBake).flatMap(\.owners))
        return index.resources.filter { resource in
            guard fold.quarantined[resource] == nil else { return false }
            if fold.isOut(resource) || watched.contains(resource) { return true }
            return (index.steps[resource] ?? []).contains { fold.open.contains($0.id) }
        }
    }

    /// Whether the step need not wait for `dependency` any longer (I3).
    func isSatisfied(_ dependency: StepID, for step: Step) -> Bool {
        guard let needed = index.step(dependency) else { return false }
        let record = fold[dependency]
        if record.isSettled { return !isLost(needed) }
        if !index.isRollback(step.id), step.isBake || course(of: step.resource) == .forward {
            // What others wait for is either seen done, or its resource has failed and is settled: safe to go on beside.
            return !isWanted(needed) && needed.owners.allSatisfy(isAtRest)
        }
        if needed.resource != step.resource {
            // Who is out already waits for nobody: the sooner it is back, the sooner the others may go.
            return !index.isRollback(step.id) || !isWanted(needed) || fold.isOut(step.resource)
        }
        // A step that is left out passes on what it waited for: a return waits for its gate though what lies between is not
        // taken. Only along one resource's chain: across resources a plan names everything that has to be waited for.
        guard !isWanted(needed), record.open == nil else { return false }
        return firstMissing(of: needed.after, for: step) == nil
    }

    /// The first of the dependencies that the step still has to wait for; nil if there is none.
    func firstMissing(of dependencies: [StepID], for step: Step) -> StepID? {
        for dependency in dependencies where !isSatisfied(dependency, for: step) { return dependency }
        return nil
    }
}
