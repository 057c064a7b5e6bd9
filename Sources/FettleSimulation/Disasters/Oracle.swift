import FettleExecution
import FettleModel

/// Judges what executors do by the world: I1, I3, I6, I7, I9 as it happens; I7, I8 and I11 at the end.
struct Oracle: Sendable {
    private(set) var violations: [String] = []
    /// When a fault last struck a host: what happens shortly afterwards could not know of it.
    var faultAt: [ResourceID: Timestamp] = [:]

    mutating func broken(_ words: String) {
        // One of a kind is enough: a play that goes wrong goes on being wrong.
        if violations.count < 20 { violations.append(words) }
    }

    func serving(beside step: Step, _ world: DisasterWorld, at now: Timestamp, part: Int = 0) -> [GroupID: Int] {
        // Taking a lost drain again lowers nothing that was not lowered before.
        let host = world[step.resource]
        let isLent = if case .upgradeThroughController = step.action { part % 2 == 0 } else { false }
        guard isLent || step.availability == .takesOut, isLent || !host.isOut && host.lostDrainAt == .min else {
            return [:]
        }
        var serving: [GroupID: Int] = [:]
        for id in world.groupsTouched(by: step, part: part) {
            serving[id] = world.groups[id].map { world.serving($0, at: now.milliseconds) }
        }
        return serving
    }

    /// - Parameters:
    ///   - before: how many members of each of the step's groups served before it.
    ///   - isRollback: who is seen ill is taken back without a place being lost, and may have come to itself since it was seen.
    mutating func judgeCapacity(
        _ step: Step, before: [GroupID: Int], _ world: DisasterWorld, at now: Timestamp, isRollback: Bool
    ) {
        let wasIll = { world[step.resource].wasUnwell(since: now.milliseconds - DisasterPlay.blindMilliseconds) }
        if isRollback, step.availability == .takesOut, wasIll() { return }
        for (id, count) in before.sorted(by: { $0.key < $1.key }) {
            guard let group = world.groups[id] else { continue }
            let after = world.serving(group, at: now.milliseconds)
            let unforeseen = group.members.count { member in
                guard let fault = faultAt[member] else { return false }
                let isDown = !world.health(of: member, in: id, at: now.milliseconds).isHealthy
                // Who is well and unwell by turns was seen well, and is not.
                if let flaps = world[member].flaps, flaps.isUnwell(at: now.milliseconds) { return isDown }
                return isDown && now.milliseconds - fault.milliseconds < DisasterPlay.blindMilliseconds
            }
            // Whatever the plan says of a cluster: more than half of it.
            let quorum = world.clusters[id].map { $0.quorum - $0.joined.count } ?? 0
            let needed = max(group.minimumAvailable, quorum)
            if after < count, after + unforeseen < needed {
                broken("I1: \(step.id) leaves group \(id) \(after) of \(group.members.count), needs \(needed)")
            }
        }
    }

    mutating func judge(_ effect: DisasterWorld.Effect, _ world: DisasterWorld, at now: Timestamp) {
        let step = effect.order.step
        if step.availability == .requiresOut, effect.changesTheHost, world.getsTraffic(step.resource) {
            let lost = world[step.resource].lostDrainAt
            let isNews = lost > now.milliseconds - Int64(step.timeoutSeconds) * 1_000 - DisasterPlay.blindMilliseconds
            if !isNews { broken("I3: \(step.id) while \(step.resource) gets traffic") }
        }
    }
}

extension DisasterWorld.Effect {
    var changesTheHost: Bool { order.step.changesTheHost }
}

extension Step {
    /// Of its group: whose step it is does not matter.
    var isOfTraffic: Bool { if case .switchTraffic = action { true } else { false } }

    var changesTheHost: Bool {
        switch action {
        case .changePackages, .restartServices, .reboot, .replaceImage, .snapshot, .revert: true
        default: false
        }
    }
}

extension DisasterPlay {
    /// What a successor meets of what its predecessor began.
    mutating func noteTakeOver(_ machine: RunMachine) {
        let state = RunState(machine)
        for resource in state.atWork {
            guard let step = (resource.steps + resource.rollback).first(where: { $0.status == .underWay }) else {
                continue
            }
            if step.name == "reboot" { meet(.takenOverInReboot) }
            if step.name == "patch" { meet(.takenOverInPatch) }
            if step.availability == .requiresOut { meet(.takenOverOut) }
            if account.steps[step.id]?.step.leg == .control { meet(.takenOverInRestart) }
            if step.name == "evacuate" || step.name == "bring home" { meet(.takenOverInEvacuation) }
            if step.name == "upgrade through controller" { meet(.takenOverInUpgrade) }
            if step.name == "switch traffic" { meet(.takenOverInSwitch) }
        }
        if world.sides.values.contains(where: { !$0.isWhole }) { meet(.turnedHalf) }
        if case .rollingBack = state.phase { meet(.crashedInRollback) }
    }

