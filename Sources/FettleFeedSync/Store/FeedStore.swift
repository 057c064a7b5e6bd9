public import FettleModel
public import Foundation

/// The folder in which feeds are kept.
///
///     current -> generations/12       what is used; swapped whole, by one rename
///     generations/12/manifest.json    what it holds, and how each file was checked
///     generations/12/<source>/<file>
///     downloads/<source>/<file>       the last download, its part and its state
///     lock
///
/// A reader takes `current()` once and reads from that generation: it stays until the swap after the next.
public struct FeedStore: Sendable {
    public let path: String
    /// Throws in tests, to see what a crash at this point leaves.
    var faults: @Sendable (FaultPoint) throws -> Void = { _ in }

    /// The steps between which a crash may fall.
    enum FaultPoint: String, CaseIterable, Sendable {
        case generationBegun, filesLinked, manifestWritten, generationSynced, generationNamed, pointerWritten,
            pointerSwapped,
            pruned
    }

    public init(path: String) { self.path = path }

    var generationsPath: String { "\(path)/generations" }
    var currentPath: String { "\(path)/current" }
    func downloadsPath(_ id: FeedSourceID) -> String { "\(path)/downloads/\(id.rawValue)" }

    /// Generations that are kept: the one in use, and the one before for those who still read it.
    static let kept = 2

    /// The generation in use; nil if nothing was ever fetched.
    ///
    /// - Throws: if it is damaged: its manifest cannot be read, or a file is missing or has another size.
    public func current() throws(FeedSyncError) -> FeedGeneration? {
        guard let name = pointer() else { return nil }
        let folder = "\(generationsPath)/\(name)"
        let manifestPath = "\(folder)/manifest.json"
        let hint = "run 'fettle feeds sync', or import a bundle again"
        let manifest: FeedManifest
        do {
            let data = try Disk.read(manifestPath, limit: FeedManifest.maximumBytes)
            manifest = try FeedManifest.decode(data, place: manifestPath)
        } catch {
            throw FeedSyncError(.storage, place: error.place, error.message, hint: hint)
        }
        for feed in manifest.feeds {
            for file in feed.files {
                let path = "\(folder)/\(feed.id.rawValue)/\(file.name)"
                guard Disk.size(path) == file.size else {
                    throw FeedSyncError(
                        .storage, source: feed.id, place: path, "missing, or not of its size", hint: hint)
                }
            }
        }
        return FeedGeneration(path: folder, manifest: manifest)
    }

    /// The name of the generation that `current` points to; nil if it does not, or to what is none.
    func pointer() -> String? {
        guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: currentPath) else { return nil }
        let parts = target.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "generations", let number = Int(parts[1]),
            (1..<Int.max).contains(number)
        else { return nil }
        return String(parts[1])
    }

    func dropDownloads(besides kept: Set<FeedSourceID>) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(path)/downloads")) ?? []
        for name in names where !kept.contains(FeedSourceID(name)) { Disk.removeTree("\(path)/downloads/\(name)") }
    }

    /// - Throws: if somebody else holds it.
    func lock() throws(FeedSyncError) -> FolderLock {
        try Disk.makeFolder(generationsPath)
        return try FolderLock(path: "\(path)/lock")
    }
}

/// One whole set of feeds on the disk.
public struct FeedGeneration: Sendable, Equatable {
    public let path: String
    public let manifest: FeedManifest

    /// The files of a feed, in the order of its manifest.
    public func files(of id: FeedSourceID) -> [URL] {
        (manifest.feed(id)?.files ?? []).map { file in
            URL(fileURLWithPath: "\(path)/\(id.rawValue)/\(file.name)")
        }
    }
}
