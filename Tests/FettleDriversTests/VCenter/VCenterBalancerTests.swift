import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

/// A DRS that moves machines by itself empties a host that goes into maintenance, and chooses where to.
@Suite("vCenter, DRS") struct VCenterBalancerTests {
    @Test func drsEmptiesTheHostAndFettleBringsTheMachinesHome() async throws {
        let center = VCenterSteps.balanced { $0.choices = ["vm-1": "host-3", "vm-2": "host-2"] }
        let (away, home) = (VCenterSteps.evacuate(), VCenterSteps.bringHome())
        let prior = try #require(await center.prior(away))
        var context = VCenterSteps.context(away)
        context.prior = prior
        try await center.evacuation.perform(away, in: context)
        let seen = try await center.evacuation.verify(away, in: context)
        #expect(seen.verdict == .pass && seen.details["elsewhere web-1"] == "on esx3.example, as DRS chose", "\(seen)")
        #expect(center.deeds == ["host-1 EnterMaintenanceMode_Task"], "DRS moves them, and nobody else")
        #expect(center.places == ["web-1": "esx3", "db-1": "esx2", "mail-1": "esx2"])
        guard case .alreadyDone = await center.evacuation.check(away, in: context) else {
            Issue.record("it is not done")
            return
        }
        // It goes on choosing while the host is out.
        center.change { $0.machines["vm-2"]?.host = "host-3" }
        #expect(await center.failure(center.homecoming, home, prior: prior) == nil)
        #expect(center.places == ["web-1": "esx1", "db-1": "esx1", "mail-1": "esx2"])
    }

    /// What vCenter tells of a host that it does not reach is old.
    @Test func aHostOfDRSChoiceThatVCenterDoesNotReachProvesNothing() async throws {
        let center = VCenterSteps.balanced { $0.choices = ["vm-1": "host-3", "vm-2": "host-3"] }
        let step = VCenterSteps.evacuate()
        let prior = try #require(await center.prior(step))
        let context = VCenterSteps.context(step, prior: prior)
        try await center.evacuation.perform(step, in: context)
        center.change { $0.hosts["host-3"]?.connection = "notResponding" }
        let failure = await #expect(throws: StepFailure.self) {
            try await center.evacuation.verify(step, in: context)
        }
        #expect(failure?.code == .unreachable)
        #expect(failure?.message == "vCenter does not reach esx3.example, which has web-1")
    }

    @Test func whatDRSLeavesWhereItIsIsMovedAsThePlanSays() async {
        let center = VCenterSteps.balanced { $0.machines["vm-2"]?.isLeftByBalancer = true }
        let began = center.now.now
        #expect(await center.failure(center.evacuation, VCenterSteps.evacuate()) == nil)
        #expect(center.deeds == ["host-1 EnterMaintenanceMode_Task", "vm-2 RelocateVM_Task"])
        #expect(center.now.now - began > 120_000, "DRS had its time")
        #expect(center.places["db-1"] == "esx2")
    }

    @Test func aHostThatDRSCannotEmptyIsNotInMaintenance() async {
        let center = VCenterSteps.balanced { state in
            state.outcomes["vm-2"] = .fails("no host is compatible")
        }
        let failure = await center.failure(center.evacuation, VCenterSteps.evacuate())
        #expect(failure?.code == .unreachable && failure?.message.contains("no host is compatible") == true)
        #expect(center.places["db-1"] == "esx1" && center.now.hosts["host-1"]?.isMaintained == false)
    }

    @Test func whatTheFleetKeepsApartHasToBeARuleOfTheCluster() async {
        var rules = VCenterSteps.rules
        rules.apart = [["mail-1", "web-1"], ["web-1", "of-another-cluster"]]
        let center = VCenterSteps.balanced()
        let refusal = await center.failure(center.evacuation, VCenterSteps.evacuate(), rules: rules)
        #expect(refusal?.code == .refused)
        #expect(refusal?.message.contains("keeps mail-1 and web-1 apart, and the cluster's DRS") == true)
        #expect(center.now.acts.isEmpty)
        center.change {
            $0.rules = [.init(type: "ClusterAntiAffinityRuleSpec", name: "r", machines: ["vm-1", "vm-3"])]
        }
        center.change { $0.choices = ["vm-1": "host-3"] }
        #expect(await center.failure(center.evacuation, VCenterSteps.evacuate(), rules: rules) == nil)
        #expect(center.places["web-1"] == "esx3")
    }

    @Test func aRuleThatIsSwitchedOffKeepsNothingApart() async {
        var rules = VCenterSteps.rules
        rules.apart = [["mail-1", "web-1"]]
        let center = VCenterSteps.balanced { state in
            state.rules = [
                .init(type: "ClusterAntiAffinityRuleSpec", name: "r", machines: ["vm-1", "vm-3"], isEnabled: false)
            ]
        }
        #expect(await center.failure(center.evacuation, VCenterSteps.evacuate(), rules: rules)?.code == .refused)
    }

    /// DRS is faster by a moment: its move is waited for.
    @Test func aMoveThatMeetsOneOfDRSIsNotBegunBesideIt() async {
        let center = VCenterSteps.center { $0.begin("vm-1", to: "host-2", kind: "Drm.ExecuteVMotionLRO") }
        #expect(await center.failure(center.evacuation, VCenterSteps.evacuate()) == nil)
        #expect(!center.deeds.contains("vm-1 RelocateVM_Task") && center.places["web-1"] == "esx2")
    }

    /// One that no look ever shows is not asked for in the dark without end.
    @Test func aMachineThatVCenterCallsBusyForEverIsLeftWhereItIs() async {
        let center = VCenterSteps.center { state in
            state.answers["RelocateVM_Task"] = PretendCenter.State.fault(
                "TaskInProgress", "Another task is in progress.")
        }
        let failure = await center.failure(center.evacuation, VCenterSteps.evacuate())
        #expect(failure?.code == .locked && failure?.message.contains("TaskInProgress") == true, "\(failure as Any)")
        #expect(center.deeds.filter { $0 == "vm-1 RelocateVM_Task" }.count == 5)
    }

    @Test(arguments: ["manual", "partiallyAutomated", "fullyAutomated"]) func onlyADRSThatIsOnMovesMachines(
        behaviour: String
    ) async {
        let center = VCenterSteps.center { state in
            state.behaviour = behaviour
            state.isBalanced = behaviour != "fullyAutomated"
        }
        #expect(await center.failure(center.evacuation, VCenterSteps.evacuate()) == nil)
        #expect(center.deeds.filter { $0.hasSuffix("RelocateVM_Task") }.count == 2)
    }

    @Test func aCrashWhileDRSMovesThemChangesNothing() async throws {
        let center = VCenterSteps.balanced()
        let step = VCenterSteps.evacuate()
        let prior = try #require(await center.prior(step))
        center.change { state in
            let task = state.add(.init(kind: "HostSystem.enterMaintenanceMode", entity: "host-1"))
            state.hosts["host-1"]?.entering = task
            state.begin("vm-1", to: "host-3", kind: "Drm.ExecuteVMotionLRO")
            state.begin("vm-2", to: "host-2", kind: "Drm.ExecuteVMotionLRO")
        }
        #expect(await center.failure(center.evacuation, step, prior: prior) == nil)
        #expect(center.now.acts.isEmpty && center.now.hosts["host-1"]?.isMaintained == true)
        #expect(await center.failure(center.homecoming, VCenterSteps.bringHome(), prior: prior) == nil)
        #expect(center.places["web-1"] == "esx1" && center.places["db-1"] == "esx1")
    }
}
