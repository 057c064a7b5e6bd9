internal import FettleModel

/// Writes `machines` of a pool of hypervisors as `MachineRulesReader` reads it.
enum MachineRulesWriter {
    static func lines(_ rules: MachineRules) -> [String] {
        var lines = [
            "    machines:", "      driver: \(YAMLText.scalar(rules.driver))",
            "      destination: \(YAMLText.scalar(rules.destination))",
            "      bandwidth: \(rules.bandwidthMebibytes)", "      timeLimit: \(rules.timeLimitSeconds)s",
            "      whenTooSlow: \(rules.whenTooSlow.rawValue)", "      encrypted: \(rules.isEncrypted)",
            "      processorsPerCore: \(rules.processorsPerCore)", "      reservedMemory: \(rules.reservedMebibytes)",
        ]
        if let most = rules.mostMebibytes { lines.append("      mostMemory: \(most)") }
        if !rules.sharedDirectories.isEmpty {
            lines.append("      sharedDirectories: " + YAMLText.flowList(rules.sharedDirectories, indent: 6))
        }
        if !rules.mayStay.isEmpty { lines.append("      mayStay: " + YAMLText.flowList(rules.mayStay, indent: 6)) }
        if !rules.apart.isEmpty {
            lines.append("      apart:")
            lines += rules.apart.map { "        - " + YAMLText.flowList($0, indent: 10) }
        }
        return lines
    }
}
