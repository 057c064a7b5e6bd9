import FettleDriverKit
import FettleModel

/// Where else a machine could be: another run or a person may have moved it, and one hypervisor alone cannot tell that from "it is gone".
extension MachineReplacer {
    /// Neither of the two machines, nor their name, nor the new disk is on another hypervisor. To be asked before anything is removed,
    /// started or defined.
    ///
    /// - Parameters:
    ///   - disk: of the new machine; nil: not known.
    ///   - isHere: whether the machine is seen running here: then of course it answers.
    /// - Throws: `drift` where one of them is there; `unreachable` where a hypervisor cannot be asked: that is not "nothing is there".
    func requireNowhereElse(disk: String?, isHere: Bool = false) async throws(StepFailure) {
        for other in neighbours {
            guard let user = try await view(of: other).machines.first(where: { isOurs($0, disk) }) else { continue }
            throw StepFailure(
                code: .drift,
                message: "\(user.name) on \(other.id) is \(new.machine.name), or has its disk: somebody has moved it; "
                    + "move it back to \(hypervisor.id)")
        }
        guard !isHere, await answers() else { return }
        throw StepFailure(
            code: .drift,
            message:
                "\(new.machine.name) answers, and does not run on \(hypervisor.id): somebody has moved it; move it back"
        )
    }

    private func isOurs(_ machine: LibvirtView.Machine, _ disk: String?) -> Bool {
        [new.uuid, new.machine.uuid].contains(machine.uuid)
            || [new.machine.name, new.keptName].contains(machine.name)
            || disk.map(machine.description.sharedPaths.contains) ?? false
    }

    private func view(of other: Hypervisor) async throws(StepFailure) -> LibvirtView {
        do throws(StepFailure) { return try await other.view() } catch {
            throw StepFailure(
                code: .unreachable,
                message: "\(other.id) cannot be asked whether \(new.machine.name) is there by now: \(error.message)",
                output: error.output)
        }
    }

    /// Whether no machine of another hypervisor has this file, as far as they tell: what lies below the disk of one that is shut off
    /// libvirt does not tell. One that cannot be asked may have one that does.
    func nobodyElseHas(_ path: String) async -> Bool {
        for other in neighbours {
            guard let view = try? await other.view(),
                !view.machines.contains(where: { $0.description.sharedPaths.contains(path) })
            else { return false }
        }
        return true
    }
}
