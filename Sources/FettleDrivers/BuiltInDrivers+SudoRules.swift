public import FettleDriverKit

extension BuiltInDrivers {
    /// Everything that the built-in drivers run as root on a target, for `fettle access sudoers`.
    ///
    /// - Parameter adminSockets: where HAProxy's admin socket lies on the hosts that run it; none for other hosts.
    /// - Throws: `SudoRuleError` for a path that cannot stand in `sudoers`.
    public static func sudoRules(
        packages: PackageDriverSettings = PackageDriverSettings(), adminSockets: [String] = []
    ) throws(SudoRuleError) -> [SudoRule] {
        var rules = try ShellHostInspector.sudoRules()
        rules += try PackageListRefresher.sudoRules()
        rules += try PackageRules.rules(packages)
        rules += try SystemRules.rules()
        for path in adminSockets { rules += try RelayedAdminSocket.sudoRules(path: path) }
        return rules
    }
}
