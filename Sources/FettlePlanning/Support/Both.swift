import Dispatch

/// Works two things out at the same time, where they have nothing to do with each other: what comes of it is the same as one after
/// the other.
func both<First: Sendable, Second: Sendable>(
    _ first: @Sendable () -> First, _ second: @Sendable () -> Second
) -> (First, Second) {
    // Each is written by one of the two iterations alone, and read when both are over.
    nonisolated(unsafe) var one: First?
    nonisolated(unsafe) var other: Second?
    DispatchQueue.concurrentPerform(iterations: 2) { turn in
        if turn == 0 { one = first() } else { other = second() }
    }
    return (one ?? first(), other ?? second())
}
