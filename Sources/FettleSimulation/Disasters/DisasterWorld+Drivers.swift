import FettleExecution
import FettleModel

/// What the drivers do: by the contract of `StepDriver`, on the simulated world.
extension DisasterWorld {
    /// Looks, and changes nothing.
    /// - Parameter clock: what the executor's clock says, for the observation.
    func check(_ order: StepOrder, at now: Int64, clock: Timestamp) -> StepAnswer {
        let step = order.step
        if let answer = checkElsewhere(order, at: now, clock: clock) { return answer }
        let host = self[step.resource]
        if let group = groups(of: step).first(where: { removed[$0]?.contains(step.resource) == true }) {
            return .unknown(StepFailure(code: .refused, message: "\(step.resource) is no member of \(group)"))
        }
        func done(_ words: String) -> StepAnswer {
            .alreadyDone(Observation(verdict: .pass, summary: words, observedAt: clock))
        }
        switch step.action {
        case .drain:
            let groups = groups(of: step)
            let isDrained = groups.allSatisfy { host.drained.contains($0) || host.foreign.contains($0) }
            return isDrained && !groups.isEmpty
                ? done("is drained") : .ready(prior: PriorState(alreadySo: false, details: ["state": "ready"]))
        case .restore:
            let isOut = groups(of: step).contains { host.drained.contains($0) || host.foreign.contains($0) }
            return isOut ? .ready(prior: nil) : done("is in traffic")
        case .takeOut, .bringBack, .gate, .bake, .groupGate: return .ready(prior: nil)
        default: break
        }
        guard isReachable(step.resource, at: now) else {
            return .unknown(StepFailure(code: .unreachable, message: "\(step.resource) does not answer"))
        }
        switch step.action {
        case .changePackages(let transaction):
            if host.busyUntil > now { return .blocked(reason: "the package manager is at work") }
            if host.isHalfConfigured { return .ready(prior: nil) }
            return host.installed == Self.version(after: transaction) ? done("has these versions") : .ready(prior: nil)
        case .replaceImage:
            let target: Version = back.contains(step.id) ? .before : .after
            return host.installed == target ? done("runs from this image") : .ready(prior: nil)
        case .snapshot: return host.snapshot != nil ? done("is kept") : .ready(prior: nil)
        case .revert:
            if host.busyUntil > now { return .blocked(reason: "the package manager is at work") }
            return host.snapshot == nil ? done("is as it was") : .ready(prior: nil)
        case .restartServices(_, let units?) where !units.isEmpty:
            let before = order.prior?.details["starts"].flatMap { Int($0) } ?? .max
            return before < host.starts
                ? done("was started anew")
                : .ready(prior: PriorState(alreadySo: false, details: ["starts": "\(host.starts)"]))
        case .restartServices:
            return host.running == host.installed ? done("runs what is installed") : .ready(prior: nil)
        case .reboot(let condition):
            if let before = order.prior?.details["boot"].flatMap({ Int($0) }), before < host.boots {
                return host.needsReboot
                    ? .unknown(StepFailure(code: .drift, message: "runs the kernel that it ran before"))
                    : done("was rebooted")
            }
            if host.busyUntil > now { return .blocked(reason: "the package manager is at work") }
            if condition == .ifRequired, !host.needsReboot { return done("needs no reboot") }
            return .ready(prior: PriorState(alreadySo: false, details: ["boot": "\(host.boots)"]))
        default: return .ready(prior: nil)
        }
    }

    /// Whether the step's postcondition is seen now.
    func verify(_ order: StepOrder, at now: Int64, clock: Timestamp) -> Result<Observation, StepFailure> {
        if let result = verifyElsewhere(order, at: now, clock: clock) { return result }
        let step = order.step
        let host = self[step.resource]
        if groups(of: step).contains(where: { removed[$0]?.contains(step.resource) == true }) {
            return .failure(StepFailure(code: .refused, message: "is no member any more"))
        }
        func failed(_ code: StepFailure.Code, _ words: String) -> Result<Observation, StepFailure> {
            .failure(StepFailure(code: code, message: words))
        }
        let pass = Result<Observation, StepFailure>.success(
            Observation(verdict: .pass, summary: "seen", observedAt: clock))
        switch step.action {
        case .drain:
            let isOut = groups(of: step).allSatisfy { host.drained.contains($0) || host.foreign.contains($0) }
            return isOut ? pass : failed(.inconclusive, "still gets traffic")
        case .restore:
            return groups(of: step).contains { host.drained.contains($0) }
                ? failed(.inconclusive, "still drained") : pass
        case .takeOut, .bringBack: return pass
        case .bake, .groupGate:
            let resources = step.action.judged ?? []
            let unwell = resources.filter { !isWell($0, at: now) }
            if unwell.isEmpty, hasNobodyToCompareWith(step) {
                return failed(.inconclusive, "\(step.id) has nobody left to compare with")
            }
            return unwell.isEmpty ? pass : failed(.unhealthy, "\(unwell) are not well")
        default: break
        }
        guard isReachable(step.resource, at: now) else { return failed(.unreachable, "does not answer") }
        switch step.action {
        case .changePackages(let transaction):
            if host.busyUntil > now { return failed(.timeout, "still at work") }
            if host.isHalfConfigured { return failed(.packageManager, "a script failed") }
            return host.installed == Self.version(after: transaction) ? pass : failed(.inconclusive, "other versions")
        case .replaceImage:
            let target: Version = back.contains(step.id) ? .before : .after
            return host.installed == target ? pass : failed(.inconclusive, "runs from another image")
        case .snapshot: return host.snapshot != nil ? pass : failed(.timeout, "there is no snapshot")
        case .revert: return host.snapshot == nil ? pass : failed(.timeout, "is still there")
        case .restartServices(_, let units?) where !units.isEmpty:
            let before = order.prior?.details["starts"].flatMap { Int($0) } ?? 0
            return host.starts > before ? pass : failed(.inconclusive, "is on the start that it was on")
        case .restartServices:
            return host.running == host.installed ? pass : failed(.inconclusive, "still runs replaced code")
        case .reboot:
            let before = order.prior?.details["boot"].flatMap { Int($0) } ?? 0
            guard host.boots > before else { return failed(.timeout, "the same boot id") }
            return host.needsReboot ? failed(.inconclusive, "runs the kernel that it ran before") : pass
        case .gate: return isWell(step.resource, at: now) ? pass : failed(.unhealthy, "its probe fails")
        case .preflight(_, let probes):
            // Another run has left it as it is: how it is, is no reason to leave it there.
            if probes.isEmpty, takenOver.contains(step.resource) { return pass }
            if host.isHalfConfigured { return failed(.drift, "packages are half configured") }
            return isWell(step.resource, at: now) ? pass : failed(.unhealthy, "its probe fails")
        case .verify:
            let planned = back.contains(step.id) ? returned(step.resource) : .after
            let isPlanned = host.installed == planned && host.running == planned
            return isPlanned && !host.needsReboot && !host.isHalfConfigured
                ? pass : failed(.drift, "not the planned state")
        default: return pass
        }
    }

