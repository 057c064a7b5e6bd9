import FettleControl
import FettleModel
import Foundation

/// The artifact store: a folder with archives by their digest, and repositories that are made of them.
///
///     artifacts/archives/<sha256>.{deb,rpm}
///     artifacts/repositories/<set>/<platform>/{Packages,Release,InRelease,Release.gpg,fettle.asc,frozen.json,pool/…}
///     artifacts/repositories/<set>/<platform>/{repodata/…,fettle.asc,frozen.json,pool/…}
///
/// What lies in `pool` are hard links to archives. Everybody may read it: apt reads as a user of its own.
struct ArtifactFolder {
    let root: URL
    private var archives: URL { root.appending(path: "archives") }
    var repositories: URL { root.appending(path: "repositories") }

    static let manifest = "frozen.json"
    private static let longestManifest = 64 << 20

    // MARK: Archives

    func path(of archive: FrozenArchive) -> URL { archives.appending(path: archive.storedFile) }

    /// Whether the archive is there and whole: read to its end.
    func holds(_ archive: FrozenArchive) throws -> Bool {
        guard let file = try? FileHandle(forReadingFrom: path(of: archive)) else { return false }
        defer { try? file.close() }
        var (digest, bytes) = (RunningDigest(), Int64(0))
        while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty {
            digest.add(piece)
            bytes += Int64(piece.count)
        }
        return bytes == archive.bytes && digest.value() == archive.sha256
    }

    /// Takes an archive piece by piece; it is there under its digest when `finish` has found it to be what was promised.
    final class Writer {
        private let archive: FrozenArchive
        private let place: URL
        private let draft: URL
        private let file: FileHandle
        private var digest = RunningDigest()
        private var bytes: Int64 = 0

        init(_ archive: FrozenArchive, in folder: ArtifactFolder) throws {
            self.archive = archive
            place = folder.path(of: archive)
            draft = folder.archives.appending(path: ".draft-\(UUID().uuidString)")
            try ArtifactFolder.make(folder.archives)
            let descriptor = open(draft.path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else {
                throw CommandFailure(.failure, "no archive can be written in \(folder.archives.path)")
            }
            file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        }

        func take(_ piece: [UInt8]) throws {
            bytes += Int64(piece.count)
            guard bytes <= archive.bytes else { throw wrong("is longer than the \(archive.bytes) bytes of the lists") }
            digest.add(Data(piece))
            try file.write(contentsOf: piece)
        }

        func finish() throws {
            guard bytes == archive.bytes else { throw wrong("has \(bytes) bytes, and \(archive.bytes) by the lists") }
            let found = digest.value()
            guard found == archive.sha256 else {
                throw wrong("has the digest \(found.short)…, and \(archive.sha256.short)… by the lists")
            }
            try file.synchronize()
            guard rename(draft.path, place.path) == 0 else {
                throw CommandFailure(.failure, "\(place.path) cannot be written: \(String(cString: strerror(errno)))")
            }
        }

        func abandon() { unlink(draft.path) }

        private func wrong(_ what: String) -> CommandFailure {
            CommandFailure(
                .failure,
                "\(archive.package.name) \(archive.package.version) as the host sent it \(what)\n  nothing of it is kept; "
                    + "is its network or its cache to be trusted?")
        }
    }

    // MARK: Repositories

    func place(of repository: FrozenRepository) -> URL {
        repositories.appending(path: repository.set.id).appending(
            path: FrozenRepository.folder(of: repository.platform))
    }

