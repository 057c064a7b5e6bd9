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

/// A step that took a resource out, with the driver that did it.
public struct Hold: Sendable {
    public var driver: any HoldKeeping
    public var step: Step
    public var context: StepContext

    public init(driver: any HoldKeeping, step: Step, context: StepContext) {
        self.driver = driver
        self.step = step
        self.context = context
    }
}

/// Does the work, and looks meanwhile whether the holds still stand; a lost one is reasserted at once.
///
/// For work that needs a resource out for longer than a moment: a load balancer that is restarted in the middle would
/// otherwise send traffic to a host that is being changed until the next step begins. Whether a hold stands at the end is
/// not told here: the executor looks before the next step anyway.
///
/// - Parameters:
///   - holds: what has to stand as long as the work goes on.
///   - pause: between two looks at the same hold.
///   - mayReassert: asked before a lost hold is reasserted; whoever has been taken over since touches nothing any more.
///   - lost: called each time when a hold was lost, with its reason, before it is reasserted.
///   - work: what is done meanwhile.
public func keeping<Value: Sendable>(
    _ holds: [Hold], pause: Duration = .seconds(1),
    mayReassert: @escaping @Sendable () async -> Bool = { true },
    lost: @escaping @Sendable (Hold, String) async -> Void = { _, _ in },
    during work: @Sendable () async -> Value
) async -> Value {
    let watch = Task {
        await withTaskGroup(of: Void.self) { group in
            for hold in holds {
                group.addTask {
                    while !Task.isCancelled {
                        try? await Task.sleep(for: pause)
                        guard !Task.isCancelled else { return }
                        guard case .lost(let reason) = await hold.driver.hold(of: hold.step, in: hold.context) else {
                            continue
                        }
                        await lost(hold, reason)
                        guard await mayReassert(), !Task.isCancelled else { return }
                        // A failure is seen by the next look.
                        _ = try? await hold.driver.reassert(hold.step, in: hold.context)
                    }
                }
            }
        }
    }
    let value = await work()
    watch.cancel()
    // What is under way ends before the next step begins: it could otherwise drain what that step brings back.
    await watch.value
    return value
}
