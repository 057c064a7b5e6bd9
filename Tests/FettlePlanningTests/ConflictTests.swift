import FettleModel
import FettleTestSupport
import Testing

@testable import FettlePlanning

@Suite struct ConflictTests {
    private func explain(_ input: PlanningInput) -> Conflict? {
        do throws(PlanningRefusal) {
            _ = try Planner.plan(input)
            return nil
        } catch {
            return ConflictExplainer.explain(input, error)
        }
    }

    @Test func aMinimumOfAllMembersIsToldWithTheNumberThatWouldDo() throws {
        var sample = FleetSample.threeWebServers
        sample.fleet.groups[0].minimumAvailable = .count(3)
        let conflict = try #require(explain(sample.input()))
        #expect(conflict.demands.map(\.words) == ["group web keeps 3 of 3 members"])
        #expect(conflict.options.map(\.change) == ["lower minimumAvailable of group web from 3 to 2"])
    }

    @Test func aWindowThatIsTooShortIsToldWithWhatKeepsThePlanLong() throws {
        let opens = FactSample.now.adding(seconds: 3600)
        let window = TimeWindow(opensAt: opens, closesAt: opens.adding(seconds: 2_400))
        let input = FleetSample.threeWebServers.input(windows: WindowOffer(window))
        let conflict = try #require(explain(input))
        #expect(conflict.demands.first?.demand == .windows)
        #expect(conflict.demands.count == 2)
        #expect(conflict.options.first?.change.hasPrefix("let the maintenance windows be ") == true)
    }

    @Test func whatIsNoMatterOfDemandsIsNotExplained() {
        var sample = FleetSample.threeWebServers
        sample.selection.hosts[0].resource = "web-9"
        #expect(explain(sample.input()) == nil)
    }

    @Test(arguments: TestScale.seeds(40, long: 400))
    func aConflictIsIrreducibleAndEachOptionIsAWayOut(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let sample = FleetGenerator.sample(seed: seed)
        let opens = FactSample.now.adding(seconds: 600)
        let length = Int.random(in: 60...2_400, using: &random)
        var input = sample.input(
            windows: WindowOffer(TimeWindow(opensAt: opens, closesAt: opens.adding(seconds: length))))
        if Bool.random(using: &random), let place = input.fleet.groups.indices.randomElement(using: &random) {
            input.fleet.groups[place].minimumAvailable = .percent(100)
        }
        guard let conflict = explain(input) else { return }
        let all = input.demands()
        let core = conflict.demands.map(\.demand)
        func isPossible(keeping kept: [Demand]) -> Bool {
            let dropped = all.filter { !kept.contains($0) }
            return (try? Planner.plan(dropped.reduce(input) { $1.dropped(from: $0) })) != nil
        }
        #expect(!isPossible(keeping: core))
        for demand in core { #expect(isPossible(keeping: core.filter { $0 != demand }), "\(demand)") }
        #expect(!conflict.options.contains { $0.duration.p95Seconds <= 0 })
    }

    /// The generator must reach what the property is about.
    @Test func theSeedsReachConflictsOfSeveralDemands() {
        var sizes: Set<Int> = []
        for seed in TestScale.seeds(40, long: 40) {
            let opens = FactSample.now.adding(seconds: 600)
            let window = TimeWindow(opensAt: opens, closesAt: opens.adding(seconds: 900))
            let input = FleetGenerator.sample(seed: seed).input(windows: WindowOffer(window))
            if let conflict = explain(input) { sizes.insert(conflict.demands.count) }
        }
        #expect(sizes.contains { $0 >= 2 })
    }
}
