public import FettleDriverKit

/// What facts need root for, as rules for `sudo`. Every word is exact.
extension ShellHostInspector {
    /// - Throws: `SudoRuleError` only if a command above could not be written as a rule.
    public static func sudoRules() throws(SudoRuleError) -> [SudoRule] {
        [
            try exactRule(
                ProcessSections.mapsCommand,
                reason: "Facts: which processes still run code that was replaced on disk. Reads /proc/PID/maps only.")
        ]
    }
}

extension PackageListRefresher {
    public static func sudoRules() throws(SudoRuleError) -> [SudoRule] {
        var rules: [SudoRule] = []
        for command in commands {
            rules.append(try exactRule(command, reason: "Refresh: fetches the package lists. Installs nothing."))
        }
        return rules
    }
}

private func exactRule(_ command: RootCommand, reason: String) throws(SudoRuleError) -> SudoRule {
    try SudoRule(
        program: command.arguments.first ?? "", arguments: command.arguments.dropFirst().map { .exact($0) },
        environment: command.environment, reason: reason)
}
