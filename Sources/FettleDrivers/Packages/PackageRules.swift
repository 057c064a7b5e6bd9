public import FettleDriverKit
import FettleModel

/// What package steps run as root, for `sudo`.
///
/// What these rules are worth: they permit no shell, no file of the caller's and no option of his. Whoever holds them can install
/// any version of any package that the host's *own signed sources* offer, go back to one that was kept, and remove packages;
/// packages run scripts as root when they are installed. So trust the account like root, and guard its key so. What the rules
/// keep out is everything else: a mistake, or a stranger with the key, cannot run a program that no source has signed.
public enum PackageRules {
    /// - Throws: `SudoRuleError` if a rule cannot be written; that is a mistake in Fettle.
    public static func rules(_ settings: PackageDriverSettings = PackageDriverSettings()) throws(SudoRuleError)
        -> [SudoRule]
    {
        let package = try SudoWord(
            first: DebianNames.lowercaseAlphanumerics, following: DebianNames.alphanumerics + "+-.:=~")
        let archive = try SudoWord(
            prefix: AptCommand.archives + "/", first: DebianNames.lowercaseAlphanumerics,
            following: DebianNames.archiveFollowing)
        var rules = [
            try rule(DetachedJob.prepareDirectory, "Keep the output of jobs in memory"),
            try rule(installDirectory("/var/cache/fettle"), "Keep packages and the versions to return to"),
            try rule(installDirectory(AptCommand.archives), "Keep packages and the versions to return to"),
            try salvageRule(),
            try job(
                AptCommand.download([], lockSeconds: settings.lockSeconds), environment: [],
                workingDirectory: AptCommand.archives, word: package, "Download packages of the host's own sources"),
            try SudoRule(
                program: AptCommand.removePrefix[0],
                arguments: AptCommand.removePrefix.dropFirst().map { .exact($0) } + [.words(archive)],
                reason: "Take kept packages away that nobody can need any more"),
            try SudoRule(
                program: AptCommand.markPrefix[0],
                arguments: AptCommand.markPrefix.dropFirst().map { .exact($0) } + [.words(package)],
                reason: "Keep dependencies marked as such"),
        ]
        rules += try ConffileArchive.rules(retentionDays: settings.retentionDays)
        for verb in ["stop", "reset-failed"] {
            rules.append(
                try SudoRule(
                    program: DetachedJob.systemctl, arguments: [.exact(verb), .word(try jobUnit())],
                    reason: "Take away the status of an ended job"))
        }
        for conffiles in ConffilePolicy.allCases {
            let environment = AptCommand.environment(conffiles)
            rules.append(
                try job(
                    AptCommand.configure([], conffiles: conffiles), environment: environment, workingDirectory: nil,
                    word: package, "Finish what an interrupted run left unpacked"))
            for leadsBack in [false, true] {
                for removes in [false, true] {
                    let options = AptCommand.installOptions(
                        leadsBack: leadsBack, conffiles: conffiles, removes: removes,
                        lockSeconds: settings.lockSeconds)
                    rules.append(
                        try job(
                            [AptCommand.aptGet] + options, environment: environment, workingDirectory: nil,
                            word: leadsBack ? package.or(archive) : package,
                            leadsBack ? "Return packages to earlier versions" : "Patch packages"))
                }
            }
        }
        return rules
    }

    static func installDirectory(_ path: String) -> RootCommand {
        RootCommand(["/usr/bin/install", "-d", "-m", "0755", path])
    }

    /// Copies archives that the host downloaded earlier to where `clean` doesn't reach them.
    static func salvage(_ files: [String]) -> RootCommand {
        RootCommand(salvagePrefix + files.map { "\(PackageArchives.hostArchives)/\($0)" })
    }

    private static let salvagePrefix = [
        "/usr/bin/install", "-m", "0644", "--target-directory=\(AptCommand.archives)",
    ]

    private static func salvageRule() throws(SudoRuleError) -> SudoRule {
        let file = try SudoWord(
            prefix: PackageArchives.hostArchives + "/", first: DebianNames.lowercaseAlphanumerics,
            following: DebianNames.archiveFollowing)
        return try SudoRule(
            program: salvagePrefix[0], arguments: salvagePrefix.dropFirst().map { .exact($0) } + [.words(file)],
            reason: "Keep earlier versions that no source offers any more")
    }

    private static func rule(_ command: RootCommand, _ reason: String) throws(SudoRuleError) -> SudoRule {
        try SudoRule(
            program: command.arguments[0], arguments: command.arguments.dropFirst().map { .exact($0) }, reason: reason)
    }

    private static func jobUnit() throws(SudoRuleError) -> SudoWord {
        try SudoWord(
            prefix: DetachedJob.prefix, first: DebianNames.lowercaseAlphanumerics,
            following: DebianNames.lowercaseAlphanumerics + "-.")
    }

    /// The rule for a detached job: all of systemd-run's options and the command's are fixed, only the names of the job and
    /// of packages vary.
    static func job(
        _ command: [String], environment: [DetachedJob.Variable], workingDirectory: String?, word: SudoWord,
        successStatuses: [Int] = [], _ reason: String
    ) throws(SudoRuleError) -> SudoRule {
        let placeholder = DetachedJob(
            name: DetachedJob.prefix, command: command, environment: environment, workingDirectory: workingDirectory,
            successStatuses: successStatuses)
        let following = DebianNames.lowercaseAlphanumerics + "-"
        var arguments: [SudoRule.Argument] = []
        for text in placeholder.startUnderSystemd.arguments.dropFirst() {
            if text == "--unit=\(DetachedJob.prefix)" || text.hasSuffix("truncate:\(placeholder.outputFile)") {
                arguments.append(
                    .word(
                        try SudoWord(prefix: text, first: DebianNames.lowercaseAlphanumerics, following: following)))
            } else {
                arguments.append(.exact(text))
            }
        }
        return try SudoRule(
            program: DetachedJob.systemdRun, arguments: arguments + [.words(word)], reason: reason)
    }
}
