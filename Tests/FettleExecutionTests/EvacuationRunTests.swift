import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// How a run takes hypervisors through a plan that moves machines.
@Suite struct EvacuationRunTests {
    private func position(_ rehearsal: Rehearsal, _ step: StepID) async throws -> Int? {
        try await rehearsal.journal.firstIndex { record in
            if case .stepDone(step, _, _) = record.event { true } else { false }
        }
    }

    @Test(arguments: 1...8) func theNextHypervisorIsEmptiedWhenTheFirstHasItsMachinesBack(seed: UInt64) async throws {
        var rehearsal = try Rehearsal(EvacuationPlan.plan(), seed: seed)
        #expect(try await rehearsal.play() == .succeeded)
        let home = try #require(try await position(rehearsal, "node-1/bring-home"))
        let next = try #require(try await position(rehearsal, "node-2/evacuate"))
        #expect(home < next)
    }

    /// Node rebooted while VMs had failed to migrate (project-pegaprox#40): nothing is done to it, those that were moved come home.
    @Test(arguments: [false, true])
    func whereMachinesCannotAllBeMovedNothingIsDoneAndThoseThatWereComeHome(isHalfDone: Bool) async throws {
        var rehearsal = try Rehearsal(EvacuationPlan.plan()) {
            $0.faults["node-2/evacuate"] =
                isHalfDone ? .worksButFails(.refused, times: 1000) : .fails(.refused, times: 1000)
        }
        let outcome = try await rehearsal.play()
        #expect(Scenario.End(outcome) == .rolledBack)
        let performed = rehearsal.world.now.performed
        #expect(performed["node-2/restart"] == nil)
        #expect(performed["node-2/bring-home"] == 1)
        #expect(performed["node-2/rollback/evacuate"] == nil)
        #expect(try await rehearsal.store.reservations() == [])
    }

    @Test func whoGoesBackIsEmptiedAndFilledOnceMore() async throws {
        var rehearsal = try Rehearsal(EvacuationPlan.plan()) {
            $0.faults["node-2/gate"] = .fails(.refused, times: 1000)
        }
        let outcome = try await rehearsal.play()
        #expect(Scenario.End(outcome) == .rolledBack)
        let performed = rehearsal.world.now.performed
        #expect(performed["node-2/bring-home"] == nil)
        #expect(performed["node-2/rollback/evacuate"] == 1)
        #expect(performed["node-2/rollback/bring-home"] == 1)
    }
}
