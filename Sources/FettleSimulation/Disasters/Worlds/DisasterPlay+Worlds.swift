import FettleChecking
import FettleExecution
import FettleModel
import FettleStore

/// How work beyond single hosts is carried out and judged.
extension DisasterPlay {
    /// What the shell asks beside the store before anybody is taken out.
    mutating func refusal(
        to order: CapacityOrder, _ health: [GroupID: [ResourceID: MemberHealth]], for number: Int
    ) -> String? {
        let step = order.step
        // The way back waits for nothing but capacity.
        if !order.isRollback,
            let frozen = calendar.refusal(
                toTakeOut: step.resource, for: number, clock: executors[number].clock(at: now))
        {
            meet(.refusedByCalendar, frozen)
            return frozen
        }
        let out = Set(store.held.values.filter { $0.resource != step.resource }.flatMap(\.out))
        return startGuard?.refusal(toStart: step, out: out, health: health)
    }

    /// Work that is done in parts, one after the other.
    mutating func beginParts(_ effect: DisasterWorld.Effect, by number: Int, milliseconds: Int64) {
        let step = effect.order.step
        let (ends, broken) = world.begin(step, by: number, at: now.milliseconds, milliseconds: milliseconds)
        if let broken { oracle.broken(broken) }
        let isMove = if case .hypervisor = world.place(of: step) { true } else { false }
        for (part, end) in ends.enumerated() {
            var effect = effect
            effect.part = part
            enter(.part(step.id, attempt: effect.order.attempt, part: part))
            if isMove {
                effect.breaksOff = strikes(
                    profile.worlds.migrationBreaksOff, .migrationBrokeOff, "\(step.id), machine \(part + 1)")
            }
            world[step.resource].expected += 1
            agenda.insert(.effect(executor: number, effect), at: Timestamp(milliseconds: end))
        }
        enter(.begun(step.id, attempt: effect.order.attempt))
    }

    /// I4: nobody begins outside of a window or in a freeze. By the clock of whoever decided it, when it was decided.
    mutating func judgeTime(of order: StepOrder, by number: Int) {
        let step = order.step
        guard let decided = executors[number].decidedAt[step.id], !world.back.contains(step.id) else { return }
        // A clock that has jumped since is held to nothing; what is begun by it has begun all the same.
        let isJudged = decided.skew == executors[number].skew
        let host = world[step.resource]
        if isJudged, case .switchTraffic(let turn) = step.action, !turn.from.isEmpty,
            let window = calendar.windows[step.resource], decided.clock >= window.closesAt
        {
            oracle.broken("I4: \(step.id) after its window has closed at \(window.closesAt)")
        }
        if step.changesTheHost, step.availability == .requiresOut, !host.hasBeenChanged {
            world[step.resource].hasBeenChanged = true
            // What a predecessor has intended counts as begun: nobody can know whether it has.
            if isJudged, let window = calendar.windows[step.resource], order.attempt == 1,
                decided.clock < window.opensAt || decided.clock >= window.closesAt
            {
                oracle.broken("I4: \(step.id) begins outside of its window until \(window.closesAt)")
            }
        }
        // One that was out by somebody else's hand when the run changed it, and got traffic since, has begun as well.
        guard step.availability == .takesOut, !host.isOut, !host.hasBeenChanged else { return }
        // Where no balancer is asked the reservation is all there is of being out, and a predecessor's is kept.
        if case .takeOut = step.action, host.hasBegun || order.attempt > 1 { return }
        world[step.resource].hasBegun = true
        guard isJudged else { return }
        if let words = calendar.broken(
            byTakingOut: step.resource, step.id, isControl: step.leg == .control, at: decided.time, clock: decided.clock
        ) {
            oracle.broken(words)
        } else if calendar.isClosed(step.resource, at: now) {
            meet(.clockOutsideWindow, "\(step.id) by a clock that is wrong by \(executors[number].skew) ms")
        }
    }

    /// The window was open when the drain was decided, and is not any more when it is done.
    mutating func noteClosing(of order: StepOrder, by number: Int) {
        let step = order.step
        guard step.availability == .takesOut || step.isEvacuation, !world.back.contains(step.id),
            let decided = executors[number].decidedAt[step.id]
        else { return }
        if calendar.isClosed(step.resource, at: now), !calendar.isClosed(step.resource, at: decided.time) {
            meet(.windowClosedInMidDrain, step.id.rawValue)
        }
    }

