import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

@Suite struct DeadlineTests {
    private func input(due seconds: Int, opens: Int? = nil) -> PlanningInput {
        let windows = opens.map { opens in
            let opensAt = FactSample.now.adding(seconds: opens)
            return WindowOffer(TimeWindow(opensAt: opensAt, closesAt: opensAt.adding(seconds: 86_400)))
        }
        var input = FleetSample.threeWebServers.input(windows: windows ?? .anyTime)
        input.deadlines = [
            "web-3": .init(at: FactSample.now.adding(seconds: seconds), because: "CVE-2024-1 is exploited (KEV)")
        ]
        return input
    }

    @Test func aDeadlineThatIsMetIsNotSpokenOf() throws {
        #expect(try Planner.plan(input(due: 86_400)).1.missedDeadlines == [])
    }

    @Test func aWindowThatOpensAfterTheDeadlineIsNamed() throws {
        let input = input(due: 43_200, opens: 86_400)
        let report = try Planner.plan(input).1
        #expect(report.missedDeadlines.map(\.resource) == ["web-3"])
        let reasons = DeadlineExplainer.explain(input, report)
        #expect(reasons.map { $0.demands.map(\.demand) } == [[.windows]])
        #expect(reasons[0].missed.because == "CVE-2024-1 is exploited (KEV)")
    }

    @Test func whereNoSingleDemandIsDecisiveTheEarliestTimeIsTold() throws {
        let input = input(due: 1)
        let reasons = DeadlineExplainer.explain(input, try Planner.plan(input).1)
        #expect(reasons.map(\.demands) == [[]])
        let earliest = try #require(reasons.first?.earliest)
        #expect(earliest > FactSample.now.adding(seconds: 1))
    }
}
