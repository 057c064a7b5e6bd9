import FettleDriverKit
import FettleModel
import Synchronization

/// What is looked at of a step's host while the step before it is still performed, for the check that follows. A host that is out
/// waits for every look: one that is made while its last sessions end costs it nothing.
///
/// It is taken once, and only while it is as fresh as a look for a performance has to be (`RecentLooks`).
final class LooksAhead<Look: Sendable>: Sendable {
    private struct Key: Hashable {
        var run: RunID
        var step: StepID
    }

    private struct Entry {
        var task: Task<Look?, Never>
        var at: ContinuousClock.Instant

        func isFresh(_ now: ContinuousClock.Instant) -> Bool {
            at.duration(to: now) < RecentLooks<Look>.freshness
        }
    }

    private let entries = Mutex<[Key: Entry]>([:])
    private let now: @Sendable () -> ContinuousClock.Instant

    init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) { self.now = now }

    /// Returns when it has been looked.
    /// - Parameter look: nil: it could not be seen.
    func look(at step: Step, in context: StepContext, _ look: @escaping @Sendable () async -> Look?) async {
        let now = now()
        let task = Task { await look() }
        entries.withLock { entries in
            // For those nobody has come.
            entries = entries.filter { $0.value.isFresh(now) }
            entries[Key(run: context.run, step: step.id)] = Entry(task: task, at: now)
        }
        await withTaskCancellationHandler {
            _ = await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// Waits for a look that is under way: a second one would come behind it.
    /// - Returns: it, and the time before the host was asked; nil if there is none, or none that is fresh.
    func take(of step: Step, in context: StepContext) async -> (look: Look, at: ContinuousClock.Instant)? {
        let entry = entries.withLock { $0.removeValue(forKey: Key(run: context.run, step: step.id)) }
        guard let entry, entry.isFresh(now()) else { return nil }
        let look = await withTaskCancellationHandler {
            await entry.task.value
        } onCancel: {
            entry.task.cancel()
        }
        guard let look, entry.isFresh(now()) else { return nil }
        return (look, entry.at)
    }
}
