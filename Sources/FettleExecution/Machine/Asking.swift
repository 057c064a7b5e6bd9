public import FettleModel
import FettleStore

extension RunMachine {
    /// Why a request cannot be granted, beside what no journal may say (`illegality`); nil if it can.
    func refusal(of request: RunRequest) -> String? {
        switch request {
        case .rollbackPart(let resources, _, _):
            let lost = resources.lazy.compactMap { id in stepped(id).flatMap(retirementBegun).map { (id, $0) } }.first
            if let (resource, step) = lost {
                return "\(index.name(of: step)) was begun: the traffic of \(resource) has nobody any more to go back to"
            }
            guard let first = partRollback(of: resources).added.first else { return nil }
            return "\(first.resource) needs \(first.needs) (\(first.because)): it has to be taken back too (I8)"
        case .retryFailed(let resources, _):
            if resources.isEmpty, failedToRetry(among: []).isEmpty {
                return fold.failed.isEmpty
                    ? "nothing has failed" : retryRefusal(of: fold.failed.keys.map(index.name).sorted())
            }
            return nil
        case .handOver(_, _, let epoch):
            return epoch == fold.epoch ? nil : "it was meant for the executor before, which is gone"
        case .rollback:
            return fold.retirementsBegun.min().map {
                "\(index.name(of: $0)) was begun, and from there on nothing goes back as a whole: `fettle run rollback \(run) --group` takes a "
                    + "part back that still can, `fettle run abort \(run)` stops it"
            }
        case .pause, .resume, .abort, .retry, .skip, .answer: return nil
        }
    }

    // MARK: Taking a part back

    /// These and whatever has to go back with them, at this moment.
    func partRollback(of resources: [ResourceID]) -> PartRollback {
        PartRollback(
            of: resources, in: index.plan, isSettled: isSettled,
            isGone: { index.number(of: $0).map(isUnwatched) ?? false })
    }

    func illegalityOfPartRollback(_ resources: [ResourceID]) -> String? {
        guard fold.isForward else { return "it is being stopped or rolled back already" }
        guard !resources.isEmpty else { return "nothing is named that is to be taken back" }
        if let stranger = resources.first(where: { stepped($0) == nil }) { return "\(stranger) is not in the plan" }
        let isAsked = resources.compactMap(stepped).allSatisfy(fold.takingBack.contains)
        return isAsked ? "they are being taken back already" : nil
    }

    mutating func foldPartRollback(of resources: [ResourceID], _ wish: JournalFold.Wish) {
        let back = resources.compactMap(stepped)
        // A watch that is under way sees those too who go back now, and would blame the others for them: it begins anew, once they
        // are at rest. Attempts are numbered on, so that the result of this one comes too late.
        let watches = index.bakes.filter {
            fold[$0].open != nil && bakedResources(of: $0).contains(where: back.contains)
        }
        for resource in back {
            fold.takingBack.insert(resource)
            fold.restoring.remove(resource)
        }
        for bake in watches where !bakedResources(of: bake).isEmpty {
            fold.startAnew(bake.number)
            activities[bake.number] = nil
        }
        fold.partRollback = wish
        fold.awaiting = nil
    }

    /// What is told of a run whose others all came through.
    func outcome(afterPart wish: JournalFold.Wish) -> RunOutcome {
        let patched = index.resources.filter { !fold.takingBack.contains($0) && wasBegun($0) }
        let lost = index.resources.filter { fold.takingBack.contains($0) && isChangedForGood($0) }
        if patched.isEmpty && lost.isEmpty { return .rolledBack(reason: wish.reason) }
        func names(_ resources: [ResourceNumber]) -> String {
            let shown = resources.map(index.name).prefix(10).map(\.rawValue).joined(separator: ", ")
            return resources.count > 10 ? "\(shown) and \(resources.count - 10) more" : shown
        }
        let back = inOrderOfName(fold.takingBack.filter { !lost.contains($0) })
        var words = "rolled back in part, asked for by \(wish.by): \(wish.reason); back: \(names(back))"
        if !lost.isEmpty { words += "; no way back for: \(names(lost))" }
        return .failed(reason: words + "; through: \(names(patched))")
    }

