public import FettleDriverKit
public import FettleModel

/// `takeOut` and `bringBack` where no load balancer has to be told: only the reservation in the store counts, and the
/// executor makes that. So there is nothing to do, nothing that could have been done before, and nothing to observe but that.
public struct ReservationDriver: StepDriver {
    private let now: @Sendable () -> Timestamp

    public init(now: @escaping @Sendable () -> Timestamp = { Timestamp.now() }) { self.now = now }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness { .ready(prior: nil) }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {}

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let words = step.action == .takeOut ? "out of its groups" : "counted in its groups again"
        return Observation(
            verdict: .pass, summary: "\(words); no traffic driver has to be told", observedAt: now())
    }
}
