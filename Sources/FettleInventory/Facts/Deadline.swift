internal import Synchronization

/// Waits for work only so long.
enum Deadline {
    enum Answer<Value: Sendable>: Sendable {
        case value(Value)
        case late
        case cancelled
    }

    /// The work's value, unless the time is over or the surrounding task is cancelled before.
    ///
    /// A task group would wait for its children even after it cancelled them, and a child that blocks without looking at
    /// its cancellation would hold everybody: so the work runs beside, and its late answer is dropped.
    static func first<Value: Sendable>(
        within limit: Duration, _ work: @escaping @Sendable () async -> Value
    ) async -> Answer<Value> {
        let race = Race<Value>()
        let worker = Task { race.finish(.value(await work())) }
        let timer = Task {
            do {
                try await Task.sleep(for: limit)
                race.finish(.late)
            } catch {
                // Cancelled, because there is an answer.
            }
        }
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { race.wait($0) }
        } onCancel: {
            race.finish(.cancelled)
        }
        worker.cancel()
        timer.cancel()
        return answer
    }

    /// The first answer wins, whether it comes before or after the one who waits.
    private final class Race<Value: Sendable>: Sendable {
        private enum State {
            case running
            case waiting(CheckedContinuation<Answer<Value>, Never>)
            case answered(Answer<Value>)
        }

        private let state = Mutex(State.running)

        func wait(_ continuation: CheckedContinuation<Answer<Value>, Never>) {
            let answer: Answer<Value>? = state.withLock { state in
                if case .answered(let answer) = state { return answer }
                state = .waiting(continuation)
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }

        func finish(_ answer: Answer<Value>) {
            let waiting: CheckedContinuation<Answer<Value>, Never>? = state.withLock { state in
                switch state {
                case .running:
                    state = .answered(answer)
                    return nil
                case .waiting(let continuation):
                    state = .answered(answer)
                    return continuation
                case .answered:
                    return nil
                }
            }
            waiting?.resume(returning: answer)
        }
    }
}
