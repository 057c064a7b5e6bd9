import FettleDriverKit
import FettleModel
import FettleTestSupport
import Synchronization
import Testing

@testable import FettleControl

/// What is done beside a run, so that nobody waits for it later.
@Suite struct ForerunnerTests {
    private struct Trouble: Error {}

    private final class Errands: Sendable {
        let asked = Mutex<[ResourceID]>([])
        let ways = Mutex<[ResourceAddress]>([])

        var tools: Tools {
            Tools(
                inspector: NoFacts(), resolver: NoAnswers(),
                reach: { address in self.ways.withLock { $0.append(address) } },
                foresee: { resource, _ in self.asked.withLock { $0.append(resource) } },
                drivers: NoDrivers(), observer: NoMembers(), parallel: 1)
        }
    }

    /// Three members, one after the other, each verified at its end.
    private var plan: Plan {
        var plan = RollingPlan.plan(size: 3, lanes: 1)
        for index in plan.steps.indices where plan.steps[index].id.rawValue.hasSuffix("/gate") {
            plan.steps[index].action = .verify(expectation: HostExpectation(packages: []))
        }
        return plan
    }

    private func done(_ step: StepID) -> RunEvent {
        .stepDone(
            step: step, attempt: 1,
            observation: Observation(verdict: .pass, summary: "", observedAt: Timestamp(milliseconds: 1)))
    }

    private func intent(_ step: StepID) -> RunEvent { .stepIntended(step: step, attempt: 1, prior: nil) }

    private func due(_ forerunner: Forerunner, _ events: RunEvent...) -> [[ResourceID]] {
        events.map { forerunner.due(after: $0).map(\.resource) }
    }

    @Test func aHostIsAskedWhileAnotherIsPatchedAndTheLastAtOnce() {
        let forerunner = Forerunner(plan, Errands().tools, looksAfterwards: true)
        #expect(
            due(
                forerunner, intent("web-1/patch"), done("web-1/patch"), done("web-1/gate"), done("web-1/restore"),
                intent("web-2/drain"), done("web-2/drain"), intent("web-2/patch"), done("web-2/gate"),
                intent("web-3/patch"), done("web-3/gate"), done("web-3/gate"), intent("web-3/patch")
            ) == [[], [], [], [], [], [], ["web-1"], [], ["web-2"], ["web-3"], [], []])
    }

    @Test func nobodyIsAskedWhereNobodyLooksAfterwards() {
        let forerunner = Forerunner(plan, Errands().tools, looksAfterwards: false)
        #expect(due(forerunner, done("web-1/gate"), intent("web-2/patch"), done("web-2/gate")) == [[], [], []])
    }

    @Test func whatWasBegunIsDoneWhenTheRunEnds() async throws {
        let errands = Errands()
        let forerunner = Forerunner(plan, errands.tools, looksAfterwards: true)
        let members: [ResourceID] = ["web-1", "web-2", "web-3"]
        let value = try await forerunner.runs {
            for (number, member) in members.enumerated() {
                forerunner.follow(
                    JournalRecord(
                        sequence: number + 1, epoch: 1, at: Timestamp(milliseconds: 1),
                        event: self.done(StepID("\(member)/gate"))))
            }
            return 7
        }
        #expect(value == 7)
        #expect(errands.asked.withLock { $0 } == members)
        // All three drains go through one load balancer.
        #expect(errands.ways.withLock { $0 } == [.local])
    }

    @Test func aRunThatFailsIsToldAsItFailed() async {
        let forerunner = Forerunner(plan, Errands().tools, looksAfterwards: true)
        await #expect(throws: Trouble.self) { try await forerunner.runs { throw Trouble() } }
    }
}
