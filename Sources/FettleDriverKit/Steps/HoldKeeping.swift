public import FettleModel

/// A driver of steps that take a resource out, where others can undo that: a load balancer that is restarted has forgotten
/// what was drained at run time, and a person may put a server back.
///
/// From the moment when such a step is done until the resource is brought back, the executor asks `hold` before every step
/// that requires the resource out, and every few seconds while one is performed; what is lost it has reasserted.
public protocol HoldKeeping: StepDriver {
    /// Looks and changes nothing. `step` is the step that took the resource out, `context.prior` what was seen before it.
    func hold(of step: Step, in context: StepContext) async -> HoldState

    /// Takes the resource out again, and returns once it is observed out and idle. The prior state stays the one of the first
    /// intent: what is there after a restart is not what was there before the run.
    func reassert(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation
}

/// Whether a resource that was taken out is still out.
public enum HoldState: Sendable, Equatable {
    case stands(Observation)
    /// It gets traffic, or may get some. Why, in a line for people.
    case lost(reason: String)
    /// It cannot be told: never taken for standing.
    case unknown(StepFailure)
}
