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
        // Eight inside each host and one to the bake; each host in its lane and in the list that puts the canary first.
        let edges = plan.steps.reduce(0) { $0 + $1.after.count }
        #expect(edges <= 9 * 300 + 1)
        #expect(plan.order.reduce(0) { $0 + $1.turns.joined().count } <= 2 * 300)
        #expect(report.hosts.map(\.wave).max() == 10)
        #expect(report.groups[0].lowestAvailable == 270)
    }
}
