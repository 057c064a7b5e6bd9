import FettleModel
import Foundation
import Testing

@testable import FettleFeedSync

@Suite("The store of feeds")
struct StoreTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private struct Crash: Error {}

    @Test(
        "A crash between any two steps leaves a whole generation, and the next synchronisation works",
        arguments: FeedStore.FaultPoint.allCases)
    func crashes(point: FeedStore.FaultPoint) async throws {
        let source = source("kev", "https://unused.example/kev.json")
        try folder.write("mirror/kev/kev.json", "first")
        let settings = FeedSettings(mirror: folder.path + "/mirror")
        let sync = FeedSync(folder, settings: settings)
        _ = try await sync.run([source])
        try folder.write("mirror/kev/kev.json", "second")
        var store = sync.store
        store.faults = { if $0 == point { throw Crash() } }
        var crashing = FeedSync(store: store, settings: settings, options: .quick)
        crashing.now = { moment }
        await #expect(throws: Crash.self) { try await crashing.run([source]) }
        let left = try #require(try sync.bytes())
        let isSwapped = [.pointerSwapped, .pruned].contains(point)
        #expect(String(decoding: left, as: UTF8.self) == (isSwapped ? "second" : "first"))

        try folder.write("mirror/kev/kev.json", "third")
        _ = try await sync.run([source])
        #expect(String(decoding: try #require(try sync.bytes()), as: UTF8.self) == "third")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/feeds/generations")
        #expect(names.count <= FeedStore.kept)
    }

    @Test("A reader keeps its generation over the next swap, and old ones are taken away")
    func pruned() async throws {
        let source = source("kev", "https://unused.example/kev.json")
        let sync = FeedSync(folder, settings: FeedSettings(mirror: folder.path + "/mirror"))
        var readers: [FeedGeneration] = []
        for round in 1...4 {
            try folder.write("mirror/kev/kev.json", "round \(round)")
            readers.append(try await sync.run([source]).generation)
            for reader in readers.suffix(2) {
                let text = try String(contentsOf: reader.files(of: "kev")[0], encoding: .utf8)
                #expect(text == "round \(reader.manifest.generation)")
            }
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/feeds/generations")
        #expect(names.sorted() == ["3", "4"])
    }

    @Test("Feeds that are not fetched this time stay, without being copied")
    func othersStay() async throws {
        try folder.write("mirror/kev/kev.json", "kev")
        try folder.write("mirror/epss/kev.json", "epss")
        let sync = FeedSync(folder, settings: FeedSettings(mirror: folder.path + "/mirror"))
        let first = try await sync.run([source("kev", "https://unused.example/a")])
        let second = try await sync.run([source("epss", "https://unused.example/a")])
        #expect(second.generation.manifest.feeds.map(\.id) == ["epss", "kev"])
        let numbers = try [first, second].map { result in
            let url = result.generation.files(of: "kev")[0]
            return try FileManager.default.attributesOfItem(atPath: url.path)[.systemFileNumber] as? Int
        }
        #expect(numbers[0] == numbers[1])
    }

    @Test("Feeds that are no longer asked for are taken away where that is wanted, with their downloads")
    func othersDropped() async throws {
        try folder.write("mirror/kev/kev.json", "kev")
        try folder.write("mirror/epss/kev.json", "epss")
        var options = FeedSyncOptions.quick
        options.dropsOthers = true
        let sync = FeedSync(folder, settings: FeedSettings(mirror: folder.path + "/mirror"), options: options)
        _ = try await sync.run([source("kev", "https://unused.example/a"), source("epss", "https://unused.example/a")])
        let result = try await sync.run([source("epss", "https://unused.example/a")])
        #expect(result.generation.manifest.feeds.map(\.id) == ["epss"])
        #expect(!folder.exists("feeds/downloads/kev"))
        #expect(folder.exists("feeds/downloads/epss/kev.json"))
    }

    @Test("Two synchronisations at once: the second is told who is at work; what a dead one left locks nobody out")
    func locked() async throws {
        try folder.write("mirror/kev/kev.json", "kev")
        try folder.write("feeds/lock", "999999\n")
        let sync = FeedSync(folder, settings: FeedSettings(mirror: folder.path + "/mirror"))
        let kev = source("kev", "https://unused.example/a")
        _ = try await sync.run([kev])
        var held: FolderLock? = try sync.store.lock()
        let error = await #expect(throws: FeedSyncError.self) { try await sync.run([kev]) }
        #expect(error?.code == .locked)
        #expect(error?.description.contains("process \(ProcessInfo.processInfo.processIdentifier)") == true)
        withExtendedLifetime(held) {}
        held = nil
        _ = try await sync.run([kev])
    }

    @Test(
        "A damaged generation is told, and the next synchronisation repairs it",
        arguments: ["manifest", "file", "short", "pointer"])
    func damaged(what: String) async throws {
        try folder.write("mirror/kev/kev.json", "kev")
        let sync = FeedSync(folder, settings: FeedSettings(mirror: folder.path + "/mirror"))
        let kev = source("kev", "https://unused.example/a")
        _ = try await sync.run([kev])
        let generation = "feeds/generations/1"
        switch what {
        case "manifest": try folder.write("\(generation)/manifest.json", "{}")
        case "file": try FileManager.default.removeItem(atPath: "\(folder.path)/\(generation)/kev/kev.json")
        case "short": try folder.write("\(generation)/kev/kev.json", "k")
        default: try FileManager.default.removeItem(atPath: "\(folder.path)/\(generation)")
        }
        let error = #expect(throws: FeedSyncError.self) { try sync.store.current() }
        #expect(error?.hint?.contains("fettle feeds sync") == true)
        let status = FeedStatus.all(of: [kev], in: nil, damage: error, now: moment)
        #expect(status.map(\.state) == [.damaged])
        _ = try await sync.run([kev])
        #expect(try sync.bytes() == Array("kev".utf8))
    }

    @Test(
        "A pointer that leads out of the store is no generation",
        arguments: ["/etc", "generations/../../x", "generations/.new", "elsewhere/1"])
    func foreignPointer(target: String) throws {
        let store = FeedStore(path: folder.path)
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/current", withDestinationPath: target)
        #expect(try store.current() == nil)
    }

    @Test("A manifest with names that lead elsewhere, or in no known form, is refused whole")
    func manifests() throws {
        let verification = FeedVerification(checksum: .verified, signature: .notOffered, isTransportSafe: true)
        func manifest(
            id: String = "kev", name: String = "a", size: Int64 = 1, digest: String = String(repeating: "a", count: 64)
        ) -> FeedManifest {
            let file = FeedManifest.File(
                name: name, address: "x", size: size, sha256: digest, fetchedAt: moment, verification: verification)
            return FeedManifest(
                generation: 1, createdAt: moment,
                feeds: [FeedManifest.Feed(id: FeedSourceID(id), checkedAt: moment, files: [file])])
        }
        func refuses(_ manifest: FeedManifest) -> Bool {
            (try? FeedManifest.decode(manifest.encoded(), place: "m")) == nil
        }
        #expect(!refuses(manifest()))
        for name in [
            "", "..", ".", "../x", "/etc/passwd", "a/b", "a\u{0}", ".hidden", "-rf", String(repeating: "a", count: 129),
            "ä",
        ] {
            #expect(refuses(manifest(name: name)), "\(name)")
            #expect(refuses(manifest(id: name)), "\(name)")
        }
        #expect(refuses(manifest(size: -1)))
        #expect(refuses(manifest(digest: "abc")))
        #expect(refuses(manifest(digest: String(repeating: "A", count: 64))))
        var twice = manifest()
        twice.feeds.append(twice.feeds[0])
        #expect(refuses(twice))
        var future = manifest()
        future.version = 2
        #expect(refuses(future))
    }
}
