import FettleDriverKit
import FettleModel
import FettleTestSupport
import Testing

@testable import FettleDrivers

/// A host is emptied and filled again, against a vCenter that answers as the API's documentation says, with a DRS that moves nothing by
/// itself.
@Suite("vCenter, moves") struct VCenterStepTests {
    @Test func bothDriversKeepTheContract() async {
        let center = VCenterSteps.center()
        #expect(await conformance(center.evacuation, VCenterSteps.evacuate(), center) == [])
        #expect(center.places == ["web-1": "esx2", "db-1": "esx2", "mail-1": "esx2"])
        center.change { $0.hosts["host-1"]?.isMaintained = false }
        #expect(await conformance(center.homecoming, VCenterSteps.bringHome(), center) == [])
        #expect(center.places == ["web-1": "esx1", "db-1": "esx1", "mail-1": "esx2"])
        #expect(center.now.given == center.now.ended, "no session is left behind")
    }

    private func conformance(_ driver: any StepDriver, _ step: Step, _ center: PretendCenter) async -> [String] {
        await StepDriverConformance(
            driver: driver, step: step, plan: VCenterSteps.plan(step), now: center.clock.now
        ).run { center.digest }
    }

    @Test func machinesAreMovedOneAfterTheOtherBehindTheCordonAndComeHome() async throws {
        let center = VCenterSteps.center()
        let (away, home) = (VCenterSteps.evacuate(), VCenterSteps.bringHome())
        let prior = try #require(await center.prior(away))
        #expect(await center.failure(center.evacuation, away, prior: prior) == nil)
        #expect(
            center.deeds == [
                "host-1 EnterMaintenanceMode_Task", "vm-1 RelocateVM_Task", "vm-2 RelocateVM_Task",
            ])
        #expect(
            center.now.acts[0].hasSuffix(
                #"{"evacuatePoweredOffVms":false,"maintenanceSpec":{"_typeName":"HostMaintenanceSpec","vsanMode":"#
                    + #"{"_typeName":"VsanHostDecommissionMode","objectAction":"ensureObjectAccessibility"}},"timeout":600}"#
            ))
        #expect(
            center.now.acts[1].hasSuffix(
                #"{"priority":"highPriority","spec":{"_typeName":"VirtualMachineRelocateSpec","#
                    + #""host":{"_typeName":"ManagedObjectReference","type":"HostSystem","value":"host-2"}}}"#))
        #expect(center.now.hosts["host-1"]?.isMaintained == true)
        #expect(await center.failure(center.homecoming, home, prior: prior) == nil)
        #expect(
            center.deeds.suffix(3) == [
                "host-1 ExitMaintenanceMode_Task", "vm-1 RelocateVM_Task", "vm-2 RelocateVM_Task",
            ])
        #expect(center.places == ["web-1": "esx1", "db-1": "esx1", "mail-1": "esx2"])
        #expect(center.now.hosts["host-1"]?.isMaintained == false)
    }

    @Test func whatWasBegunBeforeIsWaitedForAndNotBegunAgain() async {
        let center = VCenterSteps.center { $0.begin("vm-1", to: "host-2") }
        #expect(await center.failure(center.evacuation, VCenterSteps.evacuate()) == nil)
        #expect(center.deeds.filter { $0.hasSuffix("RelocateVM_Task") } == ["vm-2 RelocateVM_Task"])
    }

    @Test func aMachineThatSomebodyElseHasMovedIsToldWithItsPlace() async {
        let center = VCenterSteps.center { $0.machines["vm-1"]?.host = "host-3" }
        let failure = await center.failure(center.evacuation, VCenterSteps.evacuate())
        #expect(failure?.code == .drift && failure?.message == "web-1 is on esx3.example: somebody else has moved it")
        #expect(center.now.acts.isEmpty)
    }

    /// Whether an answer came decides nothing: a second move is not begun in the dark.
    @Test func anActWhoseAnswerIsLostIsLookedFor() async throws {
        let center = VCenterSteps.center { $0.losesAnswers = true }
        let prior = try #require(await center.prior(VCenterSteps.evacuate()))
        #expect(await center.failure(center.evacuation, VCenterSteps.evacuate(), prior: prior) == nil)
        #expect(await center.failure(center.homecoming, VCenterSteps.bringHome(), prior: prior) == nil)
        #expect(center.now.acts.count == 6, "\(center.deeds)")
    }

    @Test func aMoveThatFailsIsToldInVCentersWordsAndTheMachineStays() async throws {
        let center = VCenterSteps.center { $0.outcomes["vm-2"] = .fails("The vMotion network is not there") }
        let step = VCenterSteps.evacuate()
        let prior = try #require(await center.prior(step))
        let failure = await center.failure(center.evacuation, step, prior: prior)
        #expect(failure?.code == .unreachable)
        #expect(
            failure?.message
                == "db-1 was not moved to esx2: MigrationFault: The vMotion network is not there")
        #expect(center.places["db-1"] == "esx1" && center.places["web-1"] == "esx2")
        #expect(center.deeds.filter { $0 == "vm-2 RelocateVM_Task" }.count == 1, "it is not asked for twice by one try")
        // What was moved comes home, and what was putting the host into maintenance is called off.
        #expect(center.now.hosts["host-1"]?.entering != nil)
        #expect(await center.failure(center.homecoming, VCenterSteps.bringHome(), prior: prior) == nil)
        #expect(center.places["web-1"] == "esx1")
        #expect(center.now.hosts["host-1"]?.entering == nil && center.now.hosts["host-1"]?.isMaintained == false)
        #expect(center.deeds.contains { $0.hasSuffix("CancelTask") })
    }

    /// project-pegaprox#647: "failed", but moved.
    @Test func whatIsSaidToHaveFailedAndRunsAtTheDestinationIsMoved() async {
        let center = VCenterSteps.center {
            $0.outcomes["vm-1"] = .arrivesAsFailed("Timed out waiting for migration data")
        }
        #expect(await center.failure(center.evacuation, VCenterSteps.evacuate()) == nil)
        #expect(center.places["web-1"] == "esx2")
    }

    @Test func aTaskThatSaysSuccessIsNotBelieved() async {
        let center = VCenterSteps.center { $0.outcomes["vm-1"] = .staysInSuccess }
        let failure = await center.failure(center.evacuation, VCenterSteps.evacuate())
        #expect(failure?.code == .unreachable)
        #expect(failure?.message == "vCenter says that web-1 was moved, and still tells of it where it was")
        #expect(center.deeds.filter { $0 == "vm-1 RelocateVM_Task" }.count == 1)
        let elsewhere = VCenterSteps.center { $0.outcomes["vm-1"] = .goesTo("host-3") }
        let other = await elsewhere.failure(elsewhere.evacuation, VCenterSteps.evacuate())
        #expect(other?.code == .drift && other?.message == "web-1 is on esx3.example: somebody else has moved it")
    }

    @Test func aMoveThatTakesTooLongIsCalledOff() async {
        let center = VCenterSteps.center { $0.seconds = 10_000 }
        let failure = await center.failure(center.evacuation, VCenterSteps.evacuate())
        #expect(
            failure?.code == .timeout && failure?.message == "web-1 takes longer than 60 s to esx2", "\(failure as Any)"
        )
        #expect(center.deeds.filter { $0.hasSuffix("CancelTask") }.count == 1)
        #expect(center.places["web-1"] == "esx1")
    }

    @Test func whatTheStepHasNoTimeForIsCalledOffTooAndSomebodyElsesMoveIsNot() async {
        for isOurs in [true, false] {
            let center = VCenterSteps.center { state in
                state.seconds = 10_000
                if !isOurs { state.begin("vm-1", to: "host-3") }
            }
            var rules = VCenterSteps.rules
            rules.timeLimitSeconds = 3_600
            let failure = await center.failure(center.evacuation, VCenterSteps.evacuate(seconds: 45), rules: rules)
            #expect(failure?.code == .timeout)
            #expect(center.deeds.contains { $0.hasSuffix("CancelTask") } == isOurs)
        }
    }

    @Test func aMoveThatAPersonCallsOffIsNotBegunAgain() async {
        let center = VCenterSteps.center { state in
            state.events.append(
                (
                    state.now + 2_000,
                    .change { state in
                        let own = state.jobs.first { $0.value.kind == "VirtualMachine.relocate" }?.key
                        if let own { state.callOff(own) }
                    }
                ))
        }
        let failure = await center.failure(center.evacuation, VCenterSteps.evacuate())
        #expect(failure?.code == .drift && failure?.message.contains("somebody has called it off") == true)
        #expect(center.deeds.filter { $0 == "vm-1 RelocateVM_Task" }.count == 1)
    }

    /// After a crash between any two acts the same step, attempted anew, comes to the same end.
    @Test(arguments: 1...4) func aCrashBetweenTheActsChangesNothing(acts: Int) async throws {
        let center = VCenterSteps.center()
        let step = VCenterSteps.evacuate()
        let prior = try #require(await center.prior(step))
        #expect(center.now.acts.isEmpty)
        // As far as it came: going into maintenance, the first move begun, the first move done, all of it.
        center.change { state in
            let task = state.add(.init(kind: "HostSystem.enterMaintenanceMode", entity: "host-1"))
            state.hosts["host-1"]?.entering = task
            if acts == 2 { state.begin("vm-1", to: "host-2") }
            if acts >= 3 { state.machines["vm-1"]?.host = "host-2" }
            if acts == 4 {
                state.machines["vm-2"]?.host = "host-2"
                state.pass()
            }
        }
        #expect(await center.failure(center.evacuation, step, prior: prior) == nil)
        #expect(center.places == ["web-1": "esx2", "db-1": "esx2", "mail-1": "esx2"])
        #expect(!center.deeds.contains("host-1 EnterMaintenanceMode_Task"), "it was asked for already")
        #expect(center.deeds.count == [2, 1, 1, 0][acts - 1])
        #expect(await center.failure(center.homecoming, VCenterSteps.bringHome(), prior: prior) == nil)
        #expect(center.places["web-1"] == "esx1" && center.now.hosts["host-1"]?.isMaintained == false)
    }

    /// Its owner can give a machine another name at any moment, and another's.
    @Test func aMachineIsKnownByItsIdOnceTheStepHasBegun() async throws {
        let center = VCenterSteps.center()
        let step = VCenterSteps.evacuate()
        let prior = try #require(await center.prior(step))
        #expect(await center.failure(center.evacuation, step, prior: prior) == nil)
        center.change { state in
            state.machines["vm-1"]?.name = "renamed"
            state.machines["vm-50"] = .init(name: "web-1", host: "host-2")
        }
        #expect(await center.failure(center.homecoming, VCenterSteps.bringHome(), prior: prior) == nil)
        #expect(center.now.machines["vm-1"]?.host == "host-1" && center.now.machines["vm-50"]?.host == "host-2")
    }

    /// One that moves between two steps of a look is on the list of neither host.
    @Test func aMachineThatALookMissesIsAskedForAgain() async throws {
        let center = VCenterSteps.center()
        let step = VCenterSteps.evacuate()
        let prior = try #require(await center.prior(step))
        center.change { $0.skipped["vm-1"] = 3 }
        #expect(await center.failure(center.evacuation, step, prior: prior) == nil)
        center.change { $0.machines["vm-1"] = nil }
        let failure = await center.failure(center.homecoming, VCenterSteps.bringHome(), prior: prior)
        #expect(failure?.code == .drift && failure?.message.contains("no machine web-1") == true, "\(failure as Any)")
    }

    @Test func aMachineThatSomebodyTakesToAnotherClusterIsToldAsMoved() async throws {
        let center = VCenterSteps.center { state in
            state.hosts["host-9"] = .init(name: "esx9.example", parent: "domain-c2")
        }
        let step = VCenterSteps.evacuate()
        let prior = try #require(await center.prior(step))
        center.change { $0.machines["vm-1"]?.host = "host-9" }
        let failure = await center.failure(center.evacuation, step, prior: prior)
        #expect(failure?.code == .drift)
        #expect(failure?.message == "web-1 is on a host elsewhere: somebody else has moved it", "\(failure as Any)")
        #expect(center.now.acts.isEmpty)
    }

    @Test func aSessionThatEndsInTheMiddleIsRenewed() async throws {
        for last in [2, 3, 7] {
            let center = VCenterSteps.center { $0.sessionLasts = last }
            let prior = try #require(await center.prior(VCenterSteps.evacuate()))
            #expect(await center.failure(center.evacuation, VCenterSteps.evacuate(), prior: prior) == nil)
            #expect(await center.failure(center.homecoming, VCenterSteps.bringHome(), prior: prior) == nil)
            #expect(center.places["web-1"] == "esx1")
            #expect(center.deeds.count == 6, "nothing is asked for twice")
            #expect(center.now.given > 7, "\(center.now.given)")
        }
    }
}
