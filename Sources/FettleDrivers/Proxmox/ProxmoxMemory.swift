import FettleModel

/// What was so before a node was emptied, and would be forgotten.
enum ProxmoxMemory {
    private static let (runningKey, maintenanceKey) = ("running", "maintenance")
    private static let ours = "ours"

    /// - Parameters:
    ///   - running: guests that stay on the node, and run.
    ///   - isCordoned: whether the HA manager is going to be kept from it, and was not before.
    static func state(running: [String], isCordoned: Bool) -> PriorState {
        var details = [runningKey: running.sorted().joined(separator: "\n")]
        if isCordoned { details[maintenanceKey] = ours }
        return PriorState(alreadySo: false, details: details)
    }

    /// Those that the node took down with it. Without a prior state nothing was done to it.
    static func ran(_ prior: PriorState?) -> Set<String> {
        Set((prior?.details[runningKey] ?? "").split(separator: "\n").map(String.init))
    }

    /// Whether it is ours to end: maintenance that a person had begun stays.
    static func isCordoned(_ prior: PriorState?) -> Bool { prior?.details[maintenanceKey] == ours }
}
