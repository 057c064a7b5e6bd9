public import FettleModel

/// Carries out one kind of step on real or simulated things. The contract of every driver:
///
/// - `check` looks and changes nothing. After a crash it is what decides, never the memory of what was intended.
/// - `perform` is idempotent: doing it again after it was done changes nothing more.
/// - `verify` looks anew. Done is what is observed, never what an exit code or an API's "completed" says alone.
///
/// Taking a step back is a step of its own in the plan (`restore`, a `changePackages` for rollback), so that it is planned,
/// checked and approved like any other (I8). Every driver passes `StepDriverConformance` of FettleTestSupport.
public protocol StepDriver: Sendable {
    func check(_ step: Step, in context: StepContext) async -> StepReadiness
    func perform(_ step: Step, in context: StepContext) async throws(StepFailure)
    func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation
    /// Looks ahead at what `check` will ask, while the step that takes the resource out is still performed: a resource that is out
    /// waits for its checks. Changes nothing and decides nothing; nobody waits for it, and it may be left out.
    func lookAhead(at step: Step, in context: StepContext) async
}

extension StepDriver {
    /// Nothing: `check` looks when its time comes.
    public func lookAhead(at step: Step, in context: StepContext) async {}
}

/// What a driver is told beside the step.
public struct StepContext: Sendable {
    public var run: RunID
    public var plan: Plan
    public var attempt: Int
    /// When this attempt was intended. An observation that is older proves nothing (I6).
    public var intendedAt: Timestamp
    /// For a step that takes a temporary change back: what was seen before that change was made. For any other: what its own
    /// `check` gave with `ready` before the first attempt, such as the boot id before a reboot; so it is there in `perform`,
    /// `verify`, and in `check` after a crash. Without details if that was `alreadyDone`.
    public var prior: PriorState?
    /// For a bake: what the preflight of each resource that it watches has observed, before anything was changed.
    public var before: [ResourceID: Observation]

    public init(
        run: RunID, plan: Plan, attempt: Int, intendedAt: Timestamp, prior: PriorState?,
        before: [ResourceID: Observation] = [:]
    ) {
        self.run = run
        self.plan = plan
        self.attempt = attempt
        self.intendedAt = intendedAt
        self.prior = prior
        self.before = before
    }
}

/// What `check` says.
public enum StepReadiness: Sendable, Equatable {
    /// Can be performed now. `prior` is set by steps that make a temporary change.
    case ready(prior: PriorState?)
    /// The postcondition already holds: success without an act.
    case alreadyDone(Observation)
    /// Cannot be performed now, but may be later without a person, such as while somebody holds a lock.
    case blocked(reason: String)
    /// It cannot be told: never taken for ready.
    case unknown(StepFailure)
}

/// Finds the driver for an action. The registry is one explicit list in FettleDrivers; the simulator has its own.
public protocol StepDriverRegistry: Sendable {
    /// nil: nobody here can do that, and a plan that asks for it is refused before it starts.
    func driver(for action: StepAction) -> (any StepDriver)?
}

/// Looks at all members of a group at this moment, for the guard before a step that lowers availability (I1).
public protocol HealthObserver: Sendable {
    /// One entry for each member; a member that could not be asked is `unknown`.
    func health(of group: PlannedGroup, in plan: Plan) async -> [ResourceID: MemberHealth]
}
