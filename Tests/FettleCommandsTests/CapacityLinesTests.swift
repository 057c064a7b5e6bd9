import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

@testable import FettleCommands

/// What is left of each group, as the terminal draws it.
@Suite struct CapacityLinesTests {
    private static func row(_ plan: Plan) -> (lowest: String, chart: String) {
        let timeline = PlanTimeline(plan)
        let lines = CapacityLines(plan, HostLines(plan, timeline), timeline)
            .lines(in: Terminal(isInteractive: false, hasColor: false, width: nil))
        let words = lines.joined(separator: "\n").split(separator: "\n").first { $0.hasPrefix("web ") }?
            .split(separator: " ").map(String.init)
        return (words?.dropLast().last ?? "", words?.last ?? "")
    }

    @Test(arguments: [(4, 1), (6, 2), (12, 4)]) func asManyAreOutAsTheOrderAllows(size: Int, lanes: Int) {
        let plan = RollingPlan.plan(size: size, lanes: lanes)
        let row = Self.row(plan)
        #expect(row.lowest == "\(size - lanes)")
        #expect(row.chart.count == 24)
        #expect(row.chart.contains("▁"), "\(row.chart)")
        #expect(!row.chart.contains("!"), "\(row.chart)")
    }

    /// Without their order all go at once: what is below the minimum is not drawn as if it were at it.
    @Test func whatFallsBelowTheMinimumIsSeen() {
        var plan = RollingPlan.plan(size: 4, lanes: 1)
        plan.order = []
        let row = Self.row(plan)
        #expect(row.lowest == "0")
        #expect(row.chart.contains("!"))
    }

    @Test func aPlanWithoutGroupsHasNoSuchTable() {
        var plan = RollingPlan.plan(size: 2, lanes: 1)
        plan.groups = []
        let timeline = PlanTimeline(plan)
        #expect(CapacityLines(plan, HostLines(plan, timeline), timeline).lines(in: .standard) == [])
    }

    /// It counts once, whoever takes it out, and is drawn with the hypervisor that takes it down.
    @Test func whatGoesDownWithAnotherIsOutMeanwhile() {
        var plan = RollingPlan.plan(size: 4, lanes: 1)
        plan.groups[0].members.append("guest")
        plan.groups[0].minimumAvailable = 3
        plan.targets[0].carries = ["guest", "web-1"]
        #expect(Self.row(plan).lowest == "3")
    }
}
