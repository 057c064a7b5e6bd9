import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

/// What may stay on its host is shut down by its own guest, since a host on which anything runs is never in maintenance, and runs again when
/// the host is back.
@Suite("vCenter, what stays") struct VCenterStayingTests {
    private static let staying = ["box", "idle"]

    private static func center(prepare: (inout PretendCenter.State) -> Void = { _ in }) -> PretendCenter {
        VCenterSteps.center { state in
            state.machines["vm-5"] = .init(name: "box", host: "host-1")
            state.machines["vm-6"] = .init(name: "idle", host: "host-1", power: "poweredOff")
            prepare(&state)
        }
    }

    @Test func itIsShutDownWhenTheOthersAreAwayAndStartedWhenTheyComeHome() async throws {
        let center = Self.center()
        let step = VCenterSteps.evacuate(staying: Self.staying)
        let prior = try #require(await center.prior(step))
        #expect(MachineMemory.ran(prior) == ["box"])
        var context = VCenterSteps.context(step, staying: Self.staying)
        context.prior = prior
        try await center.evacuation.perform(step, in: context)
        let seen = try await center.evacuation.verify(step, in: context)
        #expect(
            seen.summary
                == "2 away, as vCenter tells; nothing runs on it, and it is in maintenance; shut down: box, idle")
        #expect(
            center.deeds == [
                "host-1 EnterMaintenanceMode_Task", "vm-1 RelocateVM_Task", "vm-2 RelocateVM_Task",
                "vm-5 ShutdownGuest",
            ])
        #expect(
            await center.failure(center.homecoming, VCenterSteps.bringHome(), staying: Self.staying, prior: prior)
                == nil)
        #expect(center.deeds.filter { $0.hasSuffix("PowerOnVM_Task") } == ["vm-5 PowerOnVM_Task"])
        #expect(center.now.machines["vm-5"]?.power == "poweredOn" && center.now.machines["vm-6"]?.power == "poweredOff")
    }

    @Test func aGuestThatCannotBeAskedIsNotCutOff() async throws {
        let center = Self.center { $0.machines["vm-5"]?.hasTools = false }
        let step = VCenterSteps.evacuate(staying: Self.staying)
        let prior = try #require(await center.prior(step))
        let failure = await center.failure(center.evacuation, step, prior: prior)
        #expect(failure?.code == .refused && failure?.message.contains("box cannot be asked to shut down") == true)
        #expect(failure?.message.contains("ToolsUnavailable") == true)
        #expect(center.now.machines["vm-5"]?.power == "poweredOn")
        // It goes back as it was.
        #expect(
            await center.failure(center.homecoming, VCenterSteps.bringHome(), staying: Self.staying, prior: prior)
                == nil)
        #expect(center.places["web-1"] == "esx1" && center.now.hosts["host-1"]?.entering == nil)
    }

    @Test func oneThatDoesNotGoDownInTimeIsTold() async throws {
        let center = Self.center { $0.machines["vm-5"]?.shutdownSeconds = 10_000 }
        let step = VCenterSteps.evacuate(staying: Self.staying, seconds: 120)
        let failure = await center.failure(center.evacuation, step)
        #expect(failure != nil && center.now.hosts["host-1"]?.isMaintained == false, "\(failure as Any)")
        #expect(center.deeds.filter { $0.hasSuffix("ShutdownGuest") }.count == 1, "it is asked once")
    }

    @Test func aCrashAfterItWasShutDownDoesNotForgetThatItRan() async throws {
        let center = Self.center()
        let step = VCenterSteps.evacuate([], staying: Self.staying)
        center.change { state in for id in ["vm-1", "vm-2"] { state.machines[id]?.host = "host-2" } }
        let prior = try #require(await center.prior(step))
        #expect(await center.failure(center.evacuation, step, prior: prior) == nil)
        // The same step anew, with what was written down: done, and what ran is still known.
        guard
            case .alreadyDone = await center.evacuation.check(
                step, in: VCenterSteps.context(step, staying: Self.staying, prior: prior))
        else {
            Issue.record("it is not done")
            return
        }
        #expect(
            await center.failure(center.homecoming, VCenterSteps.bringHome([]), staying: Self.staying, prior: prior)
                == nil)
        #expect(center.now.machines["vm-5"]?.power == "poweredOn")
    }

    @Test(arguments: ["VirtualMachine.Interact.PowerOff", "VirtualMachine.Interact.PowerOn"])
    func whoMayNotShutDownOrStartIsToldBefore(privilege: String) async throws {
        let center = Self.center { $0.privileges.remove(privilege) }
        let step = VCenterSteps.evacuate(staying: Self.staying)
        let failure = await center.failure(center.evacuation, step)
        #expect(failure?.code == .refused && failure?.message.contains(privilege) == true, "\(failure as Any)")
        #expect(center.now.acts.isEmpty)
        var rules = VCenterSteps.rules
        rules.mayStay = ["box"]
        let facts = await VCenterFactsTests.facts(center, rules: rules)
        #expect(facts["esx1"]?.reasonMissing?.contains(privilege) == true, "it is told before a plan is made")
        // Where nothing stays, nobody asks for it.
        let other = VCenterSteps.center { $0.privileges.remove(privilege) }
        #expect(await other.failure(other.evacuation, VCenterSteps.evacuate()) == nil)
        #expect(await VCenterFactsTests.facts(other)["esx1"]?.value != nil)
    }
}
