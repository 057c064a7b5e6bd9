import Synchronization

/// Lets at most so many tasks pass at once; those that wait go in the order they came. With one permit it is a lock
/// that may be held across `await`.
final class AsyncSemaphore: Sendable {
    private struct State {
        var free: Int
        var waiting: [(id: UInt64, continuation: CheckedContinuation<Bool, Never>)] = []
        var nextID: UInt64 = 0
        /// Waiters that were cancelled before they had a place in the queue.
        var cancelledEarly: Set<UInt64> = []
    }

    private let state: Mutex<State>

    init(permits: Int) {
        state = Mutex(State(free: max(1, permits)))
    }

    /// Whether somebody waits for a permit.
    var isContended: Bool { state.withLock { !$0.waiting.isEmpty } }

    func tryAcquire() -> Bool {
        state.withLock { state in
            guard state.free > 0 else { return false }
            state.free -= 1
            return true
        }
    }

    /// Waits for a permit.
    ///
    /// - Returns: false if the task was cancelled while it waited; then it has no permit.
    func acquire() async -> Bool {
        if tryAcquire() { return true }
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let acquired = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if state.cancelledEarly.remove(id) != nil { return false }
                    if state.free > 0 {
                        state.free -= 1
                        return true
                    }
                    state.waiting.append((id, continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                if let index = state.waiting.firstIndex(where: { $0.id == id }) {
                    return state.waiting.remove(at: index).continuation
                }
                state.cancelledEarly.insert(id)
                return nil
            }
            waiter?.resume(returning: false)
        }
        // Cancelled just after it was answered: nobody will come for that entry.
        state.withLock { _ = $0.cancelledEarly.remove(id) }
        return acquired
    }

    func release() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            if state.waiting.isEmpty {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst().continuation
        }
        next?.resume(returning: true)
    }
}
