internal import FettleModel

/// Writes `machines` of a pool of hypervisors as `MachineRulesReader` reads it.
enum MachineRulesWriter {
    static func lines(_ rules: MachineRules) -> [String] {
        // What its own configuration says is not the fleet's to say.
        let isToldAll = ![MachineRulesReader.cloud, MachineRulesReader.center].contains(rules.driver)
        var lines = ["    machines:", "      driver: \(YAMLText.scalar(rules.driver))"]
        if isToldAll { lines.append("      bandwidth: \(rules.bandwidthMebibytes)") }
        lines += [
            "      timeLimit: \(rules.timeLimitSeconds)s", "      whenTooSlow: \(rules.whenTooSlow.rawValue)",
        ]
        if isToldAll { lines.append("      encrypted: \(rules.isEncrypted)") }
        lines += [
            "      processorsPerCore: \(rules.processorsPerCore)", "      reservedMemory: \(rules.reservedMebibytes)",
        ]
        if let api = rules.api {
            lines += Self.lines(api)
        } else {
            lines.append("      destination: \(YAMLText.scalar(rules.destination))")
        }
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

    private static func lines(_ api: MachineAPI) -> [String] {
        let token =
            switch api.token {
            case .environment(let name): "{env: \(YAMLText.scalar(name))}"
            case .file(let path): "{file: \(YAMLText.scalar(path))}"
            }
        let authorities = api.certificateAuthorities.map {
            ["        certificateAuthorities: \(YAMLText.scalar($0))"]
        }
        return ["      api:", "        url: \(YAMLText.scalar(api.url))", "        token: \(token)"]
            + (authorities ?? [])
    }
}
