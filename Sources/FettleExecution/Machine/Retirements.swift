import FettleModel

/// Who is shut down for good is nobody to turn the traffic back to: what was turned away from it stays where it is, and so does everybody who
/// serves it by now, whatever else goes back.
extension RunMachine {
    /// A retirement that was begun of those who would get the traffic back with this resource, whatever became of it; nil: none was.
    func retirementBegun(behind resource: ResourceNumber) -> StepNumber? {
        guard !fold.retirementsBegun.isEmpty else { return nil }
        return index.retirementsBehind[resource]?.first { fold.retirementsBegun.contains($0) }
    }
}