    mutating func note(_ event: RunEvent, by number: Int) {
        switch event {
        case .rollbackRequested(by: nil, let reason):
            meet(reason.hasPrefix("the canary") ? .canaryFailed : .budgetLatched)
            notePromotion()
        case .rollbackRequested: notePromotion()
        case .quarantined: meet(.quarantined)
        case .stepDone(_, _, let observation) where observation.summary.hasPrefix("left drained"): meet(.leftDrained)
        case .stepDone(let id, _, _): noteControl(id)
        case .stepFailed(let id, _, let failure):
            noteControl(id, failure)
            if failure.message.hasPrefix("cut short") { meet(.watchCutShort) }
        case .stepSkipped(let id, _, _):
            if let planned = account.steps[id] { world.skipped.insert(planned.step.resource) }
        // As at the end: nobody is left out while it stands still, however long that takes.
        case .awaitingHuman: judgeWaiting(RunState(executors[number].machine), Set(store.ledger.keys))
        case .ended(let outcome):
            switch outcome {
            case .succeeded: meet(.succeeded)
            case .rolledBack: meet(.rolledBack)
            case .failed: meet(.failed)
            }
        default: break
        }
    }

    /// The first were watched well, others are out, and everything goes back.
    private mutating func notePromotion() {
        if account.hasWatched, account.out.values.contains(where: { !$0.isEmpty }) { meet(.rolledBackDuringPromotion) }
    }

    /// What has to be true once everything has come to rest.
    mutating func judgeTheEnd() {
        guard let machine = executors.last?.machine else { return oracle.broken("I11: nobody took the run over") }
        let state = RunState(machine)
        let kept = Set(store.ledger.keys)
        let own = Set(store.ledger.values.filter { $0.run == run }.map(\.resource))
        if Set(state.quarantined.map(\.resource)) != own, machine.outcome != nil {
            oracle.broken(
                "I7: the ledger has \(own.sorted()), the run has quarantined \(state.quarantined.map(\.resource))")
        }
        // As long as a person is waited for it may stand on two halves, of which the reason tells.
        judgeTraffic(awaiting: machine.outcome == nil ? machine.awaitingHuman : nil)
        guard let outcome = machine.outcome else { return judgeWaiting(state, kept) }
        for resource in store.held.keys.sorted() where !kept.contains(resource) {
            oracle.broken("I7: \(resource) is still reserved")
        }
        for resource in world.names where !kept.contains(resource) {
            judge(resource, outcome, state)
        }
        judgeWhatWasMoved()
    }

    private mutating func judge(_ resource: ResourceID, _ outcome: RunOutcome, _ state: RunState) {
        let host = world[resource]
        for group in host.drained.sorted() {
            let isLeft = state.resource(resource)?.steps.contains { step in
                if case .done(let observation) = step.status {
                    observation.summary.hasPrefix("left drained")
                } else {
                    false
                }
            }
            oracle.broken(
                "I7: \(resource) is left out of \(group)\(isLeft == true ? ", as if it had been found so" : "")")
        }
        judgeSnapshot(of: resource, state)
        if host.isHalfConfigured { oracle.broken("I8: \(resource) is left half configured and not in quarantine") }
        guard world.changed.contains(resource), !host.isHalfConfigured else { return }
        judgeWholeness(resource)
        judgePart(resource, outcome)
        guard isJudgedByItsEnd(resource, outcome) else { return }
        switch outcome {
        case .succeeded:
            if host.installed != .after { oracle.broken("I11: succeeded, and \(resource) is not patched") }
            if host.running != .after { oracle.broken("I6: succeeded, and \(resource) runs the earlier code") }
        case .rolledBack:
            if host.installed != .before { oracle.broken("I8: rolled back, and \(resource) is patched") }
        case .failed: judgeAsPart(resource, state)
        }
        if host.patches > 1 + host.returns { oracle.broken("I2: \(resource) was patched \(host.patches) times") }
    }

    /// A run that has failed as a whole still says of each host what became of it, and that is so.
    private mutating func judgeAsPart(_ resource: ResourceID, _ state: RunState) {
        guard let phase = state.resource(resource)?.phase else { return }
        let host = world[resource]
        if phase == .finished, host.installed != .after {
            oracle.broken("I11: \(resource) is called finished, and is not patched")
        }
        if phase == .rolledBack, host.installed != .before {
            oracle.broken("I8: \(resource) is called taken back, and is patched")
        }
    }

    /// None is left, but of a machine where it could not be removed: and that one is owed.
    private mutating func judgeSnapshot(of resource: ResourceID, _ state: RunState) {
        guard world[resource].snapshot != nil else { return }
        let isOwed = state.owed.contains { $0.kind == .snapshot && $0.resource == resource }
        let discard = state.resource(resource)?.steps.first { $0.name == "discard snapshot" }
        if isOwed, case .skipped? = discard?.status { return }
        oracle.broken("I7: the snapshot of \(resource) is left\(isOwed ? "" : ", and nobody owes it")")
    }

    /// A run that waits holds nothing but what it has quarantined.
    private mutating func judgeWaiting(_ state: RunState, _ kept: Set<ResourceID>) {
        for resource in world.names where !kept.contains(resource) && !world[resource].drained.isEmpty {
            oracle.broken("I7: waits for a person (\(state.awaitingHuman ?? "")), and \(resource) is out")
        }
        for resource in store.held.keys.sorted() where !kept.contains(resource) {
            // Let in again, and nobody has seen it: what it holds is given back when it is seen.
            if account.isOut(resource), world.getsTraffic(resource) { continue }
            oracle.broken("I7: waits for a person (\(state.awaitingHuman ?? "")), and \(resource) is still reserved")
        }
        judgeWhatWasMoved()
    }
}
