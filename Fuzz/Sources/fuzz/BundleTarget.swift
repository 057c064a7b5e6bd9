import FettleModel
import Foundation

@testable import FettleFeedSync

/// A bundle of feeds of any bytes is taken in: whole, or nothing of it. Its digests are made to fit first, as for the index.
enum BundleTarget {
    private static let folder = FileManager.default.temporaryDirectory.appending(path: "fettle-fuzz-\(getpid()).feeds")
    private static let file = folder.appending(path: "bundle").path
    private static let store = FeedStore(path: folder.appending(path: "store").path)

    @Sendable
    static func run(_ bytes: Data) {
        try? FileManager.default.removeItem(at: folder)
        guard (try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)) != nil else {
            return
        }
        // The last byte says whether the digests stay as they are.
        guard FileManager.default.createFile(atPath: file, contents: bytes.dropLast()) else { return }
        if bytes.last != 0 { try? seal() }
        let taken = try? store.import(from: file, now: Timestamp(milliseconds: 1))
        let current = try? store.current()
        precondition(current?.manifest == taken?.generation.manifest, "what is in use is not what was taken in")
        for feed in taken?.generation.manifest.feeds ?? [] {
            for (entry, url) in zip(feed.files, taken?.generation.files(of: feed.id) ?? []) {
                let found = try? Disk.digest(url.path)
                precondition(found?.sha256 == entry.sha256, "a file that was taken in is not the one that is named")
                let place = url.standardizedFileURL.path
                precondition(place.hasPrefix(store.path + "/generations/"), "a file outside of the store")
            }
        }
    }

    /// Writes the bundle again with the sizes and digests that its files have.
    private static func seal() throws {
        var members: [(name: String, bytes: Data)] = []
        let tar = try TarReader(path: file)
        while let member = try tar.next() {
            var bytes = Data()
            try tar.read { bytes.append(contentsOf: $0) }
            members.append((member.name, bytes))
        }
        guard members.count >= 2 else { return }
        if var manifest = try? FeedManifest.decode(members[0].bytes, place: "") {
            let found = Dictionary(members.map { ($0.name, $0.bytes) }, uniquingKeysWith: { first, _ in first })
            for feed in manifest.feeds.indices {
                for place in manifest.feeds[feed].files.indices {
                    let name = "\(manifest.feeds[feed].id.rawValue)/\(manifest.feeds[feed].files[place].name)"
                    guard let bytes = found[name] else { continue }
                    manifest.feeds[feed].files[place].size = Int64(bytes.count)
                    manifest.feeds[feed].files[place].sha256 = StreamingDigest.sha256(bytes)
                }
            }
            members[0].bytes = try manifest.encoded()
        }
        members[1].bytes = Data((StreamingDigest.sha256(members[0].bytes) + "\n").utf8)
        let writer = try TarWriter(path: file + ".sealed")
        for member in members {
            try writer.add(member.name, size: Int64(member.bytes.count), seconds: 0)
            try member.bytes.withUnsafeBytes { try writer.write($0) }
        }
        try writer.finish()
        try Disk.rename(file + ".sealed", to: file)
    }

    /// A bundle of two feeds.
    static func writeSeed(into seeds: URL) throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: seeds, withIntermediateDirectories: true)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let builder = try GenerationBuilder(store)
        var feeds: [FeedManifest.Feed] = []
        for (name, text) in [("kev", "{}"), ("epss", "cve,epss\n")] {
            try Disk.replace(try builder.path(FeedSourceID(name), "\(name).txt"), with: Data(text.utf8))
            let entry = FeedManifest.File(
                name: "\(name).txt", address: "https://feeds.example/\(name).txt", size: Int64(text.utf8.count),
                sha256: StreamingDigest.sha256(text.utf8), entityTag: "\"1\"",
                fetchedAt: Timestamp(milliseconds: 0),
                verification: FeedVerification(checksum: .verified, signature: .notOffered, isTransportSafe: true))
            feeds.append(
                FeedManifest.Feed(id: FeedSourceID(name), checkedAt: Timestamp(milliseconds: 0), files: [entry]))
        }
        _ = try builder.swap(
            FeedManifest(generation: builder.number, createdAt: Timestamp(milliseconds: 0), feeds: feeds))
        _ = try store.export(to: file)
        for (name, last) in [("sealed", UInt8(1)), ("as-is", 0)] {
            try (Data(contentsOf: URL(fileURLWithPath: file)) + [last]).write(to: seeds.appending(path: name))
        }
    }
}
