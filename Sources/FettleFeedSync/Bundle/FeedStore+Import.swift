public import FettleModel
internal import Foundation

/// What an import did.
public struct FeedImportResult: Sendable, Equatable {
    public var generation: FeedGeneration
    /// Of the bundle's manifest.
    public var digest: String
    /// Sources that are not in the bundle and stay as they were.
    public var kept: [FeedSourceID]
}

extension FeedStore {
    /// Takes in a bundle: `fettle feeds import`. All of it is verified before anything is swapped in; feeds that are
    /// not in it stay.
    ///
    /// - Parameters:
    ///   - expectedDigest: as the export told it; compared if it is given.
    ///   - allowsOlder: whether a feed may be replaced by an older one.
    /// - Throws: `FeedSyncError` for a bundle that is damaged, altered or older, or that holds anything besides what
    ///   its manifest names. Then nothing has changed.
    public func `import`(
        from file: String, expectedDigest: String? = nil, allowsOlder: Bool = false, now: Timestamp = .now(),
        progress: (_ source: FeedSourceID, _ received: Int64, _ total: Int64) -> Void = { _, _, _ in }
    ) throws -> FeedImportResult {
        let lock = try self.lock()
        defer { withExtendedLifetime(lock) {} }
        let tar = try TarReader(path: file)
        let (manifest, digest) = try Self.manifest(of: tar, file)
        if let expectedDigest, expectedDigest.lowercased() != digest {
            throw FeedSyncError(
                .bundle, place: file, "the digest is not the expected one but \(digest)",
                hint: "compare it with what the export told; do not use this bundle if they differ")
        }
        let before = try? current()
        if !allowsOlder { try Self.refuseOlder(manifest, than: before, file) }
        let builder = try GenerationBuilder(self)
        do {
            for feed in manifest.feeds {
                for entry in feed.files { try Self.extract(entry, of: feed.id, tar, builder, file, progress) }
            }
            if let extra = try tar.next() {
                throw FeedSyncError(
                    .bundle, place: file,
                    "holds '\(extra.name.printable(limit: 100))', which its manifest does not name")
            }
            let incoming = Set(manifest.feeds.map(\.id))
            let kept = (before?.manifest.feeds ?? []).filter { !incoming.contains($0.id) }
            for feed in kept {
                for (entry, url) in zip(feed.files, before?.files(of: feed.id) ?? []) {
                    try builder.add(url.path, as: entry.name, of: feed.id)
                }
            }
            let merged = FeedManifest(
                generation: builder.number, createdAt: manifest.createdAt, importedAt: now,
                feeds: manifest.feeds + kept)
            let generation = try builder.swap(merged)
            return FeedImportResult(generation: generation, digest: digest, kept: kept.map(\.id))
        } catch {
            builder.discard()
            throw error
        }
    }

    /// The first two members: the manifest, and its digest.
    private static func manifest(of tar: TarReader, _ file: String) throws(FeedSyncError) -> (FeedManifest, String) {
        let data = try small(FeedBundle.manifestName, tar, limit: FeedManifest.maximumBytes, file)
        let told = String(decoding: try small(FeedBundle.digestName, tar, limit: 128, file), as: UTF8.self)
        let digest = StreamingDigest.sha256(data)
        guard told == digest + "\n" else {
            throw FeedSyncError(
                .bundle, place: file, "the manifest does not match its digest: it was damaged or altered",
                hint: "copy the bundle again, or export it again")
        }
        return (try FeedManifest.decode(data, place: "\(file)!manifest.json"), digest)
    }

    private static func small(
        _ name: String, _ tar: TarReader, limit: Int, _ file: String
    ) throws(FeedSyncError) -> Data {
        guard let member = try tar.next(), member.name == name, member.size <= Int64(limit) else {
            throw FeedSyncError(
                .bundle, place: file, "no bundle of feeds: \(name) is not where it belongs",
                hint: "'fettle feeds export' writes one")
        }
        var data = Data()
        try tar.read { bytes throws(FeedSyncError) in
            guard data.count + bytes.count <= limit else {
                throw FeedSyncError(.bundle, place: file, "\(name) is larger than it says")
            }
            data.append(contentsOf: bytes)
        }
        return data
    }

    private static func extract(
        _ entry: FeedManifest.File, of id: FeedSourceID, _ tar: TarReader, _ builder: GenerationBuilder, _ file: String,
        _ progress: (FeedSourceID, Int64, Int64) -> Void
    ) throws(FeedSyncError) {
        let name = "\(id.rawValue)/\(entry.name)"
        guard let member = try tar.next() else {
            throw FeedSyncError(.bundle, source: id, place: file, "\(name) is missing", hint: "copy the bundle again")
        }
        guard member.name == name else {
            throw FeedSyncError(
                .bundle, source: id, place: file,
                "holds '\(member.name.printable(limit: 100))' where its manifest names \(name)")
        }
        guard member.size == entry.size else {
            throw FeedSyncError(
                .bundle, source: id, place: file, "\(name) has \(member.size) bytes, its manifest says \(entry.size)")
        }
        let output = try DiskFile(writing: try builder.path(id, entry.name), truncatingTo: 0)
        var digest = StreamingDigest()
        try tar.read { bytes throws(FeedSyncError) in
            try Task.throwIfCancelled()
            try output.write(bytes)
            digest.update(bytes)
            progress(id, digest.count, entry.size)
        }
        try output.sync()
        guard digest.count == entry.size, digest.sha256 == entry.sha256 else {
            throw FeedSyncError(
                .bundle, source: id, place: file, "\(name) does not match its digest: it was damaged or altered",
                hint: "copy the bundle again, or export it again")
        }
    }

    private static func refuseOlder(
        _ manifest: FeedManifest, than before: FeedGeneration?, _ file: String
    ) throws(FeedSyncError) {
        for feed in manifest.feeds {
            guard let old = before?.manifest.feed(feed.id), old.checkedAt > feed.checkedAt, !old.files.isEmpty else {
                continue
            }
            throw FeedSyncError(
                .bundle, source: feed.id, place: file,
                "of \(feed.checkedAt), older than what is here (\(old.checkedAt))",
                hint: "import a newer bundle, or say that an older one is wanted")
        }
    }
}
