import FettleModel

/// What has been seen of some plays. Tallies of different plays are added up in any order to the same sum.
struct PlayTally: Sendable {
    private(set) var durations: [Int] = []
    private var lows: [Low]
    private var playsInside: [Int]
    private var outcomes = PlayStatistics.Outcomes()
    private var violations: [Sight] = []
    private var questions: [Sight] = []

    private struct Low: Sendable {
        var available: Int
        var play = Int.max
        var second: Int?
    }

    private struct Sight: Sendable {
        var play: Int
        var words: String
    }

    private let groups: [PlannedGroup]
    private let keeping: WindowKeeping

    init(_ plan: Plan) {
        groups = plan.groups
        keeping = WindowKeeping(plan)
        lows = plan.groups.map { Low(available: $0.members.count) }
        playsInside = plan.windows.map { _ in 0 }
    }

    /// - Parameter play: its number; numbers come in ascending order.
    mutating func add(_ result: RehearsalResult, of play: Int) {
        durations.append(result.seconds)
        for (place, group) in groups.enumerated() {
            guard let available = result.lowestAvailable[group.id], available < lows[place].available else { continue }
            lows[place] = Low(available: available, play: play, second: result.lowestAt[group.id])
        }
        for window in keeping.windowsKept(in: result) { playsInside[window] += 1 }
        switch result.outcome {
        case .succeeded: outcomes.succeeded += 1
        case .rolledBack: outcomes.rolledBack += 1
        case .failed: outcomes.failed += 1
        case nil where result.awaitingHuman != nil: outcomes.awaitingHuman += 1
        case nil: outcomes.unfinished += 1
        }
        if !result.violations.isEmpty { outcomes.invariantsBroken += 1 }
        for words in result.violations where violations.count < PlayStatistics.mostSights {
            violations.append(Sight(play: play, words: words))
        }
        if let words = result.awaitingHuman, questions.count < PlayStatistics.mostSights {
            questions.append(Sight(play: play, words: words))
        }
    }

    mutating func add(_ other: PlayTally) {
        durations += other.durations
        for (place, low) in other.lows.enumerated()
        where (low.available, low.play) < (lows[place].available, lows[place].play) { lows[place] = low }
        for (window, plays) in other.playsInside.enumerated() { playsInside[window] += plays }
        outcomes.add(other.outcomes)
        violations = Self.firstSights(violations + other.violations)
        questions = Self.firstSights(questions + other.questions)
    }

    /// Sights of one play come from one tally, in their order.
    private static func firstSights(_ sights: [Sight]) -> [Sight] {
        let sorted = sights.enumerated().sorted { ($0.element.play, $0.offset) < ($1.element.play, $1.offset) }
        return sorted.prefix(PlayStatistics.mostSights).map(\.element)
    }

    func statistics(firstSeed: UInt64) -> PlayStatistics {
        func seed(_ play: Int) -> UInt64 { firstSeed &+ UInt64(play) }
        func told(_ sights: [Sight]) -> [PlayStatistics.Sight] {
            sights.map { PlayStatistics.Sight(seed: seed($0.play), words: $0.words) }
        }
        return PlayStatistics(
            plays: durations.count, firstSeed: firstSeed, seconds: PlayStatistics.Durations(durations),
            groups: zip(groups, lows).map { group, low in
                PlayStatistics.GroupLow(
                    group: group.id, members: group.members.count, minimumAvailable: group.minimumAvailable,
                    lowestAvailable: low.available, seed: low.second.map { _ in seed(low.play) }, second: low.second)
            },
            windows: keeping.windows.enumerated().map { place, window in
                PlayStatistics.WindowShare(
                    opensAt: window.opensAt, closesAt: window.closesAt, targets: keeping.targets[place],
                    playsInside: playsInside[place])
            },
            outcomes: outcomes, violations: told(violations), questions: told(questions))
    }
}

extension PlayStatistics.Outcomes {
    fileprivate mutating func add(_ other: Self) {
        succeeded += other.succeeded
        rolledBack += other.rolledBack
        failed += other.failed
        awaitingHuman += other.awaitingHuman
        unfinished += other.unfinished
        invariantsBroken += other.invariantsBroken
    }
}
