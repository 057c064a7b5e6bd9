import FettleDriverKit
import FettleModel

/// The commands that keep configuration files of packages on their host, and bring them back.
///
/// No path of such a file is ever put into a command: tar reads them where dpkg lists them, one a line, and takes each line for a
/// name, whatever is in it. So nobody can have other files read or written than those that dpkg has listed for a package.
struct ConffileArchive: Sendable {
    /// Only root looks into it: configuration files hold passwords.
    var directory = "\(parent)/conffiles"
    /// Where dpkg lists the configuration files of each package.
    var lists = "/var/lib/dpkg/info"

    /// Of one package: more than any has, so that nothing large is copied on the side.
    static let mostMebibytes = 32

    private static let parent = "/var/cache/fettle"
    private static let tar = "/usr/bin/tar"
    /// Absolute names as they are; owners by number.
    private static let options = ["--absolute-names", "--numeric-owner"]
    /// In the form that knows parts of a second. Each line of a list is a name and neither an option nor a pattern; one whose file is not there is passed over.
    private static let createOptions =
        ["--create"] + options + [
            "--format=posix", "--no-recursion", "--no-unquote", "--ignore-failed-read", "--verbatim-files-from",
        ]
    /// What is there now is moved aside, under an ending that programs which read whole directories pass over. Not `.dpkg-old`, which
    /// dpkg itself takes away when it keeps the host's file.
    private static let extractOptions =
        ["--extract"] + options + [
            "--preserve-permissions", "--same-owner", "--backup=simple", "--suffix=.dpkg-bak",
        ]
    private static let compareOptions = ["--compare"] + options

    /// Makes the place for them.
    var prepare: [RootCommand] {
        let place = RootCommand(["/usr/bin/install", "-d", "-m", "0700", directory])
        return directory.hasPrefix(Self.parent) ? [PackageRules.installDirectory(Self.parent), place] : [place]
    }

    /// - Parameters:
    ///   - stem: what dpkg calls the package's lists: `banner`, or `libfoo1:amd64`.
    ///   - job: of the step that changes the package, of `[a-z0-9-]`.
    func create(_ stem: String, _ job: String) -> RootCommand {
        RootCommand(
            [Self.tar] + Self.createOptions + ["--file=\(file(stem, job))", "--files-from=\(lists)/\(stem).conffiles"])
    }

    func extract(_ stem: String, _ job: String) -> RootCommand {
        RootCommand([Self.tar] + Self.extractOptions + ["--file=\(file(stem, job))"])
    }

    func compare(_ stem: String, _ job: String) -> RootCommand {
        RootCommand([Self.tar] + Self.compareOptions + ["--file=\(file(stem, job))"])
    }

    func prune(days: Int) -> RootCommand {
        RootCommand(["/usr/bin/find", directory, "-xdev", "-type", "f", "-mtime", "+\(max(1, days))", "-delete"])
    }

    /// Without a colon, which tar would take for the name of a machine.
    func file(_ stem: String, _ job: String) -> String {
        "\(directory)/\(job)_\(stem.split(separator: ":").joined(separator: "_")).tar"
    }

    /// The same, and never more than may be kept; as root, through `sudo` where one is not.
    func boundedCreate(_ stem: String, _ job: String) throws(ShellQuoteError) -> RemoteCommand {
        RemoteCommand(
            script: """
                if [ "$(id -u)" = 0 ]; then root=; else root='sudo -n --'; fi
                ulimit -f \(Self.mostMebibytes * 2_048) || exit
                $root \(try shellQuoted(create(stem, job).arguments))
                """, timeout: .seconds(120), outputLimit: 64 * 1_024)
    }

    /// Prints which of the packages have configuration files, by the names of their lists.
    func listScript(_ changes: some Collection<PackageChange>) throws(ShellQuoteError) -> String {
        let stems = changes.flatMap { [$0.name, "\($0.name):\($0.architecture)"] }
        return """
            for stem in \(try shellQuoted(stems)); do
                if [ -s \(try shellQuoted(lists))/"$stem".conffiles ]; then printf '%s\\n' "$stem"; fi
            done
            """
    }

    static func rules(retentionDays: Int) throws(SudoRuleError) -> [SudoRule] {
        let places = ConffileArchive()
        let archive = try SudoWord(
            prefix: "--file=\(places.directory)/\(DetachedJob.prefix)", first: DebianNames.lowercaseAlphanumerics,
            following: DebianNames.lowercaseAlphanumerics + "-_.+", suffix: ".tar")
        let list = try SudoWord(
            prefix: "--files-from=\(places.lists)/", first: DebianNames.lowercaseAlphanumerics,
            following: DebianNames.lowercaseAlphanumerics + "+-.:", suffix: ".conffiles")
        func rule(_ options: [String], _ words: [SudoWord], _ reason: String) throws(SudoRuleError) -> SudoRule {
            try SudoRule(
                program: tar, arguments: options.map { .exact($0) } + words.map { .word($0) }, reason: reason)
        }
        func exact(_ command: RootCommand, _ reason: String) throws(SudoRuleError) -> SudoRule {
            try SudoRule(
                program: command.arguments[0], arguments: command.arguments.dropFirst().map { .exact($0) },
                reason: reason)
        }
        return try places.prepare.map { command throws(SudoRuleError) in
            try exact(command, "Keep configuration files that a change replaces")
        } + [
            try rule(createOptions, [archive, list], "Keep configuration files that a change replaces"),
            try rule(extractOptions, [archive], "Bring kept configuration files back"),
            try rule(compareOptions, [archive], "See that they are back"),
            try exact(places.prune(days: retentionDays), "Take kept configuration files away that nobody can need"),
        ]
    }
}
