public import FettleModel

extension PlayStatistics {
    /// Plays a plan many times, each play with a seed of its own, from `firstSeed` on.
    ///
    /// - Parameter plays: at least 1.
    /// - Parameter cores: how many plays go on at the same time; the result is the same for any number.
    /// - Parameter progress: told after each play, in no particular order.
    /// - Throws: `PlanDefect` if the plan's steps or orders don't hang together; `CancellationError`.
    public static func of(
        _ plan: Plan, plays: Int = 1_000, firstSeed: UInt64 = 1, faults: FaultProfile = .none, cores: Int = 2,
        progress: @escaping @Sendable () -> Void = {}
    ) async throws -> PlayStatistics {
        let rehearsal = try Rehearsal(plan, seed: firstSeed, faults: faults)
        let (plays, cores) = (max(1, plays), max(1, min(cores, plays)))
        let empty = PlayTally(plan)
        // Every core takes every second play, or third: long plays are spread without asking each other.
        let tallies = try await withThrowingTaskGroup(of: (core: Int, tally: PlayTally).self) { group in
            for core in 0..<cores {
                group.addTask {
                    var tally = empty
                    for play in stride(from: core, to: plays, by: cores) {
                        try Task.checkCancellation()
                        var fresh = rehearsal.withSeed(firstSeed &+ UInt64(play))
                        tally.add(try fresh.play(), of: play)
                        progress()
                        // A long play leaves others waiting for a thread.
                        await Task.yield()
                    }
                    return (core, tally)
                }
            }
            var found: [(core: Int, tally: PlayTally)] = []
            for try await tally in group { found.append(tally) }
            return found.sorted { $0.core < $1.core }.map(\.tally)
        }
        return tallies.reduce(into: empty) { $0.add($1) }.statistics(firstSeed: firstSeed)
    }
}
