public import FettleDriverKit

/// What the steps that restart services and hosts run as root, for `sudo`.
public enum SystemRules {
    /// Who forbids a reboot is looked at before: with `--check-inhibitors=yes` the session of Fettle's own user would.
    static let reboot = RootCommand([DetachedJob.systemctl, "--no-ask-password", "reboot"])
    static let powerOff = RootCommand([DetachedJob.systemctl, "--no-ask-password", "poweroff"])
    static let reexecute = RootCommand([DetachedJob.systemctl, "daemon-reexec"])
    static let testSecureShell = RootCommand(["/usr/sbin/sshd", "-t"])

    private static let restartWords = ["--no-ask-password", "restart", "--"]
    /// Without a pager: one that runs as root would give a shell to whoever looks.
    private static let statusWords = ["--no-pager", "--full", "--lines=30", "status", "--"]

    /// - Parameter units: names that follow the grammar of units.
    static func restart(_ units: [String]) -> RootCommand {
        RootCommand([DetachedJob.systemctl] + restartWords + units)
    }
    static func status(_ unit: String) -> RootCommand { RootCommand([DetachedJob.systemctl] + statusWords + [unit]) }

    /// - Throws: `SudoRuleError` if a rule cannot be written; that is a mistake in Fettle.
    public static func rules() throws(SudoRuleError) -> [SudoRule] {
        let service = try SudoWord(
            first: DebianNames.alphanumerics + "_", following: DebianNames.unitFollowing, suffix: ".service")
        return [
            try exact(reboot, "Reboot"),
            try exact(reexecute, "Let systemd itself run its new code"),
            try exact(testSecureShell, "Look at sshd's configuration before sshd restarts"),
            try SudoRule(
                program: DetachedJob.systemctl, arguments: restartWords.map { .exact($0) } + [.words(service)],
                reason: "Restart services that run replaced code"),
            try SudoRule(
                program: DetachedJob.systemctl, arguments: statusWords.map { .exact($0) } + [.word(service)],
                reason: "Say why a service did not come back"),
        ]
    }

    /// Beside the above, for hosts that can be shut down for good.
    static func retirementRules() throws(SudoRuleError) -> [SudoRule] {
        [try exact(powerOff, "Shut down who is retired")]
    }

    private static func exact(_ command: RootCommand, _ reason: String) throws(SudoRuleError) -> SudoRule {
        try SudoRule(
            program: command.arguments[0], arguments: command.arguments.dropFirst().map { .exact($0) }, reason: reason)
    }
}