    /// All that the plan compares with have failed since.
    private func hasNobodyToCompareWith(_ step: Step) -> Bool {
        guard case .bake(_, _, _, let judgement?) = step.action else { return false }
        return judgement.controls.isEmpty && comparing.contains(step.id)
    }

    /// How a step's effect comes about.
    struct Effect: Sendable {
        var order: StepOrder
        /// The package's script fails.
        var leavesHalfConfigured = false
        var leavesUnwell = false
        /// Unwell for so long, in milliseconds, and then well by itself.
        var unwellMilliseconds: Int64 = 0
        var bootsOldKernel = false
        /// How long a reboot takes, in milliseconds.
        var awayMilliseconds: Int64 = 0
        /// The plan reboots the host after its patch.
        var asksForReboot = false
        /// Which part of the work it is, where that is done in parts.
        var part = 0
        /// The part comes to nothing.
        var breaksOff = false
    }

    /// - Returns: the invariants that it breaks.
    mutating func apply(_ effect: Effect, at now: Int64) -> [String] {
        let step = effect.order.step
        if let broken = applyElsewhere(effect, at: now) { return broken }
        var host = self[step.resource]
        defer { self[step.resource] = host }
        var broken: [String] = []
        switch step.action {
        case .drain, .takeOut:
            // What somebody else drained stays theirs.
            host.isOut = true
            host.lostOwnDrainAt = .min
            host.drained.formUnion(groups(of: step).filter { !host.foreign.contains($0) })
        case .restore, .bringBack:
            let isGated = back.contains(step.id) ? gated.back : gated.forward
            if host.disturbedAt > host.passedAt, isGated.contains(step.resource) {
                broken.append("I6: \(step.id) before a gate has passed")
            }
            if step.action.name == "restore", !host.foreign.isDisjoint(with: groups(of: step)) {
                broken.append("I7: \(step.id) undoes what somebody else did")
            }
            // How far the run before had come with it nobody knew: a gate alone proves nothing of its packages.
            if takenOver.contains(step.resource), !skipped.contains(step.resource),
                host.isHalfConfigured || host.running != host.installed
            {
                broken.append("I6: \(step.id) brings back what another run has left half done")
            }
            host.drained.subtract(groups(of: step))
            host.isOut = !host.drained.isEmpty
        case .changePackages(let transaction):
            guard host.awayUntil <= now else { break }
            let target = Self.version(after: transaction)
            if host.installed == target, !host.isHalfConfigured { break }
            host.disturbedAt = now
            host.isHalfConfigured = effect.leavesHalfConfigured
            guard !host.isHalfConfigured else { break }
            if host.installed != target {
                if target == .after { host.patches += 1 } else { host.returns += 1 }
            }
            host.installed = target
            host.isWell = !(effect.leavesUnwell && target == .after)
            if effect.asksForReboot, target == .after { host.needsReboot = true } else { host.running = target }
        case .restartServices(let exceptions, let units):
            guard host.awayUntil <= now else { break }
            host.disturbedAt = now
            if units?.isEmpty == false { host.starts += 1 }
            if !exceptions.contains("*") { host.running = host.installed }
            if effect.leavesUnwell { host.isWell = false }
            host.unwellUntil = max(host.unwellUntil, now + effect.unwellMilliseconds)
        case .reboot:
            guard host.awayUntil <= now else { break }
            if host.busyUntil > now { broken.append("I9: \(step.id) while the package manager is at work") }
            host.disturbedAt = now
            host.boots += 1
            host.running = host.installed
            host.needsReboot = effect.bootsOldKernel
        case .snapshot:
            guard host.awayUntil <= now, host.snapshot == nil else { break }
            host.disturbedAt = now
            host.snapshot = host.installed
        case .revert:
            guard host.awayUntil <= now else { break }
            broken += reverted(&host, step, at: now)
        case .replaceImage(let replacement):
            guard host.awayUntil <= now else { break }
            broken += replaced(&host, by: replacement, step, effect, at: now)
        default: break
        }
        return broken
    }

    /// The version to which a host goes back: what was only restarted stays as it is.
    private func returned(_ resource: ResourceID) -> Version { changed.contains(resource) ? .before : .after }

    static func version(after transaction: PackageTransaction) -> Version {
        transaction.purpose == .patch ? .after : .before
    }
}
