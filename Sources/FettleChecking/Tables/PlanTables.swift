import FettleModel

/// A well-formed plan as numbers.
struct PlanTables {
    let plan: Plan
    let targets: TargetIndex
    let forward: StepTable
    let rollback: StepTable
}

/// The time during which a resource is out, by the positions of two steps.
struct Outage {
    /// The step that comes before every other that takes the resource out.
    let begin: Int32
    /// The step that comes after every other that brings it back.
    let end: Int32
}

/// When each target is out, on both ways; nil where it is not.
struct Outages {
    /// For the change.
    var forward: [Outage?]
    var back: [Outage?]
    /// On the way forward before the change, to be restarted as it is. By target; few have one.
    var control: [Int: Outage] = [:]

    /// Whether the plan takes the target out at all.
    func has(_ target: Int) -> Bool { forward[target] != nil || back[target] != nil }
}
