public import FettleModel

/// What many plays of a plan showed, each with dice of its own: how long it takes, what is left of each group at worst, and how
/// likely it ends inside its windows. The same plan and seeds give the same value, on however many cores it was played.
public struct PlayStatistics: Codable, Sendable, Equatable {
    /// Of the virtual time from the start until a play ended or stood still for a person, in seconds. Percentiles are by nearest
    /// rank: the smallest duration that so many of the plays do not exceed.
    public struct Durations: Codable, Sendable, Equatable {
        public var minimum: Int
        public var p5: Int
        public var median: Int
        public var p95: Int
        public var maximum: Int
        /// Of equal width and without gaps, from the minimum on; at most `PlayStatistics.mostBins`.
        public var histogram: [Bin]
    }

    /// Plays that took from `from` to `through` seconds, both included.
    public struct Bin: Codable, Sendable, Equatable {
        public var from: Int
        public var through: Int
        public var plays: Int
    }

    /// The worst moment of a group over all plays.
    public struct GroupLow: Codable, Sendable, Equatable {
        public var group: GroupID
        public var members: Int
        public var minimumAvailable: Int
        public var lowestAvailable: Int
        /// The first play, by its seed, in which it came to that, and when, in seconds after its start; nil if all members
        /// served all the time.
        public var seed: UInt64?
        public var second: Int?
    }

    /// How many plays kept to a window: everything that takes its hosts out, keeps them out or brings them back lay inside it, on
    /// either way, and nothing of that was left to do.
    public struct WindowShare: Codable, Sendable, Equatable {
        public var opensAt: Timestamp
        public var closesAt: Timestamp
        /// Hosts that are worked on in it.
        public var targets: Int
        public var playsInside: Int
    }

    public struct Outcomes: Codable, Sendable, Equatable {
        public var succeeded = 0
        public var rolledBack = 0
        public var failed = 0
        public var awaitingHuman = 0
        /// Neither ended nor waiting for a person, which breaks I11.
        public var unfinished = 0
        /// Plays in which an invariant was broken.
        public var invariantsBroken = 0
    }

    /// What was seen in one play, in words.
    public struct Sight: Codable, Sendable, Equatable {
        public var seed: UInt64
        public var words: String

        public init(seed: UInt64, words: String) {
            self.seed = seed
            self.words = words
        }
    }

    public static let mostBins = 20
    /// So many sights of each kind are kept, those of the smallest seeds; `outcomes` counts all.
    public static let mostSights = 20

    public var plays: Int
    public var firstSeed: UInt64
    public var seconds: Durations
    /// In the plan's order.
    public var groups: [GroupLow]
    /// As the plan's windows.
    public var windows: [WindowShare]
    public var outcomes: Outcomes
    /// Invariants that were broken.
    public var violations: [Sight]
    /// Why plays stood still for a person.
    public var questions: [Sight]
}

extension PlayStatistics.Durations {
    /// - Parameter durations: in seconds; all 0 if there are none.
    init(_ durations: [Int]) {
        let sorted = durations.sorted()
        func rank(_ percent: Int) -> Int {
            guard !sorted.isEmpty else { return 0 }
            return sorted[max(0, (sorted.count * percent + 99) / 100 - 1)]
        }
        minimum = sorted.first ?? 0
        p5 = rank(5)
        median = rank(50)
        p95 = rank(95)
        maximum = sorted.last ?? 0
        histogram = Self.histogram(of: sorted)
    }

    private static func histogram(of sorted: [Int]) -> [PlayStatistics.Bin] {
        guard let first = sorted.first, let last = sorted.last else { return [] }
        let span = last - first + 1
        let width = (span + PlayStatistics.mostBins - 1) / PlayStatistics.mostBins
        var bins = stride(from: first, through: last, by: width).map { from in
            PlayStatistics.Bin(from: from, through: from + width - 1, plays: 0)
        }
        for duration in sorted { bins[(duration - first) / width].plays += 1 }
        return bins
    }
}
