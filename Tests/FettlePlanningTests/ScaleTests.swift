import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

@Suite struct ScaleTests {
    /// Bounds what an order over many hosts costs, in edges and not in seconds, so that a busy machine cannot make it fail.
    @Test func aPoolOfThreeHundredNeedsNoMoreEdgesThanItsLanesDo() throws {
        var builder = FleetBuilder()
        builder.pool("web", size: 300, minimum: .percent(80))
        let (plan, report) = try Planner.plan(FleetSample(fleet: builder.fleet).input())
        #expect(report.groups[0].maximumOut == 30)
        // 299 in 30 lanes of at most 10: at most 45 pairs in a lane, an edge to the canary and one to the bake for each, and
        // eight inside each host.
        let edges = plan.steps.reduce(0) { $0 + $1.after.count }
        #expect(edges <= 30 * 45 + 2 * 299 + 8 * 300 + 1)
        #expect(report.hosts.map(\.wave).max() == 10)
        #expect(report.groups[0].lowestAvailable == 270)
    }
}