    /// Before the effect.
    mutating func judgeElsewhere(_ effect: DisasterWorld.Effect) {
        let step = effect.order.step
        if effect.changesTheHost {
            for words in world.residentsHurt(by: step, at: now.milliseconds) { oracle.broken(words) }
            for cluster in world.led(by: step.resource) { judgeLeader(step, cluster) }
            if calendar.isClosed(step.resource, at: now), !world.back.contains(step.id) {
                meet(.changedAfterClosing, step.id.rawValue)
            }
        }
        switch step.action {
        case .evacuate where !effect.breaksOff: meet(.machineMoved)
        case .handOver: meet(.handedOver, step.id.rawValue)
        case .switchTraffic(let turn) where !turn.from.isEmpty:
            meet(world.back.contains(step.id) ? .trafficTurnedBack : .trafficTurned)
        case .upgradeThroughController: meet(.takenThrough)
        case .discardSnapshot: meet(.snapshotRemoved)
        case .revert where world[step.resource].snapshot != nil: meet(.wentBackToSnapshot)
        default: break
        }
    }

    /// Nobody that leads is worked on, unless it has become the leader since it was seen not to lead.
    private mutating func judgeLeader(_ step: Step, _ cluster: GroupID) {
        guard let state = world.clusters[cluster], beginning.handsOver.contains(step.resource) else { return }
        if let seen = state.handedOverAt[step.resource], state.leaderSince >= seen {
            meet(.leaderMovedBack, "\(step.id) while it leads \(cluster)")
        } else {
            oracle.broken("I3: \(step.id) while \(step.resource) leads \(cluster)")
        }
    }

    /// Never both sides of a storage network: who is kept out for good has broken its own side.
    mutating func judgePaths(_ step: Step) {
        guard step.availability == .takesOut else { return }
        let cut = world.cutPaths(by: step.resource)
        guard cut.isCut else { return }
        if cut.onlyByKept {
            meet(.otherSideInQuarantine, step.id.rawValue)
        } else {
            oracle.broken("I1: \(step.id) while a member of the other side is out: all paths are cut")
        }
    }

    // MARK: At the end

    /// Temporary changes that are no host's own: machines elsewhere, hypervisors that take none, traffic on two halves.
    mutating func judgeWhatWasMoved() {
        for machine in world.hypervisors.displaced {
            oracle.broken("I7: \(machine.name) of \(machine.home) is left on \(machine.place)")
        }
        for hypervisor in world.hypervisors.cordoned.subtracting(world.hypervisors.kept).sorted() {
            oracle.broken("I7: \(hypervisor) is left without leave to take machines")
        }
    }

    /// - Parameter awaiting: what a person is told that the run waits for: such as that a side to turn to is not well.
    mutating func judgeTraffic(awaiting reason: String?) {
        for (group, side) in world.sides.sorted(by: { $0.key < $1.key }) where !side.isWhole {
            if reason?.contains("\(group)/rollback/switch: ") == true { continue }
            oracle.broken("I7: traffic of \(group) is left on \(side.serving.sorted())")
        }
    }

    /// Patched, or as it was: nothing in between, whatever the outcome.
    mutating func judgeWholeness(_ resource: ResourceID) {
        let host = world[resource]
        guard host.disturbedAt > .min, host.running != host.installed else { return }
        oracle.broken("I11: ended, and \(resource) has \(host.installed) and runs \(host.running)")
    }

    /// I11: once nothing goes wrong any more and nobody interferes, the end comes in bounded time.
    mutating func judgeDuration() {
        let closes = plan.windows.map(\.closesAt).max() ?? lastDisturbance
        let waiting = max(0, closes.milliseconds - lastDisturbance.milliseconds) / 1_000
        let frozen = calendar.freezes.map { $0.time.closesAt.milliseconds - lastDisturbance.milliseconds }.max() ?? 0
        let most = beginning.mostSeconds + waiting + max(0, frozen) / 1_000 + 3_600
        let took = (now.milliseconds - lastDisturbance.milliseconds) / 1_000
        if took > most { oracle.broken("I11: \(took) s after the last fault, \(most) s at most") }
    }
}

extension Step {
    fileprivate var isEvacuation: Bool { if case .evacuate = action { true } else { false } }
}
