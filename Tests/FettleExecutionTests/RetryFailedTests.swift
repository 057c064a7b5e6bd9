import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// `retry --failed`: only what failed is tried again, host by host if that is wanted (ansible/ansible#7019).
@Suite struct RetryFailedTests {
    static let pool = Scenario.pool([1, 3], minimum: 2) { $0.limits.failureBudget = 2 }
    static let twoFail: @Sendable (inout TinyWorld.State) -> Void = {
        $0.faults["web-2/restart"] = .fails(.internal, times: 1)
        $0.faults["web-3/preflight"] = .fails(.drift, times: 1)
    }

    private func bothAtRest() async throws -> Int {
        let back = try await firstEvent(in: Self.pool.plan(), world: Self.twoFail) {
            if case .stepDone("web-2/rollback/restore", _, _) = $0 { true } else { false }
        }
        let failed = try await firstEvent(in: Self.pool.plan(), world: Self.twoFail) {
            if case .stepFailed("web-3/preflight", _, _) = $0 { true } else { false }
        }
        return max(back, failed)
    }

    @Test func allThatFailedGoThroughThePlanOnceMore() async throws {
        var rehearsal = try Rehearsal(Self.pool.plan(), world: Self.twoFail)
        rehearsal.people = [
            .init(afterEvent: try await bothAtRest(), request: .retryFailed(resources: [], by: "bob"))
        ]
        #expect(try await rehearsal.play() == .succeeded)
        #expect(rehearsal.world.now.isNew == Set(Self.pool.hosts))
        // Who had not failed was done once.
        #expect(rehearsal.world.now.performed["web-1/patch"] == 1)
        #expect(rehearsal.world.now.performed["web-4/patch"] == 1)
    }

    @Test func oneOfThemAloneCanBeTriedAgain() async throws {
        var rehearsal = try Rehearsal(Self.pool.plan(), world: Self.twoFail)
        rehearsal.people = [
            .init(afterEvent: try await bothAtRest(), request: .retryFailed(resources: ["web-3"], by: "bob"))
        ]
        guard case .failed(let reason)? = try await rehearsal.play() else {
            Issue.record("web-2 is told as done")
            return
        }
        #expect(reason.contains("1 failed: web-2"))
        #expect(rehearsal.world.now.isNew == ["web-1", "web-3", "web-4"])
        #expect(rehearsal.state.failed.map(\.resource) == ["web-2"])
    }

    @Test func aCrashAfterTheRetryConverges() async throws {
        let asked = try await bothAtRest()
        let people = [Rehearsal.Person(afterEvent: asked, request: .retryFailed(resources: [], by: "bob"))]
        var whole = try Rehearsal(Self.pool.plan(), world: Self.twoFail)
        whole.people = people
        try await whole.play()
        for crash in asked...(try await whole.journal.count) {
            var rehearsal = try Rehearsal(Self.pool.plan(), world: Self.twoFail)
            rehearsal.people = people
            rehearsal.crashesAfter = [crash]
            #expect(try await rehearsal.play() == .succeeded, "crash after event \(crash): \(rehearsal.refusals)")
            #expect(rehearsal.world.now.isNew == Set(Self.pool.hosts), "crash after event \(crash)")
        }
    }

    @Test func whatHasNotFailedOrIsNotAtRestIsRefusedWithAReason() async throws {
        let failing = try await firstEvent(in: Self.pool.plan(), world: Self.twoFail) {
            if case .stepFailed("web-2/restart", _, _) = $0 { true } else { false }
        }
        var rehearsal = try Rehearsal(Self.pool.plan(), world: Self.twoFail)
        rehearsal.people = [
            .init(afterEvent: 4, request: .retryFailed(resources: [], by: "bob")),
            .init(afterEvent: failing, request: .retryFailed(resources: ["web-2"], by: "bob")),
            .init(afterEvent: failing, request: .retryFailed(resources: ["web-1"], by: "bob")),
            .init(afterEvent: failing, request: .retryFailed(resources: ["web-9"], by: "bob")),
        ]
        try await rehearsal.play()
        #expect(rehearsal.refusals.count == 4)
        #expect(rehearsal.refusals[0] == "nothing has failed")
        #expect(rehearsal.refusals[1].contains("web-2 is still on its way back"))
        #expect(rehearsal.refusals[2].contains("web-1 has not failed"))
        #expect(rehearsal.refusals[3].contains("not in the plan"))
    }

    /// Others that stand still are not asked again by it, and what is in quarantine stays there.
    @Test func whatIsInQuarantineIsNotTriedAgain() async throws {
        let pool = Scenario.pool([1, 3], minimum: 2) {
            $0.limits.failureBudget = 1
            $0.bystanders = 1
        }
        let dies: @Sendable (inout TinyWorld.State) -> Void = { $0.faults["web-3/patch"] = .hostDies }
        let kept = try await firstEvent(in: pool.plan(), world: dies) {
            if case .quarantined = $0 { true } else { false }
        }
        var rehearsal = try Rehearsal(pool.plan(), world: dies)
        rehearsal.people = [.init(afterEvent: kept, request: .retryFailed(resources: [], by: "bob"))]
        #expect(Scenario.End(try await rehearsal.play()) == .failed)
        #expect(rehearsal.refusals.first?.contains("in quarantine") == true)
    }
}
