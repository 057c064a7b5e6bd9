internal import FettleModel
internal import Foundation

/// Builds a generation beside those that are there and swaps it in by one rename. A crash anywhere before leaves the
/// one in use; what it left lying is taken away next time. The store's lock is held all the while.
struct GenerationBuilder {
    let store: FeedStore
    let number: Int
    private let staging: String

    init(_ store: FeedStore) throws {
        self.store = store
        let inUse = store.pointer().flatMap { Int($0) } ?? 0
        number = inUse + 1
        staging = "\(store.generationsPath)/.new"
        Disk.removeTree(staging)
        // What is newer than the one in use was never in use: a crash came between its naming and the swap.
        for orphan in Self.numbers(store) where orphan > inUse {
            Disk.removeTree("\(store.generationsPath)/\(orphan)")
        }
        try Disk.makeFolder(staging)
        try store.faults(.generationBegun)
    }

    /// Where a file of the new generation is to be written.
    func path(_ id: FeedSourceID, _ name: String) throws(FeedSyncError) -> String {
        let folder = "\(staging)/\(id.rawValue)"
        try Disk.makeFolder(folder)
        return "\(folder)/\(name)"
    }

    /// Takes a file in without copying it.
    func add(_ file: String, as name: String, of id: FeedSourceID) throws {
        let path = try path(id, name)
        Disk.remove(path)
        try Disk.link(file, to: path)
    }

    func discard() { Disk.removeTree(staging) }

    /// - Returns: the generation that is in use now.
    func swap(_ manifest: FeedManifest) throws -> FeedGeneration {
        try store.faults(.filesLinked)
        try Disk.replace("\(staging)/manifest.json", with: manifest.encoded())
        try store.faults(.manifestWritten)
        for feed in manifest.feeds where !feed.files.isEmpty { try Disk.syncFolder("\(staging)/\(feed.id.rawValue)") }
        try Disk.syncFolder(staging)
        try store.faults(.generationSynced)
        let final = "\(store.generationsPath)/\(number)"
        try Disk.rename(staging, to: final)
        try Disk.syncFolder(store.generationsPath)
        try store.faults(.generationNamed)
        let pointer = store.currentPath + ".new"
        Disk.remove(pointer)
        guard symlink("generations/\(number)", pointer) == 0 else { throw Disk.failure(pointer, "make the link") }
        try store.faults(.pointerWritten)
        try Disk.rename(pointer, to: store.currentPath)
        try Disk.syncFolder(store.path)
        try store.faults(.pointerSwapped)
        prune()
        try store.faults(.pruned)
        return FeedGeneration(path: final, manifest: manifest)
    }

    /// Takes away all but the one in use and the one before.
    private func prune() {
        let kept = Self.numbers(store).sorted().suffix(FeedStore.kept)
        for old in Self.numbers(store) where !kept.contains(old) {
            Disk.removeTree("\(store.generationsPath)/\(old)")
        }
    }

    private static func numbers(_ store: FeedStore) -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: store.generationsPath)) ?? []
        return names.compactMap { name in name.first == "." ? nil : Int(name) }.filter { $0 >= 0 && $0 < Int.max }
    }
}
