import FettleDriverKit
import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

/// Drain and restore against a real HAProxy and real web servers.
@Suite("HAProxy steps", .enabled(if: HAProxyFixture.isAvailable), .timeLimit(.minutes(2)))
struct HAProxyStepTests {
    let drain = HAProxyDrainDriver(channels: NoChannels())
    let restore = HAProxyRestoreDriver(channels: NoChannels())

    /// Checks, then drains; gives back what the journal would hold as the prior state.
    func drained(_ fixture: HAProxyFixture) async throws -> PriorState {
        let step = TrafficSteps.step(.drain(traffic: fixture.traffic()))
        guard case .ready(let prior?) = await drain.check(step, in: TrafficSteps.context()) else {
            throw TimedOut(description: "the drain is not ready")
        }
        try await drain.perform(step, in: TrafficSteps.context())
        _ = try await drain.verify(step, in: TrafficSteps.context())
        return prior
    }

    @Test("A server is drained, observed idle, and put back as it was")
    func drainAndRestore() async throws {
        let fixture = try await HAProxyFixture()
        let prior = try await drained(fixture)
        #expect(!prior.alreadySo)
        var view = try await fixture.view("web-1")
        #expect(view.state.administrative == .drain)
        #expect(!view.isInService && view.isUp)
        #expect(try await fixture.view("web-2").isInService)

        let step = TrafficSteps.step(.restore(traffic: fixture.traffic()))
        let context = TrafficSteps.context(prior: prior)
        #expect(await restore.check(step, in: context) == .ready(prior: nil))
        try await restore.perform(step, in: context)
        let observation = try await restore.verify(step, in: context)
        #expect(observation.verdict == .pass)
        #expect(observation.observedAt >= context.intendedAt)
        view = try await fixture.view("web-1")
        #expect(view.isInService && view.state.weight == 100)
        guard case .alreadyDone = await restore.check(step, in: context) else {
            Issue.record("a second restore finds something to do")
            return
        }
    }
}
