import FettleModel

/// A turn that has to wait for those that come before it, on one of the two ways.
struct TurnWait: Hashable, Sendable {
    var order: Int
    /// When it is taken: 0 comes first.
    var position: Int
    var isBack: Bool
}

/// Who may be taken out when, by the plan's orders. See `TurnOrder` for what they promise.
extension RunMachine {
    /// Nobody of a later turn has to wait for the resource on the way forward. Who has failed, or goes no further, holds nobody up
    /// once it is at rest.
    func isFinished(_ resource: ResourceNumber) -> Bool {
        guard let end = index.ends[resource].forward else { return true }
        // Brought back while a person decides about the watch over what it did: it is back, and whoever comes later waits all the same.
        if fold[end].isSettled { return index.after(end).allSatisfy { isOver(index.step($0)) } }
        return !isWanted(end) && isAtRest(resource)
    }

    private func isOver(_ step: IndexedStep) -> Bool { !step.isBake || fold[step].isSettled || !isWanted(step) }

    /// The resource still has to be brought back by its way back.
    func isGoingBack(_ resource: ResourceNumber) -> Bool {
        guard let end = index.ends[resource].back else { return false }
        return isWanted(end)
    }

    /// Out by the plan: what is in quarantine stays out for good, and the guard of the moment counts it.
    func isOutByPlan(_ resource: ResourceNumber) -> Bool {
        fold.isOut(resource) && !fold.isQuarantined(resource)
    }

    func standing(of resource: ResourceNumber) -> TurnState.Standing {
        TurnState.Standing(
            isUnfinished: !isFinished(resource), isGoingBack: isGoingBack(resource), isOut: isOutByPlan(resource))
    }

    /// The turn in which the step's resource stands and which has to wait for an earlier one; nil if it may be taken out. Who is
    /// out already waits for nobody: the sooner it is back, the sooner the others may go.
    func turnAwaited(by step: IndexedStep) -> TurnWait? {
        guard step.availability == .takesOut, !fold.isOut(step.resource) else { return nil }
        let isBack = step.isRollback
        guard isBack || course(of: step.resource) == .forward else { return nil }
        for place in index.turns.places(of: step.resource) {
            let position = isBack ? index.turns.orders[place.order].positionBack(of: place.turn) : place.turn
            let first = isBack ? turnState.back[place.order].first : turnState.ahead[place.order].first
            if first < position { return TurnWait(order: place.order, position: position, isBack: isBack) }
        }
        return nil
    }

    /// An order by which the step's resource may not be taken out now, because somebody of another of its turns is out, whatever
    /// way the two are going; nil if there is none.
    func orderWithOthersOut(for step: IndexedStep) -> Int? {
        guard step.availability == .takesOut, !fold.isOut(step.resource) else { return nil }
        return index.turns.places(of: step.resource)
            .first { turnState.out[$0.order].isAnyOut(butFor: $0.turn) }?.order
    }

    /// Somebody who keeps the step's resource from being taken out by being out; nil if nobody does.
    private func excluder(of step: IndexedStep) -> ResourceID? {
        guard orderWithOthersOut(for: step) != nil else { return nil }
        return fold.out.filter { isOutByPlan($0) && index.turns.exclude(step.resource, $0) }.map(index.name).min()
    }

    /// Why the plan's orders keep the step from being taken; nil if they don't.
    func turnRefusal(of step: IndexedStep) -> String? {
        if let wait = turnAwaited(by: step) {
            let order = index.turns.orders[wait.order]
            let first = wait.isBack ? turnState.back[wait.order].first : turnState.ahead[wait.order].first
            let turn = wait.isBack ? order.positionBack(of: first) : first
            let others = order.turns[turn].first { wait.isBack ? isGoingBack($0) : !isFinished($0) }
            let who = others.map { index.name(of: $0).rawValue } ?? "turn \(turn + 1)"
            return "\(index.name(of: step.resource)) waits for \(who): \(order.reason) (I3)"
        }
        if let other = excluder(of: step) {
            return "\(index.name(of: step.resource)) may not be out together with \(other) (I1)"
        }
        return nil
    }

    // MARK: Keeping count

    /// Counts every resource anew: before the first record, and after one that concerns the run as a whole.
    mutating func recountTurns() {
        turnState = TurnState(index.turns, resources: index.resourceCount)
        for resource in index.resources { recountTurns(of: resource) }
    }

    /// Counts a resource as it stands now, and wakes who may have waited for that.
    mutating func recountTurns(of resource: ResourceNumber) {
        let places = index.turns.places(of: resource)
        guard !places.isEmpty else { return }
        let now = standing(of: resource)
        let before = turnState.note(now, of: resource)
        guard now != before else { return }
        for place in places {
            if now.isUnfinished != before.isUnfinished {
                let opened = turnState.ahead[place.order].change(place.turn, by: now.isUnfinished ? 1 : -1)
                wake(opened, of: place.order, isBack: false)
            }
            if now.isGoingBack != before.isGoingBack {
                let position = index.turns.orders[place.order].positionBack(of: place.turn)
                let opened = turnState.back[place.order].change(position, by: now.isGoingBack ? 1 : -1)
                wake(opened, of: place.order, isBack: true)
            }
            if now.isOut != before.isOut {
                let count = turnState.out[place.order].change(place.turn, by: now.isOut ? 1 : -1)
                if now.isOut ? count == 1 : count == 0 { wakeExcluded(by: place.order, isOut: now.isOut) }
            }
        }
    }

    private mutating func wake(_ positions: Range<Int>?, of order: Int, isBack: Bool) {
        guard let positions else {
            // Somebody has to wait again who did not: rare enough to look at everything.
            agenda.isStale = true
            return
        }
        guard !agenda.isStale else { return }
        for position in positions {
            let wait = TurnWait(order: order, position: position, isBack: isBack)
            if let waiting = agenda.turnWatchers.removeValue(forKey: wait) { agenda.touch(waiting) }
        }
    }

    /// The first of a turn that goes out keeps those of the other turns in; the last that is back lets them go.
    private mutating func wakeExcluded(by order: Int, isOut: Bool) {
        guard !agenda.isStale else { return }
        if isOut {
            if let ready = agenda.ready[order] { agenda.touch(ready) }
        } else if let waiting = agenda.returnWatchers.removeValue(forKey: order) {
            agenda.touch(waiting)
        }
    }
}
