import FettleModel

/// The grammar of Debian's names. All of them come from outside: what does not fit is refused before a command is made of it.
///
/// Source: Debian Policy [5.6.1](https://www.debian.org/doc/debian-policy/ch-controlfields.html#source) and
/// [5.6.12](https://www.debian.org/doc/debian-policy/ch-controlfields.html#version).
enum DebianNames {
    static let lowercaseAlphanumerics = "abcdefghijklmnopqrstuvwxyz0123456789"
    static let packageFollowing = lowercaseAlphanumerics + "+-."
    static let architectureFollowing = lowercaseAlphanumerics + "-"
    static let versionFollowing = alphanumerics + ".+:~-"
    /// The name of a `.deb` file: a colon of the version is written `%3a` by apt.
    static let archiveFollowing = alphanumerics + ".+~%_-"
    /// systemd.unit(5). Without the `\` of escaped paths: no `sudo` rule can name it, and no service is called so.
    static let unitFollowing = alphanumerics + ":_.@-"
    static let alphanumerics = lowercaseAlphanumerics + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

    static func isPackage(_ text: String) -> Bool {
        matches(text, first: lowercaseAlphanumerics, following: packageFollowing, limit: 128) && text.utf8.count >= 2
    }

    static func isArchitecture(_ text: String) -> Bool {
        matches(text, first: lowercaseAlphanumerics, following: architectureFollowing, limit: 32)
    }

    static func isVersion(_ text: String) -> Bool {
        matches(text, first: alphanumerics, following: versionFollowing, limit: 128)
    }

    static func isServiceUnit(_ text: String) -> Bool {
        matches(text, first: alphanumerics + "_", following: unitFollowing, limit: 255) && text.hasSuffix(".service")
    }

    private static func matches(_ text: String, first: String, following: String, limit: Int) -> Bool {
        guard let start = text.utf8.first, text.utf8.count <= limit else { return false }
        return first.utf8.contains(start) && text.utf8.dropFirst().allSatisfy(following.utf8.contains)
    }
}

extension PackageChange {
    /// `name:architecture` as apt and dpkg take it; packages for all architectures have no suffix.
    var qualifiedName: String { architecture == "all" ? name : "\(name):\(architecture)" }

    /// The change in words, such as `openssl 3.0.20 -> 3.0.22`.
    var summary: String {
        switch (from, to) {
        case (let from?, let to?): "\(name) \(from) -> \(to)"
        case (nil, let to?): "\(name) new at \(to)"
        case (let from?, nil): "\(name) \(from) removed"
        case (nil, nil): name
        }
    }
}

/// A transaction whose every name and version follows Debian's grammar.
struct DebianTransaction: Sendable, Equatable {
    let purpose: PackageTransaction.Purpose
    let changes: [PackageChange]
    let conffiles: ConffilePolicy
    let downloadBytes: Int64
    let rehearsedOn: Digest?
    let leadsBack: Bool

    /// More packages than any Debian host changes in one go; keeps the command below the limits of the kernel and of D-Bus.
    static let maximumChanges = 2_000

    /// - Throws: `refused` for another package manager's transaction, or a name that can be none.
    init(_ transaction: PackageTransaction) throws(StepFailure) {
        guard transaction.manager == .dpkg else {
            throw StepFailure(
                code: .refused, message: "this driver changes Debian packages, not those of \(transaction.manager)")
        }
        guard transaction.changes.count <= Self.maximumChanges else {
            throw StepFailure(
                code: .refused,
                message: "\(transaction.changes.count) packages at once; at most \(Self.maximumChanges) are changed")
        }
        for change in transaction.changes {
            let versions = [change.from, change.to].compactMap { $0 }
            guard DebianNames.isPackage(change.name), DebianNames.isArchitecture(change.architecture),
                versions.allSatisfy(DebianNames.isVersion)
            else {
                let words = ([change.name, change.architecture] + versions).joined(separator: " ")
                throw StepFailure(
                    code: .refused,
                    message:
                        "not a Debian package and version: \(FactText.excerpt(FactText.decode(words.utf8), limit: 200))"
                )
            }
        }
        purpose = transaction.purpose
        changes = transaction.changes
        conffiles = transaction.conffiles
        downloadBytes = transaction.downloadBytes
        rehearsedOn = transaction.rehearsedOn
        leadsBack = transaction.leadsBack
    }

    /// This one together with what is made before it; such a whole was never rehearsed.
    ///
    /// - Throws: `refused` as for any transaction.
    func following(_ earlier: [PackageChange]) throws(StepFailure) -> DebianTransaction {
        guard !earlier.isEmpty else { return self }
        return try DebianTransaction(
            PackageTransaction(
                manager: .dpkg, purpose: purpose, changes: earlier + changes, conffiles: conffiles,
                downloadBytes: downloadBytes, allowsOlder: purpose == .patch && leadsBack ? true : nil))
    }
}
