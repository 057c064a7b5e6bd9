import Dispatch

/// Works two things out at the same time, where they have nothing to do with each other: what comes of it is the same as one after
/// the other.
///
/// - Parameter count: of hosts or steps that each of them goes through: for a few another thread is not worth its waking.
func both<First: Sendable, Second: Sendable>(
    of count: Int, _ first: @Sendable () -> First, _ second: @Sendable () -> Second
) -> (First, Second) {
    guard count >= 500 else { return (first(), second()) }
    // Each is written by one of the two iterations alone, and read when both are over.
    nonisolated(unsafe) var one: First?
    nonisolated(unsafe) var other: Second?
    DispatchQueue.concurrentPerform(iterations: 2) { turn in
        if turn == 0 { one = first() } else { other = second() }
    }
    return (one ?? first(), other ?? second())
}
