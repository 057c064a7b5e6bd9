import FettleExecution
import FettleModel

/// Members that are restarted as they are, so that others are compared with them, and patched later: two outages of one host.
extension DisasterPlay {
    mutating func noteControl(_ id: StepID) {
        guard let step = account.steps[id]?.step, step.leg == .control else { return }
        if step.availability == .bringsBack, account.restarted.contains(step.resource) { meet(.controlRestarted) }
    }

    mutating func noteControl(_ id: StepID, _ failure: StepFailure) {
        guard let step = account.steps[id]?.step else { return }
        if case .bake = step.action, failure.message.hasSuffix("nobody left to compare with") {
            meet(.nobodyToCompareWith)
        }
        guard step.leg == .control, account.unfit.contains(step.resource) else { return }
        meet(.controlFailed)
        if account.failed.isEmpty, !account.isStopping { meet(.controlFailedAlone) }
    }

    /// Once is enough: who does not know whether it was restarted looks.
    /// - Parameter starts: on which start its units were before the step took effect.
    mutating func judgeRestart(by step: Step, starts: Int) {
        guard step.leg == .control, world[step.resource].starts > starts else { return }
        reboots[step.id, default: 0] += 1
        if let count = reboots[step.id], count > 1 + account.renewals {
            oracle.broken("I2: \(step.id) has restarted \(step.resource) \(count) times")
        }
    }

    /// At the moment at which somebody begins to be compared: whom the bake waits for is restarted, and back.
    mutating func judgeComparison(by bake: Step) {
        guard case .bake(_, _, _, let judgement?) = bake.action else { return }
        let restarted = Set(
            bake.after.compactMap { account.steps[$0]?.step }.filter { $0.leg == .control }.map(\.resource))
        for control in judgement.controls where restarted.contains(control) {
            if account.isOut(control) {
                oracle.broken("I3: \(bake.id) compares with \(control), which is out")
            } else if !account.restarted.contains(control) || world[control].starts == 1 {
                oracle.broken("I3: \(bake.id) compares with \(control), which has not come back from its restart")
            }
        }
    }
}
