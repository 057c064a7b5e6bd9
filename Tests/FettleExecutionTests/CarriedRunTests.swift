import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// How a run counts what goes down with a host.
@Suite struct CarriedRunTests {
    /// `mail` and `video` are a group of which one must serve. `mail` is restarted itself; `video` goes down with node-2. The order
    /// that keeps the two apart is taken away: the run's own counting is all that is left.
    private func plan() -> Plan {
        var plan = EvacuationPlan.plan()
        plan.order.removeAll { $0.reason.hasPrefix("group screens") }
        return plan
    }

    @Test(arguments: TestScale.seeds(20, long: 200))
    func aMachineAndTheHostOfAnotherAreNeverOutAtOnce(seed: UInt64) async throws {
        var rehearsal = try Rehearsal(plan(), seed: seed)
        #expect(try await rehearsal.play() == .succeeded)
        #expect(OutageCount(of: try await rehearsal.journal, plan()).most["screens"] == 1)
    }

    @Test func theOrderToReserveNamesEveryGroupThatGoesDown() throws {
        let index = try PlanIndex(plan: plan())
        let first = try #require(index.number(of: ResourceID("node-1")))
        let second = try #require(index.number(of: ResourceID("node-2")))
        #expect(index.groups.taken[second].map { index.planned($0).id } == ["compute", "screens"])
        #expect(index.groups.taken[first].map { index.planned($0).id } == ["compute"])
        #expect(index.groups.carries[second].map(index.name) == ["video"])
        #expect(index.groups.carries[first].isEmpty)
    }

    /// Another run has `mail` out: node-2 stays in, and goes when `mail` is back.
    @Test func whatAnotherRunHasOutIsCountedWithWhatGoesDown() async throws {
        var plan = plan()
        plan.targets.removeAll { $0.resource == "mail" }
        plan.steps.removeAll { $0.resource == "mail" }
        plan.rollback.removeAll { $0.resource == "mail" }
        plan.order.removeAll { $0.turns.joined().contains("mail") }
        var rehearsal = try Rehearsal(plan)
        let other = ReservationRequest(run: "run-2", resource: "mail", at: Timestamp(milliseconds: 0), demands: [])
        #expect(try await rehearsal.store.reserve(other) == .granted)
        #expect(try await rehearsal.play() == nil)
        #expect(rehearsal.world.now.performed["node-1/restart"] == 1)
        #expect(rehearsal.world.now.performed["node-2/take-out"] == nil)
        #expect(rehearsal.state.awaitingHuman?.contains("group screens would have 0 of 2") == true)
    }

    /// A hypervisor that is seen to be broken, with its machines, is taken back: nothing is lowered by that. One whose machines
    /// still serve is not.
    @Test func whatIsBrokenAlreadyBlocksNoRepair() throws {
        let plan = plan()
        let step = try #require(plan.rollback.first { $0.id == "node-2/rollback/take-out" })
        let order = CapacityOrder(
            step: step, isRollback: true, carries: ["video"], groups: plan.groups, quarantined: [])
        let broken = MemberHealth.unhealthy(reason: "down")
        let down: [GroupID: [ResourceID: MemberHealth]] = [
            "compute": ["node-1": .healthy, "node-2": broken, "node-3": .healthy],
            "screens": ["mail": broken, "video": broken],
        ]
        #expect(!order.lowersAvailability(down))
        #expect(
            order.request(run: "run-1", health: down, at: Timestamp(milliseconds: 0)).decision(held: []) == .granted)
        var up = down
        up["screens"] = ["mail": broken, "video": .healthy]
        #expect(order.lowersAvailability(up))
        #expect(order.request(run: "run-1", health: up, at: Timestamp(milliseconds: 0)).decision(held: []) != .granted)
    }
}
