import FettleExecution
import FettleModel

extension ControllerUpgrade {
    /// Whom the controller takes through together, in its own order.
    var batches: [[ResourceID]] {
        let size = max(1, atOnce)
        return stride(from: 0, to: members.count, by: size).map {
            Array(members[$0..<min($0 + size, members.count)])
        }
    }
}

/// A cluster's own controller: it takes its members through an upgrade, and goes on with it when nobody asks any more. It looks at the
/// others of its cluster before each batch, and stops where one is not well.
extension DisasterWorld {
    func checkUpgrade(_ step: Step, _ upgrade: ControllerUpgrade, at now: Int64, clock: Timestamp) -> StepAnswer {
        guard isReachable(step.resource, at: now) else { return .unreachable(step.resource) }
        if isAtWork(.controller(step.resource), at: now) { return .blocked(reason: "an upgrade is under way") }
        return isUpgraded(upgrade) ? .done("all have these versions", at: clock) : .ready(prior: nil)
    }

    func verifyUpgrade(
        _ step: Step, _ upgrade: ControllerUpgrade, at now: Int64, clock: Timestamp
    ) -> Result<Observation, StepFailure> {
        guard isReachable(step.resource, at: now) else { return .unreachable(step.resource) }
        guard isUpgraded(upgrade) else {
            return .failure(StepFailure(code: .timeout, message: "nothing came on for \(upgrade.stallSeconds) s"))
        }
        return .seen("all have these versions", at: clock)
    }

    private func isUpgraded(_ upgrade: ControllerUpgrade) -> Bool {
        let target = Self.version(after: upgrade.transaction)
        return upgrade.members.allSatisfy { self[$0].installed == target && !self[$0].isHalfConfigured }
    }

    /// A batch goes down, or comes up with the new versions.
    mutating func applyUpgrade(_ upgrade: ControllerUpgrade, part: Int, leavesUnwell: Bool, at now: Int64) {
        let batches = upgrade.batches
        guard batches.indices.contains(part / 2) else { return }
        let target = Self.version(after: upgrade.transaction)
        let batch = batches[part / 2].filter { self[$0].installed != target || self[$0].isHalfConfigured }
        if part % 2 == 0 {
            let others = (groups[upgrade.cluster]?.members ?? upgrade.members).filter { !batch.contains($0) }
            guard others.allSatisfy({ isWell($0, at: now) }) else { return }
            for member in batch where isReachable(member, at: now) {
                self[member].isTakenThrough = true
                self[member].disturbedAt = now
            }
        } else {
            for member in batch where self[member].isTakenThrough {
                var host = self[member]
                host.isTakenThrough = false
                if host.awayUntil <= now {
                    if target == .after { host.patches += 1 } else { host.returns += 1 }
                    host.installed = target
                    host.running = target
                    host.isHalfConfigured = false
                    host.needsReboot = false
                    host.boots += 1
                    host.isWell = !(leavesUnwell && target == .after)
                }
                self[member] = host
            }
        }
    }
}
