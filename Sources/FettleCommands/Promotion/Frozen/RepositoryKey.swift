import FettleModel
import Foundation

/// The key by which frozen repositories are signed: one of the operator's own, or one that Fettle makes for them. By the system's gpg.
struct RepositoryKey {
    /// Where gpg keeps it; nil: where the operator's gpg does.
    let home: URL?
    /// Its fingerprint: of a name or a mail address other people's keys may bear the same.
    let id: String

    private static let name = "Fettle frozen repositories"
    private static let programs = ["/usr/bin/gpg", "/usr/local/bin/gpg", "/bin/gpg"]

    /// One of the operator's own.
    ///
    /// - Parameter id: a fingerprint, or what else gpg knows it by.
    static func own(_ id: String) throws -> RepositoryKey {
        guard id.wholeMatch(of: #/[A-Za-z0-9][A-Za-z0-9.@_+-]{0,127}/#) != nil else {
            throw CommandFailure(.usage, "--key takes a fingerprint or a mail address, not '\(id.printable)'")
        }
        let keys = try fingerprints(nil, ["--", id])
        guard let key = keys.first, keys.count == 1 else {
            throw CommandFailure(
                .failure,
                "gpg has \(keys.isEmpty ? "no secret key" : "\(keys.count) secret keys") '\(id)'\n  "
                    + "`gpg --list-secret-keys` tells which it has; a fingerprint names one")
        }
        return RepositoryKey(home: nil, id: key)
    }

    /// Of the secret keys that gpg finds.
    private static func fingerprints(_ home: URL?, _ words: [String] = []) throws -> [String] {
        let gpg = RepositoryKey(home: home, id: "")
        let (status, told) = try gpg.gpg(["--with-colons", "--fixed-list-mode", "--list-secret-keys"] + words)
        // It ends so as well where it finds none.
        guard status == 0 else { return [] }
        return fingerprints(in: told)
    }

    /// Those of primary keys, which stand on the first line `fpr` behind each `sec`.
    ///
    /// Source: doc/DETAILS of GnuPG, "Format of the colon listings".
    static func fingerprints(in listing: String) -> [String] {
        var found: [String] = []
        var isPrimary = false
        for line in listing.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            switch fields.first {
            case "sec": isPrimary = true
            case "ssb": isPrimary = false
            case "fpr" where isPrimary && fields.count > 9:
                isPrimary = false
                let text = String(fields[9])
                if text.wholeMatch(of: #/[0-9A-F]{40,64}/#) != nil { found.append(text) }
            default: break
            }
        }
        return found
    }

    /// The one that was made for these repositories before, or a new one: Ed25519, without an end, readable by this account alone.
    static func kept(in home: URL) throws -> RepositoryKey {
        if !FileManager.default.fileExists(atPath: home.path) {
            try FileManager.default.createDirectory(
                at: home, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
        var status = stat()
        guard lstat(home.path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_mode & 0o077 == 0,
            status.st_uid == geteuid()
        else {
            throw CommandFailure(
                .failure, "\(home.path), with the key that signs repositories, is not this account's alone\n  chmod 700"
            )
        }
        let maker = RepositoryKey(home: home, id: "")
        defer { maker.endAgent() }
        var keys = try fingerprints(home)
        if keys.isEmpty, try isWithoutKeys(home) {
            try maker.require(
                ["--passphrase", "", "--quick-generate-key", name, "ed25519", "sign", "never"], "make a key")
            keys = try fingerprints(home)
        }
        guard let key = keys.first, keys.count == 1 else {
            throw CommandFailure(
                .failure,
                "\(home.path) holds \(keys.isEmpty ? "no key that gpg can read" : "\(keys.count) secret keys"), and has "
                    + "to hold one\n  hosts trust the one that was made first: keep that, or name one with --key")
        }
        return RepositoryKey(home: home, id: key)
    }

    /// A key that gpg cannot list is a key as well: none is made beside it.
    private static func isWithoutKeys(_ home: URL) throws -> Bool {
        let folder = home.appending(path: "private-keys-v1.d").path
        return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).isEmpty
    }

    /// Signs a repository, and lays the public key, `fettle.asc`, into its folder.
    ///
    /// For apt `InRelease` and `Release.gpg` beside `Release`; for dnf and zypper `repomd.xml.asc` beside `repomd.xml`, and
    /// `repomd.xml.key`, which zypper shows to whoever has to trust it.
    func sign(_ folder: URL, of manager: PackageManager) throws {
        defer { endAgent() }
        func file(_ name: String) -> String { folder.appending(path: name).path }
        func sign(_ kind: String, _ name: String, as signature: String) throws {
            try require(["--local-user", id, "--armor", kind, "--output", file(signature), file(name)], "sign")
        }
        try require(["--armor", "--output", file("fettle.asc"), "--export", "--", id], "tell the public key")
        if manager == .rpm {
            try sign("--detach-sign", "repodata/repomd.xml", as: "repodata/repomd.xml.asc")
            try FileManager.default.copyItem(atPath: file("fettle.asc"), toPath: file("repodata/repomd.xml.key"))
        } else {
            try sign("--clear-sign", "Release", as: "InRelease")
            try sign("--detach-sign", "Release", as: "Release.gpg")
        }
    }

    private func require(_ words: [String], _ what: String) throws {
        let (status, told) = try gpg(words)
        guard status == 0 else {
            throw CommandFailure(
                .failure,
                "gpg could not \(what) (\(status)): \(String(told.suffix(400)).printable)\n  "
                    + (home.map { "its folder is \($0.path)" } ?? "is the key unlocked? `gpg --sign` tells"))
        }
    }

    /// - Returns: how it ended, and what it said.
    private func gpg(_ words: [String]) throws -> (status: Int32, told: String) {
        guard let program = QuietProgram.find(Self.programs) else {
            throw CommandFailure(.failure, "there is no gpg on this machine\n  install gnupg")
        }
        // Nothing else of ours is gpg's business.
        var environment = ProcessInfo.processInfo.environment.filter {
            ["HOME", "PATH", "GNUPGHOME", "GPG_TTY"].contains($0.key)
        }
        if let home { environment["GNUPGHOME"] = home.path }
        return try QuietProgram.run(
            program, ["--batch", "--yes", "--no-tty", "--quiet"] + words, environment: environment)
    }

    /// What gpg started for a folder of Fettle's own ends with it; an operator's agent is theirs.
    private func endAgent() {
        guard let home else { return }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/gpgconf")
        process.arguments = ["--kill", "gpg-agent"]
        process.environment = ["GNUPGHOME": home.path, "PATH": "/usr/bin:/bin", "LC_ALL": "C"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return }
        process.waitUntilExit()
    }
}
