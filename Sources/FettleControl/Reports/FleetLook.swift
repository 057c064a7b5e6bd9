import FettleModel

/// What was found at the newest look at the fleet, and the facts it rests on, as they are kept.
public struct FleetLook: Sendable {
    var findings: FindingSet
    var outline: FactOutline
    /// All of them, where they were asked for.
    var facts: FactSet?
}
