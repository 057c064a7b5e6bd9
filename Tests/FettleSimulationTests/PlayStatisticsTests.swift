import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleSimulation

@Suite struct PlayStatisticsTests {
    private let faults = FaultProfile(packageFailure: 60, badPatch: 60, lostHost: 20)

    private func results(_ plan: Plan, _ seeds: ClosedRange<UInt64>) throws -> [RehearsalResult] {
        try seeds.map { seed in
            var rehearsal = try Rehearsal(plan, seed: seed, faults: faults)
            return try rehearsal.play()
        }
    }

    @Test func theSameIsSeenOnAnyNumberOfCores() async throws {
        let plan = RollingPlan.plan(size: 5, lanes: 2)
        let one = try await PlayStatistics.of(plan, plays: 41, firstSeed: 7, faults: faults, cores: 1)
        for cores in [2, 3, 100] {
            let many = try await PlayStatistics.of(plan, plays: 41, firstSeed: 7, faults: faults, cores: cores)
            #expect(many == one)
        }
        #expect(one.plays == 41)
        // Seeds go round after the last.
        let last = try await PlayStatistics.of(plan, plays: 4, firstSeed: .max - 1, faults: faults, cores: 1)
        #expect(try await PlayStatistics.of(plan, plays: 4, firstSeed: .max - 1, faults: faults, cores: 2) == last)
    }

    /// Against the plays themselves, one by one.
    @Test func theStatisticsAreThoseOfThePlays() async throws {
        let plan = RollingPlan.plan(size: 5, lanes: 2)
        let results = try results(plan, 1...60)
        let seen = try await PlayStatistics.of(plan, plays: 60, faults: faults)
        let durations = results.map(\.seconds).sorted()
        #expect(seen.seconds.minimum == durations[0] && seen.seconds.maximum == durations[59])
        #expect(seen.seconds.p5 == durations[2] && seen.seconds.median == durations[29])
        #expect(seen.seconds.p95 == durations[56])
        #expect(seen.outcomes.succeeded == results.count { $0.outcome == .succeeded })
        #expect(seen.outcomes.awaitingHuman == results.count { $0.awaitingHuman != nil })
        let outcomes = seen.outcomes
        #expect(outcomes.succeeded + outcomes.rolledBack + outcomes.failed + outcomes.awaitingHuman == 60)
        #expect(outcomes.succeeded > 0 && outcomes.rolledBack > 0 && outcomes.failed > 0, "each is reached")
        #expect(seen.violations == [] && outcomes.invariantsBroken == 0 && outcomes.unfinished == 0)
        let low = try #require(seen.groups.first)
        #expect(low.lowestAvailable == results.compactMap { $0.lowestAvailable["web"] }.min())
        let first = try #require(results.firstIndex { $0.lowestAvailable["web"] == low.lowestAvailable })
        #expect(low.seed == UInt64(first + 1))
        #expect(low.second == results[first].lowestAt["web"])
    }

    @Test(arguments: TestScale.seeds(30, long: 300))
    func everyPlayIsInOneBarOfTheHistogram(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let range = Int.random(in: 0...5_000, using: &random)
        let durations = (0..<Int.random(in: 1...300, using: &random)).map { _ in
            900 + Int.random(in: 0...range, using: &random)
        }
        let summary = PlayStatistics.Durations(durations)
        #expect((1...PlayStatistics.mostBins).contains(summary.histogram.count))
        #expect(summary.histogram.first?.from == durations.min())
        for (bin, next) in zip(summary.histogram, summary.histogram.dropFirst()) {
            #expect(next.from == bin.through + 1 && next.through - next.from == bin.through - bin.from)
        }
        for bin in summary.histogram {
            #expect(bin.plays == durations.count { (bin.from...bin.through).contains($0) })
        }
        #expect(summary.histogram.map(\.plays).reduce(0, +) == durations.count)
        for (percent, value) in [(5, summary.p5), (50, summary.median), (95, summary.p95)] {
            let atMost = durations.count { $0 <= value }
            let less = durations.count { $0 < value }
            #expect(atMost * 100 >= durations.count * percent && less * 100 < durations.count * percent)
        }
    }

    @Test func whereNothingWasPlayedNothingIsTold() {
        let summary = PlayStatistics.Durations([])
        #expect(summary.histogram == [] && summary.median == 0)
        let once = PlayStatistics.Durations([42])
        #expect(once.histogram == [PlayStatistics.Bin(from: 42, through: 42, plays: 1)])
        #expect([once.minimum, once.p5, once.median, once.p95, once.maximum].allSatisfy { $0 == 42 })
    }

