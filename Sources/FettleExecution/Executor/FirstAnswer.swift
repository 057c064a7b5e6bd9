import Synchronization

/// One value that one task waits for and others may give: the first to come counts.
final class FirstAnswer<Value: Sendable>: Sendable {
    private struct State {
        var waiter: CheckedContinuation<Value?, Never>?
        var result: Value??
        var isClosed = false
    }

    private let state = Mutex(State())

    /// For one waiter. It waits on when its task is cancelled: the giver decides.
    var value: Value? {
        get async {
            await withCheckedContinuation { continuation in
                let ready: Value?? = state.withLock { state in
                    if state.result == nil { state.waiter = continuation }
                    return state.result
                }
                if let ready { continuation.resume(returning: ready) }
            }
        }
    }

    func give(_ value: Value) {
        settle { isClosed in isClosed ? nil : value }
    }

    func giveUp() {
        settle { _ in nil }
    }

    /// From now on a value comes too late and counts as none.
    func close() {
        state.withLock { $0.isClosed = true }
    }

    private func settle(_ result: (Bool) -> Value?) {
        let (waiter, value): (CheckedContinuation<Value?, Never>?, Value?) = state.withLock { state in
            guard state.result == nil else { return (nil, nil) }
            let value = result(state.isClosed)
            state.result = .some(value)
            defer { state.waiter = nil }
            return (state.waiter, value)
        }
        waiter?.resume(returning: value)
    }
}
