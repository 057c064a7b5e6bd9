import FettleChecking
import FettleExecution
import FettleModel
import FettleSimulation
import FettleStore
import FettleTestSupport
import Testing

/// A run counts what goes down with a host, as the checker does.
@Suite struct CarriedPlayTests {
    /// web-1 to web-4 are machines of a pool of which two must serve; web-5 and web-6 carry two of them each, and nothing but the
    /// groups keeps the two apart.
    private func plan(minimum: Int = 2, apart: Bool = false) -> Plan {
        var plan = RollingPlan.plan(size: 6, lanes: 1)
        plan.groups[0].members = ["web-1", "web-2", "web-3", "web-4"]
        plan.groups[0].minimumAvailable = minimum
        plan.groups[0].maximumOut = 4 - minimum
        plan.targets[4].carries = ["web-1", "web-2"]
        plan.targets[5].carries = ["web-3", "web-4"]
        if !apart { plan.order[0].turns[4] += plan.order[0].turns.removeLast() }
        return plan
    }

    /// The checker refuses this plan, for its orders let both go at once: the run's own counting is all that is left.
    @Test(arguments: TestScale.seeds(40, long: 400))
    func twoCarriersOfAPoolNeverTakeItsMembersAtOnce(seed: UInt64) throws {
        let plan = plan()
        #expect(PlanChecker.check(plan).violations.map(\.invariant) == [.capacity])
        var rehearsal = try Rehearsal(plan, seed: seed)
        let result = try rehearsal.play()
        #expect(result.outcome == .succeeded)
        #expect(result.violations == [])
        #expect(result.lowestAvailable["web"] == 2, "a carrier takes two down, and the world shows it")
        let count = OutageCount(of: result.journal, plan)
        #expect(count.most["web"] == 2 && count.out == [])
    }

    @Test(arguments: TestScale.seeds(60, long: 600))
    func norWithFaultsAndOnTheWayBack(seed: UInt64) throws {
        var requests: [RehearsalRequest] = []
        if seed % 2 == 0 {
            let line = 20 + Int(seed) % 40
            requests = [RehearsalRequest(afterRecord: line, request: .rollback(by: "bob", reason: "look"))]
        }
        let faults = FaultProfile(packageFailure: 60, badPatch: 60, lostHost: 20)
        var rehearsal = try Rehearsal(plan(), seed: seed, faults: faults, requests: requests)
        let result = try rehearsal.play()
        #expect(result.violations == [], "seed \(seed)")
        #expect(OutageCount(of: result.journal, plan()).most["web"].map { $0 <= 2 } == true)
        #expect(result.outcome != nil || result.awaitingHuman != nil)
    }

    /// What the checker has proven, the guard of the moment lets through: it is asked with the health of all groups that go down.
    @Test(arguments: TestScale.seeds(20, long: 200))
    func whatIsProvenIsNotRefused(seed: UInt64) throws {
        let plan = plan(apart: true)
        #expect(PlanChecker.check(plan).violations == [])
        var rehearsal = try Rehearsal(plan, seed: seed)
        let result = try rehearsal.play()
        #expect(result.outcome == .succeeded)
        #expect(result.lowestAvailable["web"] == 2)
    }

    /// No order of turns helps where one carrier takes more than the pool can spare: the run stops and asks.
    @Test func aCarrierThatWouldTakeTooManyIsNotTakenOut() throws {
        var rehearsal = try Rehearsal(plan(minimum: 3, apart: true), seed: 1)
        let result = try rehearsal.play()
        #expect(result.outcome == nil)
        #expect(
            result.awaitingHuman?.contains("group web") == true
                || result.awaitingHuman?.contains("cannot start") == true)
        #expect(result.violations == [])
        #expect(result.lowestAvailable["web"] == 3)
    }
}