    /// A window that is long enough on some days only: then the machine does not begin the last host.
    @Test func aTightWindowIsKeptInSomePlays() async throws {
        var plan = RollingPlan.plan(size: 3, lanes: 1)
        func share(_ seconds: Int) async throws -> PlayStatistics {
            let opensAt = Timestamp(milliseconds: 50_000_000)
            plan.windows = [TimeWindow(opensAt: opensAt, closesAt: opensAt.adding(seconds: seconds))]
            for place in plan.targets.indices { plan.targets[place].window = 0 }
            return try await PlayStatistics.of(plan, plays: 100)
        }
        let long = try await share(3_600)
        #expect(long.windows.map(\.playsInside) == [100] && long.windows.map(\.targets) == [3])
        let tight = try await share(135)
        let inside = tight.windows[0].playsInside
        #expect((1..<100).contains(inside))
        #expect(tight.outcomes.succeeded == inside && tight.outcomes.awaitingHuman == 100 - inside)
        #expect(tight.questions.count == min(20, 100 - inside))
        #expect(tight.questions.allSatisfy { $0.words.contains("window closes") })
        #expect(tight.questions.map(\.seed) == tight.questions.map(\.seed).sorted())
    }

    /// What is begun in time and takes longer than it should is brought to its end outside the window, and that counts.
    @Test func whatRunsOverIsNotInside() throws {
        var plan = RollingPlan.plan(size: 2, lanes: 1)
        let opensAt = Timestamp(milliseconds: 50_000_000)
        plan.windows = [
            TimeWindow(opensAt: opensAt, closesAt: opensAt.adding(seconds: 600)),
            TimeWindow(opensAt: opensAt.adding(seconds: 600), closesAt: opensAt.adding(seconds: 1_200)),
        ]
        plan.targets[0].window = 0
        plan.targets[1].window = 1
        var rehearsal = try Rehearsal(plan, seed: 1)
        let result = try rehearsal.play()
        let keeping = WindowKeeping(plan)
        #expect(keeping.windowsKept(in: result) == [0, 1])

        func moved(_ step: StepID, to seconds: Int) -> RehearsalResult {
            var other = result
            for place in other.journal.indices {
                guard case .stepDone(step, _, _) = other.journal[place].event else { continue }
                other.journal[place].at = opensAt.adding(seconds: seconds)
            }
            return other
        }
        #expect(keeping.windowsKept(in: moved("web-1/restore", to: 601)) == [1])
        #expect(keeping.windowsKept(in: moved("web-2/drain", to: 599)) == [0])
        #expect(
            keeping.windowsKept(in: moved("web-2/preflight", to: 1)) == [0, 1], "what disturbs nobody may be early")

        var cut = result
        cut.outcome = nil
        cut.journal.removeAll { if case .stepDone("web-2/restore", _, _) = $0.event { true } else { false } }
        #expect(keeping.windowsKept(in: cut) == [0], "what stands still half done is not inside")
    }

    @Test func ofManySightsTheFirstAreKept() throws {
        let plan = RollingPlan.plan(size: 2, lanes: 1)
        var rehearsal = try Rehearsal(plan, seed: 1)
        var bad = try rehearsal.play()
        bad.violations = ["I1: one", "I7: two"]
        var (even, odd) = (PlayTally(plan), PlayTally(plan))
        for play in 0..<60 { if play % 2 == 0 { even.add(bad, of: play) } else { odd.add(bad, of: play) } }
        odd.add(even)
        let seen = odd.statistics(firstSeed: 100)
        #expect(seen.outcomes.invariantsBroken == 60)
        let seeds: [UInt64] = (0..<20).map { UInt64(100 + $0 / 2) }
        #expect(seen.violations.map(\.seed) == seeds)
        #expect(seen.violations.prefix(4).map(\.words) == ["I1: one", "I7: two", "I1: one", "I7: two"])
    }

    @Test func whoStopsWaitingEndsThePlaying() async throws {
        let plan = RollingPlan.plan(size: 4, lanes: 1)
        let playing = Task { try await PlayStatistics.of(plan, plays: 1_000_000) }
        playing.cancel()
        await #expect(throws: CancellationError.self) { try await playing.value }
    }

    @Test func aPlanThatCannotBeCarriedOutIsRefused() async throws {
        var plan = RollingPlan.plan(size: 2, lanes: 1)
        plan.steps.append(plan.steps[0])
        await #expect(throws: (any Error).self) { try await PlayStatistics.of(plan, plays: 2) }
    }
}
