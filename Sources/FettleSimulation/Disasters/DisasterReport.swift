import FettleModel

/// What a series of plays showed, as lines for people and as one JSON document; the same from `fettle simulate` and `make simulate`.
public struct DisasterReport: Sendable, Encodable {
    public var plays: Int
    public var hosts: Int
    public var journalLines: Int
    public var seconds: Double
    public var playsPerSecond: Int
    public var outcomes: DisasterTally.Outcomes
    /// How often each was met; those that were not, too.
    public var encounters: [String: Int]
    public var unmet: [String]
    public var brokenSeeds: Int
    public var broken: [Broken]

    /// A seed that broke an invariant.
    public struct Broken: Sendable, Encodable {
        public var seed: UInt64
        public var violations: [String]
        /// The command that plays it again.
        public var again: String
        /// For the first of them: the shorter play's story.
        public var shrunk: Shrunk?
    }

    public struct Shrunk: Sendable, Encodable {
        public var faults: [String]
        public var hosts: [String]
        public var violations: [String]
        public var story: [String]
        public var plays: Int
    }

    /// The most lines of a story.
    public static let storyLines = 120
    /// The most seeds whose story is told.
    private static let mostStories = 3

    /// - Parameter again: the command that plays a seed again.
    /// - Throws: what playing a seed again throws.
    public init(
        _ tally: DisasterTally, of series: DisasterSeries, seconds: Double, again: (UInt64) -> String
    ) throws {
        plays = tally.plays
        hosts = tally.hosts
        journalLines = tally.lines
        self.seconds = (seconds * 10).rounded() / 10
        playsPerSecond = Int(Double(tally.plays) / max(seconds, 0.001))
        outcomes = tally.outcomes
        encounters = Dictionary(
            Encounter.allCases.map { ($0.rawValue, tally.met[$0] ?? 0) }, uniquingKeysWith: { first, _ in first })
        unmet = tally.unmet.map(\.rawValue)
        brokenSeeds = tally.brokenSeeds
        broken = try tally.broken.enumerated().map { place, seed in
            var broken = Broken(seed: seed.seed, violations: seed.violations, again: again(seed.seed), shrunk: nil)
            if place < Self.mostStories, let shrunk = try series.shrunk(seed.seed) {
                broken.shrunk = Shrunk(
                    faults: shrunk.faults.map(\.words), hosts: shrunk.scene.plan.targets.map(\.resource.rawValue),
                    violations: shrunk.result.violations, story: shrunk.result.story(lines: Self.storyLines),
                    plays: shrunk.plays)
            }
            return broken
        }
    }

    /// In plain words; not wrapped.
    public func lines() -> [String] {
        var lines = [
            "\(plays) runs of \(hosts) hosts, \(journalLines) journal lines, \(playsPerSecond) runs a second",
            "succeeded: \(outcomes.succeeded), rolled back: \(outcomes.rolledBack), failed: \(outcomes.failed), "
                + "waiting for a person: \(outcomes.awaitingHuman), invariants broken: \(brokenSeeds)",
            "", "met in so many runs:",
        ]
        for name in encounters.keys.sorted() { lines.append("  \(name): \(encounters[name] ?? 0)") }
        if !unmet.isEmpty { lines.append("never met: \(unmet.joined(separator: ", "))") }
        for seed in broken { lines += [""] + Self.lines(of: seed) }
        if brokenSeeds > broken.count { lines.append("… and \(brokenSeeds - broken.count) more seeds") }
        return lines
    }

    private static func lines(of broken: Broken) -> [String] {
        var lines = ["seed \(broken.seed):"] + broken.violations.prefix(3).map { "  \($0)" }
        lines.append("  again: \(broken.again)")
        guard let shrunk = broken.shrunk else { return lines }
        lines += [
            "  shrunk in \(shrunk.plays) plays to \(shrunk.hosts.count) hosts (\(shrunk.hosts.joined(separator: ", ")))"
        ]
        lines.append("  and \(shrunk.faults.count) faults:")
        lines += shrunk.faults.map { "    \($0)" }
        lines.append("  which breaks:")
        lines += shrunk.violations.prefix(3).map { "    \($0)" }
        lines.append("  its story:")
        lines += shrunk.story.map { "    \($0)" }
        return lines
    }
}
