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

    /// libvirt forgets at each move which machines start with their hypervisor: only what was seen before the first of them tells it. The
    /// world holds every step that brings machines home to that.
    @Test(arguments: [nil, StepID("node-1/gate"), "node-2/gate", "node-2/bring-home"])
    func whoBringsMachinesHomeKnowsHowTheyWereBeforeTheyLeft(failing: StepID?) async throws {
        var rehearsal = try Rehearsal(EvacuationPlan.plan()) {
            if let failing { $0.faults[failing] = .fails(.refused, times: 1000) }
        }
        _ = try await rehearsal.play()
        let now = rehearsal.world.now
        #expect(now.performed.keys.contains { $0.rawValue.hasSuffix("/bring-home") })
        #expect(now.violations == [])
        let evacuations: [StepID: PriorState] = try await rehearsal.journal.reduce(into: [:]) { found, record in
            if case .stepIntended(let step, _, let prior) = record.event, step.rawValue.hasSuffix("/evacuate") {
                found[step] = found[step] ?? prior
            }
        }
        #expect(!evacuations.isEmpty)
        for record in try await rehearsal.journal {
            guard case .stepIntended(let step, _, let prior) = record.event, step.rawValue.hasSuffix("/bring-home")
            else { continue }
            let home = StepID("\(step.rawValue.prefix { $0 != "/" })/evacuate")
            if let before = evacuations[home] { #expect(prior == before, "\(step)") }
        }
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
