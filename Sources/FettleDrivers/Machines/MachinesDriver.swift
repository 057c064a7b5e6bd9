import FettleDriverKit
import FettleModel

/// Hands a step of a pool of hypervisors to the driver that the pool names.
struct MachinesDriver: StepDriver {
    let libvirt: any StepDriver
    let proxmox: any StepDriver
    let openstack: any StepDriver
    let vcenter: any StepDriver

    /// A pool that says nothing is moved by libvirt, whose driver refuses a name that it does not know.
    private func driver(_ step: Step, _ context: StepContext) -> any StepDriver {
        let name = step.group.flatMap { context.plan.group($0) }?.machines?.driver
        switch name {
        case ProxmoxEvacuationDriver.name: return proxmox
        case NovaEvacuationDriver.name: return openstack
        case VCenterEvacuationDriver.name: return vcenter
        default: return libvirt
        }
    }

    func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        await driver(step, context).check(step, in: context)
    }

    func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        try await driver(step, context).perform(step, in: context)
    }

    func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        try await driver(step, context).verify(step, in: context)
    }

    func lookAhead(at step: Step, in context: StepContext) async {
        await driver(step, context).lookAhead(at: step, in: context)
    }
}
