import FettleDriverKit
import FettleModel

/// What changes rpm packages on a host.
enum RpmTool: String, Sendable, CaseIterable {
    case dnf, zypper
}

/// The commands of dnf, zypper and rpm that change a host, letter by letter the same wherever they can be, so that `sudo` rules
/// name them exactly.
///
/// Packages are fetched by name from the host's own repositories, under those repositories' own checks. Installed are only
/// files that were kept: a change takes neither the network nor a repository that still offers them, and since no repository is
/// looked at (`nowhere`), nothing can come along. dnf (`localpkg_gpgcheck`) and zypper then want a signature of every file, by a
/// key that the host's rpm database holds; nobody is ever told to do without.
enum RpmCommand {
    static let dnf = "/usr/bin/dnf"
    static let zypper = "/usr/bin/zypper"
    static let rpm = "/usr/bin/rpm"
    static let parent = "/var/cache/fettle"
    /// New versions and those to return to. A place of its own: `dnf clean all` by anybody must not take the way back.
    static let files = "\(parent)/rpms"
    /// Where zypper downloads to, below the name of each repository.
    static let zypperDownloads = "\(parent)/zypper"
    /// A directory of repositories that does not exist.
    static let nowhere = "\(parent)/no-repositories"

    /// English words, whatever the host's own locale is.
    static let environment = [DetachedJob.Variable(name: "LC_ALL", value: "C.UTF-8")]

    /// zypper: all is installed, and a script of a package failed.
    static let successStatuses = [107]

    /// Options that hold whatever the host's own configuration says: nothing is drawn in that nobody asked for, nothing removed
    /// on the side, and who finds the lock taken says so instead of waiting without end.
    private static let dnfOptions =
        [dnf, "-y"]
        + [
            "install_weak_deps=0", "clean_requirements_on_remove=0", "exit_on_lock=1", "localpkg_gpgcheck=1",
            "installonly_limit=0",
        ].map { "--setopt=\($0)" }

    private static let zypperOptions = [zypper, "--non-interactive", "--no-refresh"]

    // MARK: Downloads

    /// How dnf is asked for a version: what is installed right now it would not "install".
    enum Fetching: String, Sendable, CaseIterable {
        case install, reinstall
    }

    /// What is fetched is what the plan was made of: the lists that the host has, whatever their age.
    static func download(_ versions: [PackageVersion], by tool: RpmTool, _ fetching: Fetching) -> [String] {
        switch tool {
        case .dnf:
            dnfOptions
                + [
                    "--setopt=metadata_expire=-1", fetching.rawValue, "--downloadonly", "--destdir=\(files)", "--",
                ] + versions.map(\.rpmLabel)
        case .zypper:
            zypperOptions
                + [
                    "--pkg-cache-dir", zypperDownloads, "install", "--force", "--download-only", "--no-recommends",
                    "--oldpackage", "--",
                ] + versions.map(\.zypperLabel)
        }
    }

    /// Brings what zypper has downloaded to where it is kept.
    static let gather = RootCommand([
        "/usr/bin/find", zypperDownloads, "-type", "f", "-exec", "/usr/bin/mv", "-f", "-t", files, "--", "{}", "+",
    ])

    /// Where dnf and zypper keep what they have downloaded, on a host that is set up so.
    static let hostCaches = ["/var/cache/dnf", "/var/cache/zypp/packages"]

    /// Copies a file of this name out of a cache of the host's own.
    static func salvage(_ file: String, from cache: String) -> RootCommand {
        RootCommand(
            ["/usr/bin/find", cache, "-type", "f", "-name", file, "-exec"]
                + ["/usr/bin/install", "-m", "0644", "-t", files, "--", "{}", "+"])
    }

    static func makeDirectory(_ path: String) -> RootCommand { PackageRules.installDirectory(path) }

    /// Without the files.
    static let removal = RootCommand(AptCommand.removePrefix)

    static func remove(_ names: [String]) -> RootCommand {
        RootCommand(removal.arguments + names.map { "\(files)/\($0)" })
    }

    // MARK: Changes

    /// Brings packages to the versions of these files, forwards or back, and installs what is not there.
    static func install(_ names: [String], by tool: RpmTool) -> [String] {
        let paths = names.map { "\(files)/\($0)" }
        switch tool {
        case .dnf: return dnfOptions + ["--setopt=reposdir=\(nowhere)", "install", "--"] + paths
        case .zypper: return zypperOffline + ["install", "--no-recommends", "--oldpackage", "--"] + paths
        }
    }

    /// Installs the same versions once more: what was killed in the middle may have left out a script.
    static func reinstall(_ names: [String], by tool: RpmTool) -> [String] {
        let paths = names.map { "\(files)/\($0)" }
        switch tool {
        case .dnf: return dnfOptions + ["--setopt=reposdir=\(nowhere)", "reinstall", "--"] + paths
        case .zypper: return zypperOffline + ["install", "--force", "--no-recommends", "--oldpackage", "--"] + paths
        }
    }

    static func erase(_ versions: [PackageVersion], by tool: RpmTool) -> [String] {
        switch tool {
        case .dnf: dnfOptions + ["--setopt=reposdir=\(nowhere)", "remove", "--"] + versions.map(\.rpmLabel)
        case .zypper:
            zypperOffline + ["remove", "--"] + versions.map(\.zypperLabel)
        }
    }

    private static let zypperOffline = zypperOptions + ["--reposd-dir", nowhere]

    /// Takes away what an interrupted run has left beside the version that replaces it, as that run would have: its scripts
    /// see that one of the name stays, and files of the other are left alone.
    static func eraseLeftovers(_ versions: [PackageVersion]) -> [String] {
        // rpm's labels have no epoch that all its releases take.
        [rpm, "--erase", "--nodeps", "--"]
            + versions.map { "\($0.name)-\($0.version.split(separator: ":").last ?? "").\($0.architecture)" }
    }

    /// dnf takes what it is told to install for something that somebody wanted.
    static func markAsDependency(_ names: [String]) -> RootCommand {
        RootCommand([dnf, "mark", "remove", "--"] + names)
    }

    // MARK: Rehearsals

    /// The same command up to rpm's own test of the transaction (dnf), or up to the solver's answer (zypper).
    static func rehearsal(of command: [String]) -> RootCommand {
        let environment = Dictionary(uniqueKeysWithValues: Self.environment.map { ($0.name, $0.value) })
        guard command.first == dnf else {
            // Behind the verb.
            var words = command
            if let verb = words.firstIndex(where: { $0 == "install" || $0 == "remove" }) {
                words.insert("--dry-run", at: verb + 1)
            }
            words.insert("--xmlout", at: 1)
            return RootCommand(words, environment: environment)
        }
        return RootCommand(
            [dnf, "-y", "--setopt=tsflags=test"] + command.dropFirst(2), environment: environment)
    }
}
