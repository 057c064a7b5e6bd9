import FettleExecution
import FettleModel

/// Steps that are about more than one host.
extension DisasterWorld {
    /// nil: the step is about its host.
    func checkElsewhere(_ order: StepOrder, at now: Int64, clock: Timestamp) -> StepAnswer? {
        let step = order.step
        return switch step.action {
        case .evacuate(let moves, let staying):
            checkEvacuation(step.resource, moves, staying, at: now, clock: clock)
        case .bringHome(let moves): checkReturn(step.resource, moves, at: now, clock: clock)
        case .handOver(let handover): checkHandover(step.resource, handover, at: now, clock: clock)
        case .upgradeThroughController(let upgrade): checkUpgrade(step, upgrade, at: now, clock: clock)
        case .switchTraffic(let turn): checkSwitch(turn, at: now, clock: clock)
        case .buildImage(let build):
            images.contains("\(build.image):\(build.version)") ? .done("is built", at: clock) : .ready(prior: nil)
        case .discardKept(let machine):
            discarded.contains(machine.name) ? .done("is gone", at: clock) : .ready(prior: nil)
        case .discardSnapshot: self[step.resource].snapshot == nil ? .done("is gone", at: clock) : .ready(prior: nil)
        case .retire: self[step.resource].isRetired ? .done("is gone", at: clock) : .ready(prior: nil)
        default: nil
        }
    }

    /// nil: the step is about its host.
    func verifyElsewhere(
        _ order: StepOrder, at now: Int64, clock: Timestamp
    ) -> Result<Observation, StepFailure>? {
        let step = order.step
        return switch step.action {
        case .evacuate(let moves, let staying):
            verifyEvacuation(step.resource, moves, staying, at: now, clock: clock)
        case .bringHome(let moves): verifyReturn(step.resource, moves, at: now, clock: clock)
        case .handOver(let handover): verifyHandover(step.resource, handover, at: now, clock: clock)
        case .upgradeThroughController(let upgrade): verifyUpgrade(step, upgrade, at: now, clock: clock)
        case .switchTraffic(let turn): verifySwitch(turn, at: now, clock: clock)
        case .buildImage(let build):
            images.contains("\(build.image):\(build.version)")
                ? .seen("is built", at: clock)
                : .failure(StepFailure(code: .timeout, message: "there is no such image"))
        case .discardKept(let machine):
            discarded.contains(machine.name)
                ? .seen("is gone", at: clock) : .failure(StepFailure(code: .timeout, message: "is still there"))
        case .discardSnapshot:
            self[step.resource].snapshot == nil
                ? .seen("is gone", at: clock)
                : .failure(
                    unmergeable.contains(step.resource)
                        ? StepFailure(code: .internal, message: "cannot be merged")
                        : StepFailure(code: .timeout, message: "is still there"))
        case .retire:
            self[step.resource].isRetired
                ? .seen("is gone", at: clock) : .failure(StepFailure(code: .timeout, message: "still answers"))
        default: nil
        }
    }

    /// - Returns: the invariants that it breaks; nil: the step is about its host.
    mutating func applyElsewhere(_ effect: Effect, at now: Int64) -> [String]? {
        let step = effect.order.step
        switch step.action {
        case .evacuate, .bringHome: return applyMove(step, part: effect.part, fails: effect.breaksOff, at: now)
        case .handOver(let handover): applyHandover(step.resource, handover, at: now)
        case .upgradeThroughController(let upgrade):
            applyUpgrade(upgrade, part: effect.part, leavesUnwell: effect.leavesUnwell, at: now)
        case .switchTraffic(let turn): return applySwitch(step, turn, part: effect.part, at: now)
        case .buildImage(let build): images.insert("\(build.image):\(build.version)")
        case .discardKept(let machine): discarded.insert(machine.name)
        case .discardSnapshot:
            let isUnproven = self[step.resource].snapshot != nil && self[step.resource].running != .after
            self[step.resource].snapshot = nil
            return isUnproven ? ["I8: \(step.id) before the change is there"] : []
        case .retire:
            let isServing = sides.values.contains { $0.serving.contains(step.resource) }
            self[step.resource].isRetired = true
            self[step.resource].awayUntil = .max
            return isServing ? ["I3: \(step.id) while it serves"] : []
        default: return nil
        }
        return []
    }

    /// A host that is started anew from an image.
    /// - Returns: the invariants that it breaks.
    func replaced(_ host: inout Host, by replacement: ImageReplacement, _ step: Step, _ effect: Effect, at now: Int64)
        -> [String]
    {
        let isForward = !back.contains(step.id)
        let version = "\(replacement.image):\(replacement.to)"
        var broken: [String] = []
        if let machine = replacement.machine, !isForward, discarded.contains(machine.name) {
            broken.append("I8: \(step.id) goes back to a machine that was removed")
        }
        if isForward, replacement.machine == nil, !images.contains(version) {
            broken.append("I3: \(step.id) before \(version) is built")
        }
        let target: Version = isForward ? .after : .before
        host.disturbedAt = now
        host.boots += 1
        if host.installed != target {
            if isForward { host.patches += 1 } else { host.returns += 1 }
        }
        host.installed = target
        host.running = target
        host.isHalfConfigured = false
        host.needsReboot = false
        host.isWell = !(effect.leavesUnwell && isForward)
        return broken
    }

    /// A host that is ended and started as its snapshot has kept it.
    /// - Returns: the invariants that it breaks.
    func reverted(_ host: inout Host, _ step: Step, at now: Int64) -> [String] {
        guard let version = host.snapshot else {
            return host.installed == .after ? ["I8: \(step.id) without a snapshot"] : []
        }
        host.disturbedAt = now
        host.boots += 1
        if host.patches > host.returns { host.returns += 1 }
        host.installed = version
        host.running = version
        host.isHalfConfigured = false
        host.needsReboot = false
        host.isWell = true
        host.snapshot = nil
        return version == .before ? [] : ["I8: the snapshot of \(step.resource) has the change in it"]
    }

    /// Members of one side are out, and of another as well: nobody's data can be reached.
    /// - Parameter resource: who is out from now on.
    func cutPaths(by resource: ResourceID) -> (isCut: Bool, onlyByKept: Bool) {
        var (isCut, onlyByKept) = (false, true)
        for id in groupsOf[resource] ?? [] {
            guard let sides = paths[id], let own = sides.firstIndex(where: { $0.contains(resource) }) else { continue }
            for (number, side) in sides.enumerated() where number != own {
                for other in side where self[other].isReserved {
                    isCut = true
                    if !keptOut.contains(other) { onlyByKept = false }
                }
            }
        }
        return (isCut, onlyByKept)
    }
}
