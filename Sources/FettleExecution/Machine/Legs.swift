import FettleModel

/// The two outages that a resource can have on its way forward: it is restarted as it is, so that others are compared with it, and
/// later changed (`StepLeg`). What was done in the first is over with it: the resource is then as if nothing had been begun.
extension RunMachine {
    /// It is to be restarted as it is, or being so, before its change.
    func isBeforeRestart(_ resource: ResourceNumber) -> Bool {
        guard let end = index.ends[resource].control else { return false }
        return !fold[end].isSettled
    }

    /// It is back from that, and was restarted: who could not be is put back by the same steps.
    func wasRestartedAsControl(_ resource: ResourceNumber) -> Bool {
        index.forward(resource).allSatisfy { !$0.isControl || fold[$0].isSettled }
    }

    /// Whether the step belongs to the outage in which its resource is, or to the one that comes next.
    func isOfPresentLeg(_ step: IndexedStep) -> Bool {
        step.isRollback || step.isControl == isBeforeRestart(step.resource)
    }

    /// What is left of the present outage on the way forward, or of the next.
    func unsettledCore(of resource: ResourceNumber) -> [IndexedStep] {
        let isControl = isBeforeRestart(resource)
        return index.forward(resource).filter { $0.isCore && $0.isControl == isControl && !fold[$0].isSettled }
    }
}
