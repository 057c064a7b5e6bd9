import FettleExecution
import FettleModel
import FettleTestSupport
import Testing

@testable import FettleCommands

/// The line below a run that is under way.
@Suite struct RunStatusLineTests {
    private static func line(_ plan: Plan, _ events: [RunEvent], width: Int = 200) throws -> String {
        let begin: [RunEvent] = [
            .started(change: "change-1", plan: StageReference(id: "plan-1", digest: Digest(rawValue: "0")), by: "ann"),
            .claimed(executor: "here:1"),
        ]
        let records = (begin + events).enumerated().map { place, event in
            JournalRecord(
                sequence: place + 1, epoch: 1, at: Timestamp(milliseconds: Int64(place) * 1_000), event: event)
        }
        return RunStatusLine(try RunState(replaying: records, plan: plan, run: "run-1")).text(width: width)
    }

    private static func begins(_ step: StepID, prior: PriorState? = nil) -> RunEvent {
        .stepIntended(step: step, attempt: 1, prior: prior)
    }

    private static func ends(_ step: StepID) -> RunEvent {
        .stepDone(
            step: step, attempt: 1,
            observation: Observation(verdict: .pass, summary: "done", observedAt: Timestamp(milliseconds: 4_000)))
    }

    @Test func itSaysWhichHostDoesWhat() throws {
        let plan = RollingPlan.plan(size: 4, lanes: 2)
        let events = [Self.begins("web-1/preflight"), Self.begins("web-2/preflight")]
        let line = try Self.line(plan, events)
        #expect(line.contains("0/24 steps · web-1, web-2: preflight · nobody out"), "\(line)")
        let later = try Self.line(plan, events + [Self.ends("web-1/preflight"), Self.begins("web-1/stage")])
        #expect(later.contains("1/24 steps · web-1: stage; web-2: preflight · nobody out"), "\(later)")
    }

    @Test func manyHostsAreCounted() throws {
        let plan = RollingPlan.plan(size: 30, lanes: 10)
        let line = try Self.line(plan, (1...10).map { Self.begins(StepID("web-\($0)/preflight")) })
        #expect(line.contains("web-1, web-2, web-3 and 7 more: preflight"), "\(line)")
    }

    /// The bar is the first to go: what is done now stands in every terminal.
    @Test(arguments: [30, 40, 60, 79, 120]) func itFitsItsLine(width: Int) throws {
        let plan = RollingPlan.plan(size: 4, lanes: 2)
        let line = try Self.line(plan, [Self.begins("web-1/preflight"), Self.begins("web-2/preflight")], width: width)
        #expect(line.displayWidth <= width)
        #expect(line.contains("web-1"), "\(line)")
        #expect(line.hasPrefix("─") == (width >= 60), "\(line)")
    }
}
