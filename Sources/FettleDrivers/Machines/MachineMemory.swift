import FettleModel

/// What was so before a hypervisor was emptied, and would be forgotten.
enum MachineMemory {
    private static let (runningKey, cordonKey, identityPrefix) = ("running", "maintenance", "identity of ")
    private static let ours = "ours"

    /// - Parameters:
    ///   - running: machines that stay on the hypervisor, and run.
    ///   - isCordoned: whether the hypervisor is going to be kept from new machines, and was not before.
    ///   - identities: by name, what tells a machine from all others when its name is changed, or given to another.
    static func state(running: [String], isCordoned: Bool, identities: [String: String] = [:]) -> PriorState {
        var details = [runningKey: running.sorted().joined(separator: "\n")]
        if isCordoned { details[cordonKey] = ours }
        for (name, identity) in identities { details[identityPrefix + name] = identity }
        return PriorState(alreadySo: false, details: details)
    }

    /// Those that the hypervisor took down with it. Without a prior state nothing was done to it.
    static func ran(_ prior: PriorState?) -> Set<String> {
        Set((prior?.details[runningKey] ?? "").split(separator: "\n").map(String.init))
    }

    /// Whether it is ours to end: what a person had begun stays.
    static func isCordoned(_ prior: PriorState?) -> Bool { prior?.details[cordonKey] == ours }

    static func identities(_ prior: PriorState?) -> [String: String] {
        var identities: [String: String] = [:]
        for (key, value) in prior?.details ?? [:] where key.hasPrefix(identityPrefix) {
            identities[String(key.dropFirst(identityPrefix.count))] = value
        }
        return identities
    }
}
