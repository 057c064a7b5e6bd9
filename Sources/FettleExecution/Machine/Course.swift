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
    func course(of resource: ResourceNumber) -> Course { courses[resource] }

    func courseNow(of resource: ResourceNumber) -> Course {
        if fold.isQuarantined(resource) { return .quarantined }
        let hasFailed = fold.hasFailed(resource)
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
            if !isCoreTouched(resource) { return .stopped }
            if isCoreDone(resource) { return hasSnapshotLeft(resource) ? .completing : .stopped }
            if wasBegun(resource) && isChanged(resource) { return .completing }
            return courseBack(of: resource, hasFailed: false)
        case .rollingBack:
            return courseBack(of: resource, hasFailed: hasFailed)
        }
    }

    private func courseBack(of resource: ResourceNumber, hasFailed: Bool) -> Course {
        guard wasBegun(resource) else { return fold.isOut(resource) ? .restoring : .stopped }
        if hasWayBack(resource) {
            return hasFailed || fold.isOut(resource) || hasToBeTakenBack(resource) ? .rollingBack : .stopped
        }
        if !hasFailed && isChanged(resource) {
            return isCoreDone(resource) && !hasSnapshotLeft(resource) ? .stopped : .completing
        }
        return fold.isOut(resource) ? .stranded : .stopped
    }

    /// Whether the plan has a way back for it, and what it would go back to is still there.
    private func hasWayBack(_ resource: ResourceNumber) -> Bool {
        index.hasWayBack(resource) && !hasLostWayBack(resource)
    }

    func hasLostWayBack(_ resource: ResourceNumber) -> Bool {
        if retirementBegun(behind: resource) != nil { return true }
        return index.forward(resource).contains { step in
            step.endsWayBack
                && (fold[step].acted || fold[step].isDone || fold.retirementsBegun.contains(step.number))
        }
    }

    /// Whether a change that can't be undone by putting the resource back was ever intended for it: of its packages, or of what
    /// runs there. A restart before its change, by which others are compared with it, is none any more once it is back from that.
    func wasBegun(_ resource: ResourceNumber) -> Bool {
        // Another run has begun it, and nobody knows how far it came: it is proven before it comes back.
        if !index.taken.isEmpty, index.taken[resource] != nil, fold.hasStarted { return true }
        let hasWayBack = index.hasWayBack(resource)
        return index.forward(resource).contains { step in
            (step.changesPackages || hasWayBack && step.changesTheHost) && fold[step].acted
                && (!step.isControl || isBeforeRestart(resource))
        }
    }

    /// A resource that is back in traffic goes out again only if there is something to take back, or if its way back has begun:
    /// what was restarted well stays (argo-rollouts#1292).
    private func hasToBeTakenBack(_ resource: ResourceNumber) -> Bool {
        index.rollback(resource).contains { step in
            fold[step].hasBegun || step.compensates.map { fold[$0].acted } ?? false
        }
    }

    /// Whether its packages were changed by a step that nothing takes back.
    func isChangedForGood(_ resource: ResourceNumber) -> Bool {
        index.forward(resource).contains { $0.changesPackages && fold[$0].acted && !$0.isCompensated }
            || hasLostWayBack(resource) || fold.changedBefore.contains(resource)
    }

    /// Every package step of the resource is done.
    private func isChanged(_ resource: ResourceNumber) -> Bool {
        index.forward(resource).allSatisfy { !$0.changesPackages || fold[$0].isSettled }
    }

    /// It stays as it is, and what it could go back to is still there.
    private func hasSnapshotLeft(_ resource: ResourceNumber) -> Bool {
        let forward = index.forward(resource)
        return forward.contains { $0.discardsSnapshot && !fold[$0].isSettled }
            && forward.contains { $0.isCompensated && fold[$0].acted }
    }

    private func isCoreTouched(_ resource: ResourceNumber) -> Bool {
        if fold.isOut(resource) { return true }
        return index.forward(resource).contains { $0.isCore && (fold[$0].acted || fold[$0].open != nil) }
    }

    private func isCoreDone(_ resource: ResourceNumber) -> Bool {
        index.forward(resource).allSatisfy { !$0.isCore || fold[$0].isSettled }
    }

    /// Whether the step is still to be carried out on the way its resource is going.
    func isWanted(_ step: IndexedStep) -> Bool {
        if isLost(step) { return !fold.isQuarantined(step.resource) }
        if fold[step].isSettled { return false }
        if step.isBake { return fold.isForward && !bakedResources(of: step).isEmpty }
        if step.isOfTraffic { return isTrafficWanted(step) }
        switch course(of: step.resource) {
        case .forward: return !step.isRollback
        case .completing: return !step.isRollback && (step.isCore || step.discardsSnapshot)
        case .restoring: return !step.isRollback && isWantedForRestoring(step)
        case .rollingBack: return step.isRollback && isIncludedInRollback(step)
        case .stranded, .stopped, .quarantined: return false
        }
    }

    private func isWantedForRestoring(_ step: IndexedStep) -> Bool {
        guard fold.isOut(step.resource), isOfPresentLeg(step) else { return false }
        if step.availability == .bringsBack {
            return index.steps[step.resource].contains { fold[$0].holdsOut && step.bringsBack($0) }
        }
        // Nothing was done to it that a person could judge.
        return step.isGate && !step.asksPerson
    }

    /// A rollback step that takes back one step in particular is taken only if that one was begun (I8).
    func isIncludedInRollback(_ step: IndexedStep) -> Bool {
        !step.isCompensation || step.compensates.map { fold[$0].acted } ?? false
    }

    /// A drain that no longer held when it was confirmed is taken again, as long as the resource has to be out.
    func isLost(_ step: IndexedStep) -> Bool {
        guard !lostDrains.isEmpty, lostDrains.contains(step.number) else { return false }
        return fold[step].holdsOut && returnUnderWay(for: step) == nil
    }

    /// A step under way that brings the drain's resource back: a drain that is taken beside it might come after it.
    func returnUnderWay(for drain: IndexedStep) -> IndexedStep? {
        guard drain.availability == .takesOut, !fold.open.isEmpty else { return nil }
        return index.steps[drain.resource].first { fold[$0].open != nil && $0.bringsBack(drain) }
    }

    /// The resources that a bake still has to watch: those that failed are on their way back.
    func bakedResources(of step: IndexedStep) -> [ResourceNumber] {
        guard step.isBake else { return [] }
        return index.owners(step).filter { !isUnwatched($0) }
    }

    /// No bake has anything to see of it any more.
    func isUnwatched(_ resource: ResourceNumber) -> Bool {
        fold.hasFailed(resource) || fold.isQuarantined(resource) || fold.takingBack.contains(resource)
    }

    /// Nothing more happens to the resource unless a person asks for it.
    func isAtRest(_ resource: ResourceNumber) -> Bool {
        let steps = index.steps[resource]
        if !fold.open.isEmpty, steps.contains(where: { fold[$0].open != nil }) { return false }
        switch course(of: resource) {
        case .stopped, .quarantined: return true
        case .stranded: return false
        case .forward, .completing, .restoring, .rollingBack:
            return !steps.contains { !$0.isOfTraffic && isWanted($0) }
        }
    }

    /// Resources that are out, or on which something is under way; but not those for which a person is asked: no time brings them on.
    func finishing() -> [ResourceNumber] {
        let watched = Set(fold.open.lazy.map(index.step).filter(\.isBake).flatMap(index.owners))
        return index.resources.filter { resource in
            guard !fold.isQuarantined(resource) else { return false }
            if watched.contains(resource) || index.steps[resource].contains(where: { fold[$0].open != nil }) {
                return true
            }
            return fold.isOut(resource) && !index.steps[resource].contains(where: isAsked)
        }
    }

    /// Whether the step need not wait for `dependency` any longer (I3).
    func isSatisfied(_ dependency: StepNumber, for step: IndexedStep) -> Bool {
        let needed = index.step(dependency)
        if fold[needed].isSettled { return !isLost(needed) }
        // It was satisfied when it began, and may stand on two halves: it waits for nobody's rest any more, least of all for its own.
        if step.isOfTraffic, !step.isRollback, fold[step].acted { return true }
        if !step.isRollback, step.isBake || step.isOfTraffic || course(of: step.resource) == .forward {
            // Nobody stays out for as long as a person takes to decide what a watch could not.
            if step.availability == .bringsBack, isUndecided(needed) { return true }
            // Nobody is made anew from an image that is not there, whoever's failure left it unbuilt: a person decides.
            if needed.buildsImage { return false }
            // What others wait for is either seen done, or its resource has failed and is settled: safe to go on beside.
            return !isWanted(needed) && index.owners(needed).allSatisfy { isAtRest($0) }
        }
        // Nobody of the side that serves is worked on before the traffic is seen to be turned away from it.
        if needed.turnsTraffic, isIncludedInRollback(needed) { return false }
        if needed.resource != step.resource || needed.isBake {
            // Who is out already waits for nobody, nor for a watch over others: the sooner it is back, the sooner the others may go.
            return !step.isRollback || !isWanted(needed) || fold.isOut(step.resource) && !step.isOfTraffic
        }
        // A step that is left out passes on what it waited for: a return waits for its gate though what lies between is not
        // taken. Only along one resource's chain: across resources a plan names everything that has to be waited for.
        guard !isWanted(needed), fold[needed].open == nil else { return false }
        return firstMissing(of: needed, for: step) == nil
    }

    /// The first of the dependencies of `needing`, `step` itself or one that it passes over, that the step still has to wait for; nil
    /// if there is none.
    func firstMissing(of needing: IndexedStep, for step: IndexedStep) -> StepNumber? {
        index.after(needing).first { !isSatisfied($0, for: step) }
    }
}
