import FettleModel

/// A package as dpkg's database has it.
struct DpkgEntry: Sendable, Equatable {
    var name: String
    var architecture: String
    var version: String
    /// `installed`, `half-configured`, `unpacked`, `half-installed`, `triggers-pending`, `config-files` ...
    var state: String
    /// dpkg's error flag: `reinstreq` means that its files are there in part.
    var needsReinstallation: Bool

    var isWhole: Bool { state == "installed" && !needsReinstallation }
    var isAbsent: Bool { state == "not-installed" || state == "config-files" }
    /// All files are there, so that configuring is what is missing.
    var isUnpacked: Bool {
        !needsReinstallation
            && ["unpacked", "half-configured", "triggers-awaited", "triggers-pending", "installed"].contains(state)
    }
    var qualifiedName: String { architecture == "all" ? name : "\(name):\(architecture)" }
}

/// What a package driver has to know of a host before and after each act, looked at in one round trip.
struct PackageSnapshot: Sendable, Equatable {
    /// Before the look began.
    var observedAt: Timestamp
    var entries: [DpkgEntry]
    /// Architectures by name of the packages that apt installed as dependencies. For a package that is for all architectures
    /// apt names the host's own.
    var automatic: [String: Set<String>]
    var locks: [PackageLock]
    /// Jobs of Fettle on this host, by unit.
    var jobs: [String: DetachedJob.State]
    /// Bytes free on the file systems where packages are unpacked, by mount point.
    var freeBytes: [String: Int64]
    /// The host has systemd as its service manager.
    var hasSystemd: Bool
    /// nil where it cannot be told, or was not asked for.
    var fingerprint: PackageFingerprint?

    /// Packages between installed and removed.
    var broken: [DpkgEntry] { entries.filter { !$0.isWhole && !$0.isAbsent } }

    /// The entry of a package; nil if dpkg doesn't know it. A package that is for all architectures is also found by one,
    /// and the other way round: between two versions that may change.
    func entry(_ name: String, _ architecture: String) -> DpkgEntry? {
        let named = entries[lower(name)...].prefix { $0.name == name }
        if let exact = named.first(where: { $0.architecture == architecture }) { return exact }
        if architecture == "all" { return named.count == 1 ? named.first : nil }
        return named.first { $0.architecture == "all" }
    }

    func isAutomatic(_ entry: DpkgEntry) -> Bool {
        guard let architectures = automatic[entry.name] else { return false }
        return entry.architecture == "all" || architectures.contains(entry.architecture)
    }

    func entry(_ change: PackageChange) -> DpkgEntry? { entry(change.name, change.architecture) }

    /// The version that dpkg has for it, whole or not; nil if it is not there.
    func version(_ change: PackageChange) -> String? {
        guard let entry = entry(change), !entry.isAbsent else { return nil }
        return entry.version
    }

    /// The first index whose name is not before `name`; entries are sorted by name.
    private func lower(_ name: String) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].name < name { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// What a host is told apart by where an installation is concerned, as SHA-256 sums.
struct PackageFingerprint: Sendable, Equatable {
    /// Changes with anything by which apt decides what an installation does.
    var decisions: Digest
    /// The same, and changes also with the archives that were staged.
    var whole: Digest
}

/// Reads the parts of a snapshot.
enum PackageSnapshotParser {
    /// Lines of `want flag state` (dpkg's `Status`), name, architecture and version, separated by tabs; sorted by name and architecture.
    static func entries(_ text: String) throws(FactError) -> [DpkgEntry] {
        var entries: [DpkgEntry] = []
        for line in FactText.lines(text) {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            let states = fields.first?.split(separator: " ") ?? []
            guard fields.count == 4, states.count == 3, FactText.isName(fields[1]) else {
                throw .notUnderstood(line, of: "dpkg-query")
            }
            entries.append(
                DpkgEntry(
                    name: String(fields[1]), architecture: String(fields[2]), version: String(fields[3]),
                    state: String(states[2]), needsReinstallation: states[1] != "ok"))
        }
        guard !entries.isEmpty else { throw FactError("dpkg-query named no package at all") }
        return entries.sorted { ($0.name, $0.architecture) < ($1.name, $1.architecture) }
    }

    /// Paragraphs of apt's `extended_states`.
    static func automatic(_ text: String) -> [String: Set<String>] {
        var automatic: [String: Set<String>] = [:]
        var name: Substring = ""
        var architecture: Substring = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty {
                (name, architecture) = ("", "")
            } else if let value = value(of: "Package", in: line) {
                name = value
            } else if let value = value(of: "Architecture", in: line) {
                architecture = value
            } else if value(of: "Auto-Installed", in: line) == "1", !name.isEmpty {
                automatic[String(name), default: []].insert(String(architecture))
            }
        }
        return automatic
    }

    private static func value(of field: String, in line: Substring) -> Substring? {
        guard line.hasPrefix(field + ": ") else { return nil }
        return line.dropFirst(field.count + 2)
    }

    /// The first words of two lines of sha256sum.
    static func fingerprint(_ text: String?) -> PackageFingerprint? {
        let lines = FactText.lines(text ?? "")
        guard lines.count == 2, let decisions = sum(lines[0]), let whole = sum(lines[1]) else { return nil }
        return PackageFingerprint(decisions: decisions, whole: whole)
    }

    private static func sum(_ line: Substring) -> Digest? {
        guard let word = line.split(separator: " ").first, word.utf8.count == 64,
            word.utf8.allSatisfy("0123456789abcdef".utf8.contains)
        else { return nil }
        return Digest(rawValue: String(word))
    }

    /// `df -P -k`: the last two fields are the share in use and the mount point, the one before is what is free, in KiB.
    static func freeBytes(_ text: String) -> [String: Int64] {
        var free: [String: Int64] = [:]
        for line in FactText.lines(text).dropFirst() {
            let fields = line.split(separator: " ", maxSplits: 5)
            guard fields.count == 6, let kibibytes: Int64 = FactText.number(fields[3]) else { continue }
            free[String(fields[5])] = kibibytes &* 1_024
        }
        return free
    }
}
