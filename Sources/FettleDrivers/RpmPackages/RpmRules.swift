import FettleDriverKit
import FettleModel

/// What the steps of rpm packages run as root, for `sudo`. What `PackageRules` says of its worth holds for these too: nothing can
/// be installed but what a repository of the host offers under its own checks, or a kept file that is signed by a key of the
/// host's rpm database; packages run scripts as root.
enum RpmRules {
    /// - Throws: `SudoRuleError` if a rule cannot be written; that is a mistake in Fettle.
    static func rules() throws(SudoRuleError) -> [SudoRule] {
        let alphanumerics = DebianNames.alphanumerics
        // `name-1:2.3-1.noarch`, and `name.noarch=1:2.3-1` of zypper. No rule can name a `^` of a version.
        let package = try SudoWord(first: alphanumerics, following: alphanumerics + "._+~:=-")
        let file = try SudoWord(
            prefix: RpmCommand.files + "/", first: alphanumerics, following: RpmNames.fileFollowing, suffix: ".rpm")
        let fileName = try SudoWord(first: alphanumerics, following: RpmNames.fileFollowing, suffix: ".rpm")
        var rules = try RpmQuestion.sudoRules()
        rules += [
            try rule(RpmCommand.makeDirectory(RpmCommand.files), "Keep rpm packages and the versions to return to"),
            try rule(RpmCommand.makeDirectory(RpmCommand.zypperDownloads), "A place for what zypper downloads"),
            try rule(RpmCommand.gather, "Keep what zypper has downloaded"),
            try rule(
                RpmCommand.removal, "Take kept rpm packages away that nobody can need any more", .words(file)),
            try rule(RpmCommand.markAsDependency([]), "Keep dependencies marked as such", .words(package)),
            try job(RpmCommand.eraseLeftovers([]), package, "Finish what an interrupted run left beside a new version"),
        ]
        for cache in RpmCommand.hostCaches { rules.append(try salvageRule(cache, fileName)) }
        for tool in RpmTool.allCases {
            for fetching in tool == .dnf ? RpmCommand.Fetching.allCases : [.install] {
                rules.append(
                    try job(
                        RpmCommand.download([], by: tool, fetching), package,
                        "Download packages of the host's own repositories", isChange: false))
            }
            let reinstallation = RpmCommand.reinstall([], by: tool)
            rules.append(try job(reinstallation, file, "Repeat what was killed in the middle"))
            let installation = RpmCommand.install([], by: tool)
            let removal = RpmCommand.erase([], by: tool)
            rules.append(try job(installation, file, "Patch packages, and return them to earlier versions"))
            rules.append(try job(removal, package, "Remove packages that a patch brought"))
            rules.append(try rule(RpmCommand.rehearsal(of: installation), "Rehearse a change", .words(file)))
            rules.append(try rule(RpmCommand.rehearsal(of: removal), "Rehearse a removal", .words(package)))
        }
        return rules
    }

    private static func salvageRule(_ cache: String, _ name: SudoWord) throws(SudoRuleError) -> SudoRule {
        let words = RpmCommand.salvage("NAME", from: cache).arguments
        return try SudoRule(
            program: words[0], arguments: words.dropFirst().map { $0 == "NAME" ? .word(name) : .exact($0) },
            reason: "Keep earlier versions that no repository offers any more")
    }

    private static func rule(
        _ command: RootCommand, _ reason: String, _ last: SudoRule.Argument? = nil
    ) throws(SudoRuleError) -> SudoRule {
        try SudoRule(
            program: command.arguments[0],
            arguments: command.arguments.dropFirst().map { .exact($0) } + (last.map { [$0] } ?? []),
            environment: command.environment, reason: reason)
    }

    private static func job(
        _ command: [String], _ word: SudoWord, _ reason: String, isChange: Bool = true
    ) throws(SudoRuleError) -> SudoRule {
        try PackageRules.job(
            command, environment: RpmCommand.environment, workingDirectory: nil, word: word,
            successStatuses: isChange ? RpmCommand.successStatuses : [], reason)
    }
}
