public import FettleModel
internal import Foundation

/// One tar file that carries the feeds of a store across an air gap.
///
///     manifest.json      what it holds: every file with its size and SHA-256
///     manifest.sha256    the digest of the manifest
///     <source>/<file>    in the order of the manifest
///
/// The same generation gives the same bytes everywhere. The digest proves that nothing was damaged; who carries it
/// apart from the bundle (on paper, by telephone) and hands it to `import` proves that nobody altered anything either.
public struct FeedBundle: Sendable, Equatable {
    /// SHA-256 of the manifest, which holds the digest of every file: 64 lower-case hexadecimal digits.
    public var digest: String
    public var manifest: FeedManifest
    /// Of the tar file, in bytes.
    public var size: Int64

    static let manifestName = "manifest.json"
    static let digestName = "manifest.sha256"
}

extension FeedStore {
    /// Writes the generation in use into a bundle: `fettle feeds export`. Every file is read and its digest compared.
    ///
    /// - Parameter file: replaced if it is there; never half written.
    public func export(
        to file: String, progress: (_ source: FeedSourceID, _ received: Int64, _ total: Int64) -> Void = { _, _, _ in }
    ) throws -> FeedBundle {
        guard let generation = try current() else {
            throw FeedSyncError(.notFound, place: path, "there are no feeds to export", hint: "run 'fettle feeds sync'")
        }
        let temporary = file + ".part"
        defer { Disk.remove(temporary) }
        let manifest = try generation.manifest.encoded()
        let digest = StreamingDigest.sha256(manifest)
        let seconds = generation.manifest.createdAt.milliseconds / 1_000
        // Closed before it is synced and renamed: the last blocks are written by closing.
        do {
            let tar = try TarWriter(path: temporary)
            try tar.add(FeedBundle.manifestName, manifest, seconds)
            try tar.add(FeedBundle.digestName, Data((digest + "\n").utf8), seconds)
            for feed in generation.manifest.feeds {
                for (entry, url) in zip(feed.files, generation.files(of: feed.id)) {
                    try tar.add("\(feed.id.rawValue)/\(entry.name)", size: entry.size, seconds: seconds)
                    var read = StreamingDigest()
                    try Disk.forEachChunk(of: url.path) { bytes throws(FeedSyncError) in
                        try Task.throwIfCancelled()
                        read.update(bytes)
                        try tar.write(bytes)
                        progress(feed.id, read.count, entry.size)
                    }
                    guard read.count == entry.size, read.sha256 == entry.sha256 else {
                        throw FeedSyncError(
                            .storage, source: feed.id, place: url.path, "is no longer what was fetched",
                            hint: "run 'fettle feeds sync', then export again")
                    }
                }
            }
            try tar.finish()
        }
        let size = Disk.size(temporary) ?? 0
        try DiskFile(writing: temporary, truncatingTo: size).sync()
        try Disk.rename(temporary, to: file)
        return FeedBundle(digest: digest, manifest: generation.manifest, size: size)
    }
}

extension TarWriter {
    fileprivate func add(_ name: String, _ data: Data, _ seconds: Int64) throws(FeedSyncError) {
        try add(name, size: Int64(data.count), seconds: seconds)
        var failed: FeedSyncError?
        Array(data).withUnsafeBytes { bytes in
            do throws(FeedSyncError) { try write(bytes) } catch { failed = error }
        }
        if let failed { throw failed }
    }
}

extension Task where Success == Never, Failure == Never {
    /// As a failure of our own kind, where nothing else may be thrown.
    static func throwIfCancelled() throws(FeedSyncError) {
        if isCancelled { throw FeedSyncError(.storage, "was cancelled; nothing was changed") }
    }
}
