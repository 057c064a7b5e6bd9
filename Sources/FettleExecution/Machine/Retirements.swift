import FettleModel

/// Who is shut down for good is nobody to turn the traffic back to: what was turned away from it stays where it is.
extension RunMachine {
    /// The first that was begun, whatever became of it; nil: none was.
    func retirementBegun() -> StepID? {
        index.retirements.first { fold[$0].acted }.map(index.name)
    }

    /// The same of those who would get the traffic back with this resource.
    func retirementBegun(behind resource: ResourceID) -> StepID? {
        guard index.retirements.contains(where: { fold[$0].acted }) else { return nil }
        for step in index.plan.steps {
            guard case .switchTraffic(let turn) = step.action, turn.to.contains(resource) || step.resource == resource
            else { continue }
            let begun = index.retirements.first {
                fold[$0].acted && turn.from.contains(index.name(of: index.step($0).resource))
            }
            if let begun { return index.name(of: begun) }
        }
        return nil
    }
}
