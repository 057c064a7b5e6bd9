import FettleModel
import FettleSimulation
import FettleTestSupport
import Foundation
import Testing

@testable import FettleCommands

@Suite struct SimulationViewTests {
    private static func terminal(_ width: Int?, color: Bool = false) -> Terminal {
        Terminal(isInteractive: true, hasColor: color, width: width)
    }

    private static func view() async throws -> SimulationView {
        var plan = FleetPlan(groups: 18, size: 2, lanes: 1, environments: 1).plan()
        let opensAt = Timestamp(milliseconds: 60_000_000)
        plan.windows = [TimeWindow(opensAt: opensAt, closesAt: opensAt.adding(seconds: 4_000))]
        for place in plan.targets.indices { plan.targets[place].window = 0 }
        let faults = FaultProfile(packageFailure: 3)
        return SimulationView(
            plan: plan.id, statistics: try await PlayStatistics.of(plan, plays: 16, firstSeed: 5, faults: faults))
    }

    @Test func aTerminalOfAnyWidthGetsLinesThatFit() async throws {
        var view = try await Self.view()
        view.statistics.questions = [.init(seed: 5, words: "web-3/drain: the window closes, and it needs 80 s")]
        for width in [24, 40, 60, 80, 120, 200] {
            for color in [false, true] {
                let text = view.lines(in: Self.terminal(width, color: color)).replacing(/\u{1b}\[[0-9]+m/, with: "")
                for line in text.split(separator: "\n") {
                    #expect(String(line).displayWidth <= width, "\(width): \(line)")
                }
            }
        }
    }

    @Test func theLongestBarBelongsToTheMostPlays() async throws {
        let view = try await Self.view()
        let lines = view.lines(in: Self.terminal(80)).split(separator: "\n")
        let bars = lines.filter { $0.contains(" – ") }.map { line in line.count { $0 == "█" } }
        let bins = view.statistics.seconds.histogram
        #expect(bars.count == bins.count)
        let most = try #require(bins.map(\.plays).max())
        #expect(zip(bins, bars).allSatisfy { ($0.plays == most) == ($1 == bars.max()) })
        #expect(lines.contains { $0.contains("… and 3 more groups") })
    }

    @Test(arguments: [
        (0, "0:00:00"), (59, "0:00:59"), (60, "0:01:00"), (3_599, "0:59:59"), (3_600, "1:00:00"), (93_784, "26:03:04"),
    ])
    func durationsReadAsAClock(seconds: Int, text: String) { #expect(SimulationView.clock(seconds) == text) }

    @Test(arguments: [(1_000, "100%"), (999, "99.9%"), (0, "0.0%"), (1, "0.1%"), (500, "50.0%")])
    func onlyWhatWasAlwaysSoIsHundredPerCent(part: Int, text: String) {
        #expect(SimulationView.share(part, of: 1_000) == text)
        #expect(SimulationView.share(99_999, of: 100_000) == "99.9%")
    }

    /// A plan from a file may bear any name.
    @Test func noNameRepaintsTheTerminal() async throws {
        var view = try await Self.view()
        view.plan = "plan\u{1b}[2J\n1"
        view.statistics.groups[0].group = "pool\u{1b}]0;x\u{7}"
        view.statistics.questions = [.init(seed: 1, words: "a\u{1b}[31m\nb")]
        let text = view.lines(in: Self.terminal(80))
        #expect(!text.contains("\u{1b}") && !text.contains("\u{7}"))
        #expect(text.contains("seed 1: a\u{fffd}[31m\u{fffd}b"))
    }
}