    // MARK: Trying again

    /// A failed resource that is back at rest, in traffic, and that nobody wants taken back.
    func mayBeTriedAnew(_ resource: ResourceNumber) -> Bool {
        fold.hasFailed(resource) && !fold.isQuarantined(resource) && !fold.takingBack.contains(resource)
            && !serves(resource) && isAtRest(resource)
    }

    /// Traffic was turned to its side while it was failed: nobody works on a side that serves.
    private func serves(_ resource: ResourceNumber) -> Bool {
        index.turnedTo[resource]?.contains { fold[$0].acted } ?? false
    }

    /// Those that are meant: the named ones, or all that failed and can be tried again.
    func failedToRetry(among resources: [ResourceID]) -> [ResourceID] {
        resources.isEmpty
            ? fold.failed.keys.filter(mayBeTriedAnew).map(index.name).sorted() : Set(resources).sorted()
    }

    func illegalityOfRetry(of resources: [ResourceID]) -> String? {
        guard fold.isForward else { return "it is being stopped or rolled back: nothing is tried again" }
        guard !resources.isEmpty else { return "nothing is named that is to be tried again" }
        return retryRefusal(of: resources.filter { !(stepped($0).map(mayBeTriedAnew) ?? false) })
    }

    private func retryRefusal(of resources: [ResourceID]) -> String? {
        guard let name = resources.first else { return nil }
        guard let resource = stepped(name) else { return "\(name) is not in the plan" }
        guard fold.hasFailed(resource) else { return "\(name) has not failed" }
        if fold.isQuarantined(resource) { return "\(name) is in quarantine: it has to be settled first" }
        if fold.takingBack.contains(resource) { return "\(name) is taken back" }
        if serves(resource) { return "\(name) is on the side that serves by now: it needs a plan of its own" }
        return "\(name) is still on its way back"
    }

    mutating func foldRetry(of resources: [ResourceID]) {
        fold.awaiting = nil
        tryAnew(resources.compactMap(stepped))
    }

    /// Through the plan once more, with the bakes that watch them.
    mutating func tryAnew(_ again: [ResourceNumber]) {
        for resource in again {
            if isChangedForGood(resource) { fold.changedBefore.insert(resource) }
            fold.forgetFailure(of: resource)
            // Those who were compared with it have been: it is not restarted for that once more.
            let wasControl = wasRestartedAsControl(resource)
            for step in index.steps[resource] where !step.isOfTraffic && !(step.isControl && wasControl) {
                fold.startAnew(step.number)
            }
        }
        for bake in index.bakes where fold[bake].open == nil {
            if index.owners(bake).contains(where: again.contains) { fold.startAnew(bake.number) }
        }
    }

    // MARK: Handing over

    /// What is under way is finished, what is intended is performed; nothing else is begun. A bake only watches: the successor does
    /// that as well, and nobody waits hours for its end.
    mutating func finishForHandOver(at now: Timestamp) -> [Command] {
        activities = activities.filter { number, activity in
            guard case .performing = activity else { return false }
            return !index.step(number).isBake
        }
        var commands: [Command] = []
        perform(at: now, &commands) { !$0.isBake }
        return commands + [.wait(until: nil)]
    }

    /// A resource of the plan that has a step.
    private func stepped(_ resource: ResourceID) -> ResourceNumber? {
        index.number(of: resource).flatMap { index.hasSteps($0) ? $0 : nil }
    }

    /// Done, or left out by a person's word.
    func isSettled(_ step: StepID) -> Bool { index.step(step).map { fold[$0].isSettled } ?? false }

    /// Who asked for the hand-over, once nothing is under way any more: the executor gives the run up. To be asked after `next`.
    public var handedOverBy: Person? {
        guard let wish = fold.handOver, fold.outcome == nil, pending.isEmpty, activities.isEmpty else { return nil }
        return wish.by
    }
}
