import FettleModel

/// What of the machines is as it was before a hypervisor was emptied, and would be forgotten: libvirt forgets at each move which
/// start with their hypervisor, and nobody remembers which of those that went down with it had run.
enum AutostartMemory {
    private static let key = "autostart"
    private static let runningKey = "running"

    /// - Parameters:
    ///   - names: machines that start with their hypervisor.
    ///   - running: machines that stay on it, and run.
    static func state(_ names: [String], running: [String] = []) -> PriorState {
        PriorState(alreadySo: false, details: [key: joined(names), runningKey: joined(running)])
    }

    static func names(_ prior: PriorState?) -> Set<String> { split(prior?.details[key]) }

    /// Those that the hypervisor took down with it. Without a prior state nothing was done to it.
    static func ran(_ prior: PriorState?) -> Set<String> { split(prior?.details[runningKey]) }

    /// Whether a machine that has been moved starts with its hypervisor if it did before.
    static func isKept(_ prior: PriorState?, _ machine: LibvirtView.Machine?) -> Bool {
        guard let machine else { return true }
        return machine.startsWithHypervisor || !names(prior).contains(machine.name)
    }

    static func isLost(_ move: MachineMove) -> StepFailure {
        StepFailure(
            code: .timeout, message: "\(move.machine) does not start with \(move.to), as it did with its hypervisor")
    }

    private static func joined(_ names: [String]) -> String { names.sorted().joined(separator: "\n") }

    private static func split(_ text: String?) -> Set<String> {
        Set((text ?? "").split(separator: "\n").map(String.init))
    }
}
