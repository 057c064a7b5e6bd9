public import FettleModel

/// What is played: a plan, and whatever is true beside it. Everything that plays it more than once, with fewer faults or fewer hosts,
/// goes through here.
public struct DisasterScene: Sendable {
    public var plan: Plan
    /// What is true beside the plan.
    public var surroundings = DisasterSurroundings.none
    /// A rule of the store that is left out, for tests of the oracle.
    var defect: SimulatedStore.Defect?

    public init(_ plan: Plan) { self.plan = plan }

    public init(_ plan: Plan, surroundings: DisasterSurroundings) {
        self.plan = plan
        self.surroundings = surroundings
    }

    /// - Parameter faults: those that strike, instead of those that the seed draws.
    /// - Throws: `PlanDefect` if the plan's steps or orders don't hang together.
    func play(
        _ seed: UInt64, _ profile: DisasterProfile, faults: [DrawnFault]? = nil, tellsAll: Bool = false
    ) throws -> DisasterResult {
        var play = try DisasterPlay(plan, seed: seed, profile: profile, faults: faults, surroundings: surroundings)
        play.store.defect = defect
        play.tellsAll = tellsAll
        return try play.play()
    }

    func with(_ plan: Plan) -> DisasterScene {
        var scene = self
        scene.plan = plan
        return scene
    }
}
