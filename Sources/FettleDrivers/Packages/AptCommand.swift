import FettleDriverKit
import FettleModel

/// The commands of apt and dpkg that change a host, letter by letter the same wherever they can be, so that `sudo` rules
/// name them exactly.
enum AptCommand {
    static let aptGet = "/usr/bin/apt-get"
    static let aptMark = "/usr/bin/apt-mark"
    static let dpkg = "/usr/bin/dpkg"
    /// New versions and those to return to. A place of its own: `apt-get clean` by anybody else must not take the way back.
    static let archives = "/var/cache/fettle/archives"

    /// Options that hold whatever the host's own configuration says: nothing unauthenticated, nothing removed on the side,
    /// no progress bars, and what was downloaded stays.
    static func options(lockSeconds: Int) -> [String] {
        [
            "-y", "-q", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=\(lockSeconds)",
            "-o", "Dir::Cache::archives=\(archives)/", "-o", "APT::Keep-Downloaded-Packages=1",
            "-o", "APT::Get::AllowUnauthenticated=0", "-o", "APT::Get::AutomaticRemove=0", "-o", "Dpkg::Use-Pty=0",
        ]
    }

    /// What dpkg does with a configuration file that both sides changed. `confdef` decides where there is a default at all.
    static func dpkgOptions(_ conffiles: ConffilePolicy) -> [String] {
        switch conffiles {
        case .keepCurrent: ["--force-confdef", "--force-confold"]
        case .takePackaged: ["--force-confnew"]
        }
    }

    /// For every command that runs maintainer scripts. needrestart stays quiet: it restarts services by itself, sshd among
    /// them (needrestart#340); which services restart is the plan's matter. `ucf` asks for some configuration files beside dpkg.
    static func environment(_ conffiles: ConffilePolicy) -> [DetachedJob.Variable] {
        [
            .init(name: "DEBIAN_FRONTEND", value: "noninteractive"),
            .init(name: "APT_LISTCHANGES_FRONTEND", value: "none"),
            .init(name: "NEEDRESTART_SUSPEND", value: "1"),
            .init(name: conffiles == .keepCurrent ? "UCF_FORCE_CONFFOLD" : "UCF_FORCE_CONFFNEW", value: "1"),
        ] + locale
    }

    /// English words, and names in UTF-8 (some certificates have such files), whatever the host's own locale is:
    /// systemd hands on each category that /etc/locale.conf sets. Not `LC_ALL=C.UTF-8`, which has each of the thousands
    /// of processes open twelve files instead of one: a tenth of the processor time of all that a change of packages does.
    private static let locale: [DetachedJob.Variable] = [
        .init(name: "LC_ALL", value: ""), .init(name: "LANGUAGE", value: ""), .init(name: "LANG", value: "C"),
        .init(name: "LC_MESSAGES", value: "C"), .init(name: "LC_CTYPE", value: "C.UTF-8"),
        .init(name: "LC_COLLATE", value: "C"), .init(name: "LC_NUMERIC", value: "C"),
        .init(name: "LC_TIME", value: "C"), .init(name: "LC_MONETARY", value: "C"),
    ]

    /// The options of an installation. A transaction without a removal forbids every removal; only a return may lower a version.
    ///
    /// A return never takes the package's configuration file over one that somebody has edited: the host's own was brought back
    /// before it. What nobody has edited becomes the earlier version's all the same, as always with dpkg.
    static func installOptions(
        leadsBack: Bool, conffiles: ConffilePolicy, removes: Bool, lockSeconds: Int
    ) -> [String] {
        var words = options(lockSeconds: lockSeconds)
        if !removes { words.append("--no-remove") }
        if leadsBack { words.append("--allow-downgrades") }
        for option in dpkgOptions(leadsBack ? .keepCurrent : conffiles) {
            words += ["-o", "Dpkg::Options::=\(option)"]
        }
        return words + ["install"]
    }

    /// One package of the transaction as apt takes it: a version, a file that was kept, or a removal.
    static func argument(_ change: PackageChange, kept: String?) -> String {
        guard let to = change.to else { return "\(change.qualifiedName)-" }
        if let kept { return "\(archives)/\(kept)" }
        return "\(change.qualifiedName)=\(to)"
    }

    /// Fetches packages into the current directory, with apt's own checks of signature and hash; no lock, nothing installed.
    static func download(_ versions: [PackageVersion], lockSeconds: Int) -> [String] {
        [aptGet] + options(lockSeconds: lockSeconds) + ["download"] + versions.map(\.aptArgument)
    }

    /// Configures what an earlier, interrupted run left unpacked.
    static func configure(_ names: [String], conffiles: ConffilePolicy) -> [String] {
        [dpkg] + dpkgOptions(conffiles) + ["--configure"] + names
    }

    static func remove(_ files: [String]) -> RootCommand {
        RootCommand(removePrefix + files.map { "\(archives)/\($0)" })
    }

    static let removePrefix = ["/usr/bin/rm", "-f", "--"]

    static func markAutomatic(_ names: [String]) -> RootCommand { RootCommand(markPrefix + names) }

    /// Only dpkg's database is asked what there is: with the lists of all sources the same takes twenty times as long, on a host
    /// that is out. apt's own caches are left as they are.
    static let markPrefix = [
        aptMark, "-o", "Dir::State::lists=/nonexistent/", "-o", "Dir::Cache::pkgcache=", "-o",
        "Dir::Cache::srcpkgcache=", "auto",
    ]
}

extension PackageVersion {
    var aptArgument: String { architecture == "all" ? "\(name)=\(version)" : "\(name):\(architecture)=\(version)" }
}
