import FettleDriverKit
import FettleModel
import Synchronization

/// How long the work itself took in steps, as the host's own tools do it: all attempts of a step together, until its observation
/// takes it. Kept in memory alone.
final class StepTimes: Sendable {
    private struct Key: Hashable {
        var run: RunID
        var step: StepID
    }

    private let times = Mutex<[Key: Int]>([:])

    /// - Parameter milliseconds: nil: nobody knows; nothing is added.
    func add(milliseconds: Int?, to step: StepID, in run: RunID) {
        guard let milliseconds else { return }
        times.withLock { $0[Key(run: run, step: step), default: 0] += milliseconds }
    }

    /// nil: nothing was added since it was last asked.
    func take(of step: StepID, in run: RunID) -> Int? {
        times.withLock { $0.removeValue(forKey: Key(run: run, step: step)) }
    }
}
