import FettleDriverKit
import FettleModel
import Synchronization

/// What a step's check has just seen of its host, for the performance that follows at once: only the intent is journaled in
/// between. So the host, which is out and waits, is not asked the same twice.
///
/// It is taken once, and only while it is fresh; whether the step has worked is always looked at anew.
final class RecentLooks<Look: Sendable>: Sendable {
    /// A journal's write takes milliseconds. Who was held up for longer than this looks again.
    static var freshness: Duration { .seconds(2) }

    private struct Key: Hashable {
        var run: RunID
        var step: StepID
    }

    private let looks = Mutex<[Key: (look: Look, at: ContinuousClock.Instant)]>([:])
    private let limit: Duration?

    /// - Parameter limit: how old it may be when it is taken. Nil for what a performance tells of itself, which is as true when the
    ///   proof that follows was long in coming.
    init(freshFor limit: Duration? = RecentLooks.freshness) { self.limit = limit }

    /// - Parameter time: before the host was asked.
    func note(_ look: Look, of step: Step, in context: StepContext, since time: ContinuousClock.Instant) {
        looks.withLock { $0[Key(run: context.run, step: step.id)] = (look, time) }
    }

    func take(of step: Step, in context: StepContext, now: ContinuousClock.Instant = .now) -> Look? {
        guard let (look, time) = looks.withLock({ $0.removeValue(forKey: Key(run: context.run, step: step.id)) }),
            limit.map({ time.duration(to: now) < $0 }) ?? true
        else { return nil }
        return look
    }
}
