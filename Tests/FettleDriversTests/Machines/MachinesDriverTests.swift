import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

/// Which product moves a pool's machines is the pool's to say.
@Suite struct MachinesDriverTests {
    private func refusal(_ rules: MachineRules?) async -> String? {
        let step = ProxmoxSteps.evacuate()
        let drivers = BuiltInDrivers(channels: NoChannels(), inspector: ShellHostInspector(channels: NoChannels()))
        var context = ProxmoxSteps.context(step)
        context.plan.groups[0].machines = rules
        guard case .unknown(let failure)? = await drivers.driver(for: step.action)?.check(step, in: context) else {
            return nil
        }
        return failure.message
    }

    @Test func eachPoolsStepGoesToTheDriverThatItNames() async {
        #expect(await refusal(ProxmoxSteps.rules) == "nobody reads secrets here")
        #expect(await refusal(MachineRules(driver: "libvirt"))?.contains("there are no channels here") == true)
        #expect(await refusal(nil)?.contains("there are no channels here") == true)
        #expect(await refusal(MachineRules(driver: "other")) == "nothing here moves machines by 'other'")
        #expect(await refusal(MachineRules(driver: "proxmox")) == "the plan does not say how Proxmox VE is asked")
        #expect(await refusal(MachineRules(driver: "openstack")) == "the plan does not say how OpenStack is asked")
        #expect(await refusal(MachineRules(driver: "vcenter")) == "the plan does not say how vCenter is asked")
        #expect(await refusal(NovaSteps.rules) == "nobody reads secrets here")
        #expect(await refusal(VCenterSteps.rules) == "nobody reads secrets here")
    }

    @Test func aNodeThatNoNodeCanBeIsRefused() async {
        let step = Step(
            id: "a_b/evacuate", resource: "a_b", group: "compute", wave: 0, action: .evacuate(moves: [], staying: nil),
            after: [], availability: .requiresOut, rollbackClass: .nothingToUndo,
            estimate: DurationEstimate(medianSeconds: 5, p95Seconds: 60), timeoutSeconds: 60)
        let cluster = ProxmoxSteps.cluster()
        let failure = await cluster.failure(cluster.evacuation, step)
        #expect(failure?.message == "no node of Proxmox VE can be named as a_b")
    }
}