    /// Makes a repository of archives that are there, signed, and swaps it in whole.
    ///
    /// - Returns: where it is.
    func write(_ repository: FrozenRepository, signedBy key: RepositoryKey) throws -> URL {
        let place = place(of: repository)
        let draft = repositories.appending(path: ".draft-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: draft) }
        try Self.make(draft.appending(path: "pool"))
        for archive in repository.archives {
            guard try holds(archive) else {
                throw CommandFailure(
                    .failure, "\(path(of: archive).path) is not what its name says\n  remove it, and freeze anew"
                )
            }
            let name = draft.appending(path: "pool").appending(path: archive.file)
            guard link(path(of: archive).path, name.path) == 0 else {
                throw CommandFailure(.failure, "\(name.path) cannot be linked: \(String(cString: strerror(errno)))")
            }
        }
        if repository.manager == .rpm {
            try RpmRepositoryLists.make(of: repository, in: draft)
        } else {
            let text = DebianRepositoryText(repository)
            try Data(text.packages.utf8).write(to: draft.appending(path: "Packages"))
            try Data(text.release.utf8).write(to: draft.appending(path: "Release"))
        }
        try key.sign(draft, of: repository.manager)
        try CanonicalJSON.encode(repository).write(to: draft.appending(path: Self.manifest))
        try Self.openToAll(draft)
        try Self.make(place.deletingLastPathComponent())
        // What was there is the draft now, and goes with it.
        if AtomicExchange.exchange(draft, place) { return place }
        let old = leftOver()
        let replaces = rename(place.path, old.path) == 0
        guard rename(draft.path, place.path) == 0 else {
            let reason = String(cString: strerror(errno))
            if replaces { rename(old.path, place.path) }
            throw CommandFailure(.failure, "\(place.path) cannot be written: \(reason)")
        }
        if replaces { try? FileManager.default.removeItem(at: old) }
        return place
    }

    /// Whatever this account's umask is. What lies in `pool` is archives, which are so already.
    private static func openToAll(_ folder: URL) throws {
        chmod(folder.path, 0o755)
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name != "pool" {
            let place = folder.appending(path: name)
            var status = stat()
            if lstat(place.path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
                try openToAll(place)
            } else {
                chmod(place.path, 0o644)
            }
        }
    }

    private func leftOver() -> URL { repositories.appending(path: ".old-\(UUID().uuidString)") }

    /// Takes a repository away: at once, and not file by file before somebody's eyes.
    func remove(_ place: URL) throws {
        let old = leftOver()
        guard rename(place.path, old.path) == 0 else {
            throw CommandFailure(.failure, "\(place.path) cannot be removed: \(String(cString: strerror(errno)))")
        }
        try FileManager.default.removeItem(at: old)
    }

    /// What was left of repositories when something broke off, older than a day; sorted.
    func leftOvers() -> [URL] {
        Self.folders(in: repositories).filter {
            ($0.lastPathComponent.hasPrefix(".old-") || $0.lastPathComponent.hasPrefix(".draft-"))
                && Self.age(of: $0) > 86_400
        }
    }

    /// What is frozen stays what it is: the same version of the same set never has other bytes.
    func requireSame(_ repository: FrozenRepository) throws {
        let file = place(of: repository).appending(path: Self.manifest)
        guard FileManager.default.fileExists(atPath: file.path) else { return }
        guard let bytes = try FileHandle(forReadingFrom: file).read(upToCount: Self.longestManifest),
            let old = try? CanonicalJSON.decode(FrozenRepository.self, from: bytes)
        else {
            throw CommandFailure(
                .failure, "\(file.path) does not tell what is frozen there\n  look at it; remove that folder to go on")
        }
        guard old.set == repository.set, old.platform == repository.platform else { return }
        let known = Dictionary(old.archives.map { ($0.package, $0.sha256) }) { first, _ in first }
        for archive in repository.archives {
            guard let before = known[archive.package], before != archive.sha256 else { continue }
            throw CommandFailure(
                .failure,
                "\(archive.package.name) \(archive.package.version) is frozen as \(before.short)…, and the hosts' lists say "
                    + "\(archive.sha256.short)… now\n  a version never has two contents: one of both is forged. "
                    + "Nothing was frozen")
        }
    }

    /// All repositories, by their places; sorted.
    ///
    /// - Throws: for one that cannot be told: what nobody understands is not garbage.
    func frozen() throws -> [(place: URL, repository: FrozenRepository)] {
        var found: [(URL, FrozenRepository)] = []
        for set in Self.folders(in: repositories) where !set.lastPathComponent.hasPrefix(".") {
            for place in Self.folders(in: set) {
                let file = place.appending(path: Self.manifest)
                guard let bytes = try? FileHandle(forReadingFrom: file).read(upToCount: Self.longestManifest),
                    let repository = try? CanonicalJSON.decode(FrozenRepository.self, from: bytes)
                else {
                    throw CommandFailure(
                        .failure,
                        "\(file.path) does not tell what is frozen there\n  make it anew, or remove that folder")
                }
                found.append((place, repository))
            }
        }
        return found
    }

    /// Archives that no repository names, and drafts; of both only what is older than a day, as somebody may just be freezing.
    func unnamed() throws -> [URL] {
        let named = Set(try frozen().flatMap { $0.repository.archives.map { path(of: $0).lastPathComponent } })
        let names = (try? FileManager.default.contentsOfDirectory(atPath: archives.path)) ?? []
        return names.sorted().filter { name in
            let isArchive = PackageManager.allCases.contains { name.hasSuffix(".\($0.archiveSuffix)") }
            guard name.hasPrefix(".draft-") || (isArchive && !named.contains(name)) else { return false }
            return Self.age(of: archives.appending(path: name)) > 86_400
        }.map { archives.appending(path: $0) }
    }

    private static func age(of file: URL) -> Double {
        let date = try? FileManager.default.attributesOfItem(atPath: file.path)[.modificationDate] as? Date
        return date.map { Date.now.timeIntervalSince($0) } ?? 0
    }

    private static func folders(in folder: URL) -> [URL] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().map { folder.appending(path: $0) }.filter {
            (try? FileManager.default.attributesOfItem(atPath: $0.path)[.type] as? FileAttributeType) == .typeDirectory
        }
    }

    private static func make(_ folder: URL) throws {
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        } catch {
            throw CommandFailure(.failure, "\(folder.path) cannot be made\n  --to names another folder")
        }
    }
}
