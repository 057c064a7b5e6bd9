import FettleChecking
import FettleModel
import FettleTestSupport
import Testing

@testable import FettlePlanning

@Suite struct WindowTests {
    private func window(_ from: Int, _ seconds: Int) -> TimeWindow {
        let opens = FactSample.now.adding(seconds: from)
        return TimeWindow(opensAt: opens, closesAt: opens.adding(seconds: seconds))
    }

    private func everywhere(_ windows: [TimeWindow], in sample: FleetSample) -> WindowOffer {
        WindowOffer(
            Dictionary(sample.fleet.resources.map { ($0.id, windows) }, uniquingKeysWith: { first, _ in first }))
    }

    private func windows(of plan: Plan) -> [ResourceID: Int?] {
        Dictionary(plan.targets.map { ($0.resource, $0.window) }, uniquingKeysWith: { first, _ in first })
    }

    @Test func whatDoesNotFitIntoOneWindowGoesIntoTheNext() throws {
        let sample = FleetSample.threeWebServers
        let offer = everywhere([window(3_600, 2_400), window(90_000, 2_400)], in: sample)
        let (plan, report) = try Planner.plan(sample.input(windows: offer))
        let windows = windows(of: plan)
        #expect(windows["web-1"] == 0)
        #expect(windows["web-3"] == 1)
        #expect(report.startsAt == FactSample.now.adding(seconds: 3_600))
        let last = try #require(report.hosts.first { $0.resource == "web-3" })
        #expect(last.outAfterSeconds >= 90_000 - 3_600)
    }

    @Test func eachHostGoesIntoAWindowOfItsOwn() throws {
        let sample = FleetSample.threeWebServers
        let offer = WindowOffer([
            "web-1": [window(90_000, 86_400)], "web-2": [window(3_600, 86_400), window(180_000, 86_400)],
            "web-3": [window(180_000, 86_400)],
        ])
        let plan = try Planner.plan(sample.input(windows: offer)).0
        // web-2 waits for the canary, so that its first window is over when its turn comes.
        #expect(windows(of: plan) == ["web-1": 1, "web-2": 1 + 1, "web-3": 2])
    }

    @Test func whoNeverHasAWindowIsNamedWithWhatToDo() throws {
        let sample = FleetSample.threeWebServers
        let offer = WindowOffer(["web-2": []])
        let problem = try #require(sample.problems(windows: offer).first)
        #expect(problem.code == .window)
        #expect(problem.place == .resource("web-2"))
        #expect(problem.message.contains("give it a window"))
    }

    /// A later turn is never worked on in an earlier window, and every outage with its way back ends inside its own.
    @Test(arguments: TestScale.seeds(60, long: 600)) func turnsAndWindowsAgree(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let sample = FleetGenerator.sample(seed: seed)
        var start = Int.random(in: 0...3_600, using: &random)
        let all = (0..<Int.random(in: 1...6, using: &random)).map { _ in
            defer { start += Int.random(in: 900...90_000, using: &random) }
            return window(start, Int.random(in: 600...9_000, using: &random))
        }
        let offer = WindowOffer(
            Dictionary(
                sample.fleet.resources.filter { _ in Int.random(in: 0..<8, using: &random) > 0 }.map { resource in
                    (resource.id, all.filter { _ in Int.random(in: 0..<4, using: &random) > 0 })
                }, uniquingKeysWith: { first, _ in first }))
        guard let (plan, report) = try? Planner.plan(sample.input(windows: offer)) else { return }
        #expect(PlanChecker.check(plan).violations == [])
        let places = windows(of: plan)
        for order in plan.order {
            for (earlier, later) in zip(order.turns, order.turns.dropFirst()) {
                let latest = earlier.compactMap { places[$0] ?? nil }.max() ?? 0
                for resource in later {
                    if let window = places[resource] ?? nil {
                        #expect(window >= latest, "\(resource) before \(order.reason)")
                    }
                }
            }
        }
        for host in report.hosts {
            guard let window = plan.window(of: host.resource) else { continue }
            let back = report.startsAt.adding(seconds: host.backAfterSeconds + host.rollbackP95Seconds)
            #expect(back <= window.closesAt, "\(host.resource)")
            #expect(report.startsAt.adding(seconds: host.outAfterSeconds) >= window.opensAt, "\(host.resource)")
        }
    }

    @Test func theSeedsReachPlansOverSeveralWindows() {
        var several = 0
        for seed in TestScale.seeds(60, long: 60) {
            let sample = FleetGenerator.sample(seed: seed)
            let windows = (0..<8).map { window(3_600 + $0 * 86_400, 3_000) }
            guard let plan = try? Planner.plan(sample.input(windows: everywhere(windows, in: sample))).0 else {
                continue
            }
            if Set(plan.targets.map(\.window)).count > 1 { several += 1 }
        }
        #expect(several > 10)
    }
}
