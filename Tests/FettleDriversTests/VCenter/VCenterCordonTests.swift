import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

/// Whether a host is in maintenance: what this run has begun it ends, and nothing else.
@Suite("vCenter, maintenance") struct VCenterCordonTests {
    @Test func aHostThatAPersonHasPutIntoMaintenanceStaysThere() async throws {
        let center = VCenterSteps.center { state in
            state.machines = ["vm-3": .init(name: "mail-1", host: "host-2")]
            state.hosts["host-1"]?.isMaintained = true
        }
        let (away, home) = (VCenterSteps.evacuate([]), VCenterSteps.bringHome([]))
        guard case .alreadyDone(let seen) = await center.evacuation.check(away, in: VCenterSteps.context(away)) else {
            Issue.record("it is empty, and in maintenance")
            return
        }
        #expect(seen.summary.contains("not by this run"), "\(seen)")
        #expect(await center.failure(center.homecoming, home) == nil)
        let after = try await center.homecoming.verify(home, in: VCenterSteps.context(home))
        #expect(after.summary == "0 home again, as vCenter tells; it is in maintenance, and not by this run")
        #expect(center.now.hosts["host-1"]?.isMaintained == true && center.now.acts.isEmpty)
    }

    /// What is moved away could not come home: it is said before anything moves.
    @Test(arguments: [true, false]) func aHostThatAPersonPutsIntoMaintenanceIsNotEmptied(isEntering: Bool) async {
        let center = VCenterSteps.center { state in
            if isEntering {
                let task = state.add(.init(kind: "HostSystem.enterMaintenanceMode", entity: "host-1"))
                state.hosts["host-1"]?.entering = task
            } else {
                state.hosts["host-1"]?.isMaintained = true
                state.machines["vm-1"]?.host = "host-2"
                state.machines["vm-2"]?.host = "host-2"
            }
        }
        let failure = await center.failure(center.evacuation, VCenterSteps.evacuate())
        #expect(failure?.code == .drift && failure?.message.contains("not by this run") == true, "\(failure as Any)")
        #expect(center.now.acts.isEmpty)
    }

    @Test func aPersonWhoTakesItOutWhileItIsEmptyIsToldOf() async throws {
        let center = VCenterSteps.center()
        let step = VCenterSteps.evacuate()
        let prior = try #require(await center.prior(step))
        let context = VCenterSteps.context(step, prior: prior)
        try await center.evacuation.perform(step, in: context)
        center.change { $0.hosts["host-1"]?.isMaintained = false }
        let failure = await #expect(throws: StepFailure.self) {
            try await center.evacuation.verify(step, in: context)
        }
        #expect(failure?.code == .drift && failure?.message == "somebody has taken esx1 out of maintenance")
        // The way home finds nothing left to end, and moves all the same.
        #expect(await center.failure(center.homecoming, VCenterSteps.bringHome(), prior: prior) == nil)
        #expect(center.places["web-1"] == "esx1")
        #expect(!center.deeds.contains("host-1 ExitMaintenanceMode_Task"))
    }

    @Test func aPersonWhoCallsItOffWhileTheMachinesGoIsNotOverruled() async throws {
        let center = VCenterSteps.center { state in
            state.events.append(
                (
                    state.now + 3_000,
                    .change { state in if let task = state.hosts["host-1"]?.entering { state.callOff(task) } }
                ))
        }
        let step = VCenterSteps.evacuate()
        let prior = try #require(await center.prior(step))
        let failure = await center.failure(center.evacuation, step, prior: prior)
        #expect(failure?.code == .drift, "\(failure as Any)")
        #expect(failure?.message == "esx1 did not go into maintenance: somebody has called it off")
        #expect(center.deeds.filter { $0 == "host-1 EnterMaintenanceMode_Task" }.count == 1)
        #expect(await center.failure(center.homecoming, VCenterSteps.bringHome(), prior: prior) == nil)
        #expect(center.places["web-1"] == "esx1")
    }

    @Test func aMachineThatNobodyTellsOfKeepsTheHostOutOfMaintenance() async throws {
        // The account does not see it: vCenter does, and waits.
        let center = VCenterSteps.center { state in
            state.machines["vm-40"] = .init(name: "hidden", host: "host-1")
            state.skipped["vm-40"] = 100_000
        }
        let step = VCenterSteps.evacuate(seconds: 120)
        let failure = await center.failure(center.evacuation, step)
        #expect(failure?.message.contains("maintenance") == true, "\(failure as Any)")
        #expect(center.now.hosts["host-1"]?.isMaintained == false)
    }

    @Test func aReplacedRunsMaintenanceIsForAPerson() async throws {
        let center = VCenterSteps.center { state in
            state.machines = [:]
            state.hosts["host-1"]?.isMaintained = true
        }
        let step = VCenterSteps.evacuate([])
        var context = VCenterSteps.context(step)
        context.plan.supersedes = Supersession(
            run: "run-0", sequence: 9, taken: [TakenHost(resource: "esx1", obligations: [], isQuarantined: false)])
        let failure = await PoolSteps.failure(center.evacuation, step, context)
        #expect(failure?.code == .drift && failure?.message.contains("whether run-0 or a person") == true)
        #expect(center.now.acts.isEmpty)
    }

    @Test func machinesDoNotComeHomeToAHostThatAPersonKeeps() async throws {
        let center = VCenterSteps.center()
        let step = VCenterSteps.evacuate()
        let prior = try #require(await center.prior(step))
        #expect(await center.failure(center.evacuation, step, prior: prior) == nil)
        // Without what was written down nobody knows that it was this run.
        let failure = await center.failure(center.homecoming, VCenterSteps.bringHome())
        #expect(failure?.code == .drift && failure?.message.contains("not by this run") == true, "\(failure as Any)")
        #expect(center.places["web-1"] == "esx2" && center.now.hosts["host-1"]?.isMaintained == true)
    }
}
