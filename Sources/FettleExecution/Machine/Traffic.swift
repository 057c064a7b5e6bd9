import FettleModel

/// A group's traffic. The plan makes its steps those of one host, whose chain they follow or lead; but what becomes of that host, which
/// may have failed before anything was done to it, says nothing of the traffic.
extension RunMachine {
    /// Whether the step that turns a group's traffic, or looks where it is, is still to be carried out.
    func isTrafficWanted(_ step: IndexedStep) -> Bool {
        if step.isRollback {
            return isTrafficTakenBack(by: step.resource) && isIncludedInRollback(step)
                && retirementBegun(behind: step.resource) == nil
        }
        guard !isTrafficTakenBack(by: step.resource) else { return false }
        switch fold.mode {
        case .forward: return true
        // It may stand on two halves: it is turned to the end, whatever the run does next.
        case .aborting: return step.turnsTraffic && fold[step].acted
        case .rollingBack: return false
        }
    }

    /// With everything, or with the host whose step it is and all who need that.
    private func isTrafficTakenBack(by resource: ResourceNumber) -> Bool {
        if case .rollingBack = fold.mode { return true }
        return fold.takingBack.contains(resource)
    }
}
