import FettleModel

/// What many plays among disasters showed. Sums of different plays are added in any order to the same.
public struct DisasterTally: Sendable, Equatable {
    public var plays = 0
    public var hosts = 0
    /// Lines of all journals.
    public var lines = 0
    /// In how many plays each encounter was met.
    public var met: [Encounter: Int] = [:]
    public var outcomes = Outcomes()
    /// Seeds that broke an invariant, in ascending order, with the first of what they broke; at most `mostBroken`.
    public private(set) var broken: [BrokenSeed] = []
    /// All of them.
    public private(set) var brokenSeeds = 0

    public struct Outcomes: Codable, Sendable, Equatable {
        public var succeeded = 0
        public var rolledBack = 0
        public var failed = 0
        /// Waiting for a person at the end.
        public var awaitingHuman = 0
    }

    public struct BrokenSeed: Codable, Sendable, Equatable {
        public var seed: UInt64
        public var violations: [String]
    }

    public static let mostBroken = 20

    public init() {}

    public mutating func add(_ result: DisasterResult, hosts count: Int) {
        plays += 1
        hosts += count
        lines += result.journal.count
        for encounter in result.met { met[encounter, default: 0] += 1 }
        switch result.outcome {
        case .succeeded: outcomes.succeeded += 1
        case .rolledBack: outcomes.rolledBack += 1
        case .failed: outcomes.failed += 1
        case nil: outcomes.awaitingHuman += 1
        }
        guard !result.violations.isEmpty else { return }
        brokenSeeds += 1
        keep([BrokenSeed(seed: result.seed, violations: result.violations)])
    }

    public mutating func add(_ other: DisasterTally) {
        plays += other.plays
        hosts += other.hosts
        lines += other.lines
        met.merge(other.met) { $0 + $1 }
        outcomes.succeeded += other.outcomes.succeeded
        outcomes.rolledBack += other.outcomes.rolledBack
        outcomes.failed += other.outcomes.failed
        outcomes.awaitingHuman += other.outcomes.awaitingHuman
        brokenSeeds += other.brokenSeeds
        keep(other.broken)
    }

    private mutating func keep(_ seeds: [BrokenSeed]) {
        broken = Array((broken + seeds).sorted { $0.seed < $1.seed }.prefix(Self.mostBroken))
    }

    /// Encounters that no play met, sorted.
    public var unmet: [Encounter] { Encounter.allCases.filter { met[$0] == nil }.sorted() }
}

/// Plays among disasters, one for each seed.
public struct DisasterSeries: Sendable {
    /// What is played with a seed; nil if there is nothing to play with it.
    public var scene: @Sendable (UInt64) throws -> DisasterScene?
    public var profile: DisasterProfile

    public init(profile: DisasterProfile = .everything, scene: @escaping @Sendable (UInt64) throws -> DisasterScene?) {
        self.scene = scene
        self.profile = profile
    }

    /// - Parameter seeds: not empty.
    /// - Parameter cores: how many plays go on at the same time; the result is the same for any number.
    /// - Parameter stopsAtFirst: no further seed is begun once one has broken an invariant; exact with one core.
    /// - Parameter progress: told after each play.
    /// - Throws: what `scene` throws; `PlanDefect`; `CancellationError`.
    public func play(
        _ seeds: ClosedRange<UInt64>, cores: Int = 2, stopsAtFirst: Bool = false,
        progress: @escaping @Sendable () -> Void = {}
    ) async throws -> DisasterTally {
        let cores = UInt64(max(1, cores))
        return try await withThrowingTaskGroup(of: DisasterTally.self) { group in
            for core in 0..<cores {
                group.addTask { try await self.part(of: seeds, core, cores, stopsAtFirst, progress) }
            }
            var tally = DisasterTally()
            while let part = try await group.next() { tally.add(part) }
            return tally
        }
    }

    private func part(
        of seeds: ClosedRange<UInt64>, _ core: UInt64, _ cores: UInt64, _ stopsAtFirst: Bool,
        _ progress: @Sendable () -> Void
    ) async throws -> DisasterTally {
        var tally = DisasterTally()
        var offset = core
        while offset <= seeds.upperBound - seeds.lowerBound {
            try Task.checkCancellation()
            if let (scene, result) = try result(of: seeds.lowerBound + offset) {
                tally.add(result, hosts: scene.plan.targets.count)
                if stopsAtFirst, !result.violations.isEmpty { break }
            }
            progress()
            // A long play leaves others waiting for a thread.
            await Task.yield()
            let (next, isPastAll) = offset.addingReportingOverflow(cores)
            if isPastAll { break }
            offset = next
        }
        return tally
    }

    /// nil if there is nothing to play.
    public func result(of seed: UInt64) throws -> (scene: DisasterScene, result: DisasterResult)? {
        guard let scene = try scene(seed), !scene.plan.steps.isEmpty else { return nil }
        return (scene, try scene.play(seed, profile))
    }

    /// A shorter play that breaks the same as the seed's; nil if that breaks nothing.
    /// - Parameter plays: how many are spent on looking for it.
    public func shrunk(_ seed: UInt64, plays: Int = 400) throws -> ShrunkDisaster? {
        guard let (scene, result) = try result(of: seed),
            var shrinking = DisasterShrinking(result, of: scene, profile: profile, most: plays)
        else { return nil }
        return try shrinking.shrink()
    }
}
