import FettleModel

/// Who is shut down for good is nobody to turn the traffic back to: what was turned away from it stays where it is, and so does everybody who
/// serves it by now, whatever else goes back.
extension RunMachine {
    /// Nothing goes back as a whole any more, since who stays may need what would go: the run stops. What has failed goes back first, and
    /// whatever needs it, if all of that still can.
    func stopBehindRetirement(because reason: String) -> [RunEvent] {
        // Who is only watched has failed too, and has no way in the plan.
        let failed = fold.failed.keys.filter(index.hasSteps).map(index.name).sorted()
        let part = partRollback(of: failed).resources
        let numbers = part.compactMap(index.number)
        let goes = !numbers.contains { hasLostWayBack($0) } && !numbers.allSatisfy(fold.takingBack.contains)
        let stop = RunEvent.abortRequested(by: Self.budget, reason: reason)
        return goes ? [.partRollbackRequested(resources: part, by: Self.budget, reason: reason), stop] : [stop]
    }

    /// Who asks for it, in the journal.
    private static let budget: Person = "the failure budget"

    /// A retirement that was begun of those who would get the traffic back with this resource, whatever became of it; nil: none was.
    func retirementBegun(behind resource: ResourceNumber) -> StepNumber? {
        guard !fold.retirementsBegun.isEmpty else { return nil }
        return index.retirementsBehind[resource]?.first { fold.retirementsBegun.contains($0) }
    }
}
