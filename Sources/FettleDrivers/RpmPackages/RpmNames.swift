import FettleModel

/// The grammar of rpm's names. All of them come from outside: what does not fit is refused before a command is made of it.
enum RpmNames {
    private static let following = DebianNames.alphanumerics + "._+~^:-"
    /// The name of an `.rpm` file as repositories make it: name, version, release and architecture.
    static let fileFollowing = DebianNames.alphanumerics + "._+~%-"

    /// rpm's grammar for names, architectures and versions, without what dnf or zypper would take for a pattern or an option.
    static func isWord(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 255 else { return false }
        return DebianNames.alphanumerics.utf8.contains(first) && text.utf8.allSatisfy(following.utf8.contains)
    }

    /// `[epoch:]version-release`: one colon at most, behind digits, and one dash.
    static func isVersion(_ text: String) -> Bool {
        guard isWord(text) else { return false }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 1 || (parts.count == 2 && FactText.number(parts[0], Int64.self) != nil) else {
            return false
        }
        let halves = parts[parts.count - 1].split(separator: "-", omittingEmptySubsequences: false)
        return halves.count == 2 && halves.allSatisfy { !$0.isEmpty }
    }

    static func isName(_ text: String) -> Bool { isWord(text) && !text.contains(":") && !text.contains("^") }

    /// Not one with a `^`, which no rule for `sudo` can name.
    static func isFile(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 255, text.hasSuffix(".rpm") else { return false }
        return DebianNames.alphanumerics.utf8.contains(first) && text.utf8.allSatisfy(fileFollowing.utf8.contains)
    }

    /// An epoch of 0 is none: some packages have it written down, and most tools leave it out.
    static func withoutZeroEpoch(_ version: String) -> String {
        version.hasPrefix("0:") ? String(version.dropFirst(2)) : version
    }
}

extension PackageVersion {
    /// `name-[epoch:]version-release.architecture`, as dnf takes it.
    var rpmLabel: String { "\(name)-\(version).\(architecture)" }

    /// `name.architecture=[epoch:]version-release`, as zypper takes it.
    var zypperLabel: String { "\(name).\(architecture)=\(version)" }

    /// The same package at the same version, whether an epoch of 0 is written or not.
    func isSameRpm(_ other: PackageVersion) -> Bool {
        name == other.name && architecture == other.architecture
            && RpmNames.withoutZeroEpoch(version) == RpmNames.withoutZeroEpoch(other.version)
    }
}

/// A transaction whose every name and version follows rpm's grammar.
struct RpmTransaction: Sendable, Equatable {
    let purpose: PackageTransaction.Purpose
    let changes: [PackageChange]
    let downloadBytes: Int64

    /// - Throws: `refused` for another package manager's transaction, for a name that can be none, for a kernel, and where the
    ///   packages' configuration files are wanted.
    init(_ transaction: PackageTransaction) throws(StepFailure) {
        guard transaction.manager == .rpm else {
            throw StepFailure(
                code: .refused, message: "this driver changes rpm packages, not those of \(transaction.manager)")
        }
        guard transaction.conffiles == .keepCurrent else {
            throw StepFailure(
                code: .refused,
                message: "rpm itself decides what becomes of configuration files: `takePackaged` is not possible there")
        }
        guard transaction.changes.count <= DebianTransaction.maximumChanges else {
            throw StepFailure(
                code: .refused,
                message:
                    "\(transaction.changes.count) packages at once; at most \(DebianTransaction.maximumChanges) are changed"
            )
        }
        for change in transaction.changes { try Self.require(change) }
        purpose = transaction.purpose
        changes = transaction.changes
        downloadBytes = transaction.downloadBytes
    }

    private static func require(_ change: PackageChange) throws(StepFailure) {
        let versions = [change.from, change.to].compactMap { $0 }
        guard RpmNames.isName(change.name), RpmNames.isName(change.architecture), !versions.isEmpty,
            versions.allSatisfy(RpmNames.isVersion)
        else {
            let words = ([change.name, change.architecture] + versions).joined(separator: " ")
            throw StepFailure(
                code: .refused,
                message: "not an rpm package and version: \(FactText.excerpt(FactText.decode(words.utf8), limit: 200))")
        }
        guard !isInstalledBeside(change.name) else {
            throw StepFailure(
                code: .refused,
                message:
                    "\(change.name) is installed beside the one that runs, not in its place: Fettle cannot patch kernels of rpm hosts yet"
            )
        }
    }

    /// What dnf and zypper install several versions of at once, unless a host is set up otherwise: kernels and their modules.
    static func isInstalledBeside(_ name: String) -> Bool {
        let stems = ["kernel", "kernel-core", "kernel-devel", "kernel-modules", "kernel-default", "kernel-uek"]
        return stems.contains { name == $0 || name.hasPrefix($0 + "-") && !isOrdinary(name) }
    }

    private static func isOrdinary(_ name: String) -> Bool {
        [
            "kernel-headers", "kernel-tools", "kernel-doc", "kernel-firmware", "kernel-srpm-macros",
            "kernel-rpm-macros", "kernel-macros",
        ]
        .contains { name == $0 || name.hasPrefix($0 + "-") }
    }

    /// This one together with what is made before it.
    func following(_ earlier: [PackageChange]) throws(StepFailure) -> RpmTransaction {
        try RpmTransaction(
            PackageTransaction(
                manager: .rpm, purpose: purpose, changes: earlier + changes, conffiles: .keepCurrent,
                downloadBytes: downloadBytes))
    }
}
