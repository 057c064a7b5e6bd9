public import FettleModel
import FettleStore

extension RunMachine {
    /// Why a request cannot be granted, beside what no journal may say (`illegality`); nil if it can.
    func refusal(of request: RunRequest) -> String? {
        switch request {
        case .rollbackPart(let resources, _, _):
            let part = PartRollback(of: resources, in: index.plan) { fold[$0].isSettled }
            guard let first = part.added.first else { return nil }
            return "\(first.resource) needs \(first.needs) (\(first.because)): it has to be taken back too (I8)"
        case .retryFailed(let resources, _):
            if resources.isEmpty, failedToRetry(among: []).isEmpty {
                return fold.failed.isEmpty ? "nothing has failed" : retryRefusal(of: fold.failed.keys.sorted())
            }
            return nil
        case .handOver(_, _, let epoch):
            return epoch == fold.epoch ? nil : "it was meant for the executor before, which is gone"
        case .pause, .resume, .abort, .rollback, .retry, .skip, .answer: return nil
        }
    }

    // MARK: Taking a part back

    func illegalityOfPartRollback(_ resources: [ResourceID]) -> String? {
        guard fold.mode == .forward else { return "it is being stopped or rolled back already" }
        guard !resources.isEmpty else { return "nothing is named that is to be taken back" }
        if let stranger = resources.first(where: { index.steps[$0] == nil }) { return "\(stranger) is not in the plan" }
        if resources.allSatisfy(fold.takingBack.contains) { return "they are being taken back already" }
        return nil
    }

    mutating func foldPartRollback(of resources: [ResourceID], _ wish: JournalFold.Wish) {
        fold.takingBack.formUnion(resources)
        fold.restoring.subtract(resources)
        fold.partRollback = wish
        fold.awaiting = nil
    }

    /// What is told of a run whose others all came through.
    func outcome(afterPart wish: JournalFold.Wish) -> RunOutcome {
        let patched = index.resources.filter { !fold.takingBack.contains($0) && wasBegun($0) }
        let lost = index.resources.filter { fold.takingBack.contains($0) && isChangedForGood($0) }
        if patched.isEmpty && lost.isEmpty { return .rolledBack(reason: wish.reason) }
        func names(_ resources: some Collection<ResourceID>) -> String {
            let shown = resources.prefix(10).map(\.rawValue).joined(separator: ", ")
            return resources.count > 10 ? "\(shown) and \(resources.count - 10) more" : shown
        }
        let back = fold.takingBack.subtracting(lost).sorted()
        var words = "rolled back in part, asked for by \(wish.by): \(wish.reason); back: \(names(back))"
        if !lost.isEmpty { words += "; no way back for: \(names(lost))" }
        return .failed(reason: words + "; through: \(names(patched))")
    }

    // MARK: Trying again

    /// A failed resource that is back at rest, in traffic, and that nobody wants taken back.
    func mayBeTriedAnew(_ resource: ResourceID) -> Bool {
        fold.failed[resource] != nil && fold.quarantined[resource] == nil && !fold.takingBack.contains(resource)
            && isAtRest(resource)
    }

    /// Those that are meant: the named ones, or all that failed and can be tried again.
    func failedToRetry(among resources: [ResourceID]) -> [ResourceID] {
        resources.isEmpty ? fold.failed.keys.filter(mayBeTriedAnew).sorted() : Set(resources).sorted()
    }

    func illegalityOfRetry(of resources: [ResourceID]) -> String? {
        guard fold.mode == .forward else { return "it is being stopped or rolled back: nothing is tried again" }
        guard !resources.isEmpty else { return "nothing is named that is to be tried again" }
        return retryRefusal(of: resources.filter { !mayBeTriedAnew($0) })
    }

    private func retryRefusal(of resources: [ResourceID]) -> String? {
        guard let resource = resources.first else { return nil }
        guard index.steps[resource] != nil else { return "\(resource) is not in the plan" }
        guard fold.failed[resource] != nil else { return "\(resource) has not failed" }
        if fold.quarantined[resource] != nil { return "\(resource) is in quarantine: it has to be settled first" }
        if fold.takingBack.contains(resource) { return "\(resource) is taken back" }
        return "\(resource) is still on its way back"
    }

    mutating func foldRetry(of resources: [ResourceID]) {
        fold.awaiting = nil
        tryAnew(Set(resources))
    }

    /// Through the plan once more, with the bakes that watch them.
    mutating func tryAnew(_ again: Set<ResourceID>) {
        for resource in again {
            fold.failed[resource] = nil
            for step in (index.forward[resource] ?? []) + (index.rollback[resource] ?? []) { startAnew(step) }
        }
        for bake in index.bakes where !again.isDisjoint(with: bake.owners) && fold[bake.id].open == nil {
            startAnew(bake)
        }
    }

    // MARK: Handing over

    /// What is under way is finished, what is intended is performed; nothing else is begun. A bake only watches: the successor does
    /// that as well, and nobody waits hours for its end.
    mutating func finishForHandOver(at now: Timestamp) -> [Command] {
        activities = activities.filter { id, activity in
            guard case .performing = activity, let step = index.step(id) else { return false }
            return !step.isBake
        }
        var commands: [Command] = []
        for id in fold.open.sorted() where activities[id] == nil {
            guard let open = fold[id].open, open.epoch == fold.epoch, let step = index.step(id), !step.isBake else {
                continue
            }
            activities[id] = .performing(attempt: open.number)
            commands.append(
                .perform(
                    order(for: step, attempt: open.number, intendedAt: open.intendedAt),
                    keeping: drainsToConfirm(before: step, at: now).filter { isOwed($0.step) }))
        }
        return commands + [.wait(until: nil)]
    }

    /// Who asked for the hand-over, once nothing is under way any more: the executor gives the run up. To be asked after `next`.
    public var handedOverBy: Person? {
        guard let wish = fold.handOver, fold.outcome == nil, pending.isEmpty, activities.isEmpty else { return nil }
        return wish.by
    }
}
