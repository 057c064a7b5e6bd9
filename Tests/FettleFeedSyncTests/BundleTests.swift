import FettleModel
import Foundation
import Testing

@testable import FettleFeedSync

@Suite("Bundles across an air gap")
struct BundleTests {
    let folder: TemporaryFolder
    let here: FeedStore
    let there: FeedStore
    let file: String

    init() throws {
        folder = try TemporaryFolder()
        here = FeedStore(path: folder.path + "/here")
        there = FeedStore(path: folder.path + "/there")
        file = folder.path + "/feeds.tar"
    }

    /// Fetches feeds with these contents into the store that exports.
    @discardableResult
    private func fill(_ contents: [String: String] = ["kev": "kev", "epss": "epss"], at time: Timestamp = moment)
        async throws -> FeedSyncResult
    {
        for (id, text) in contents { try folder.write("mirror/\(id)/kev.json", text) }
        var sync = FeedSync(store: here, settings: FeedSettings(mirror: folder.path + "/mirror"), options: .quick)
        sync.now = { time }
        return try await sync.run(contents.keys.sorted().map { source($0, "https://unused.example/kev.json") })
    }

    private func refusal(of path: String? = nil, digest: String? = nil) -> FeedSyncError? {
        do {
            _ = try there.import(from: path ?? file, expectedDigest: digest, now: moment)
            return nil
        } catch { return error as? FeedSyncError ?? FeedSyncError(.network, "\(error)") }
    }

    @Test("What is exported is imported, byte for byte, with how it was checked; the same feeds give the same bundle")
    func roundTrip() async throws {
        let exported = try await fill().generation
        let bundle = try here.export(to: file)
        let first = try folder.read("feeds.tar")
        #expect(Int64(first.count) == bundle.size)
        _ = try here.export(to: file)
        #expect(try folder.read("feeds.tar") == first)

        let later = moment.adding(seconds: 7_200)
        let result = try there.import(from: file, expectedDigest: bundle.digest, now: later)
        #expect(result.digest == bundle.digest)
        #expect(result.generation.manifest.feeds == exported.manifest.feeds)
        #expect(result.generation.manifest.importedAt == later)
        #expect(try String(contentsOf: result.generation.files(of: "epss")[0], encoding: .utf8) == "epss")
        #expect(try there.current() == result.generation)
        let status = FeedStatus.all(of: [], in: try there.current(), now: later)
        #expect(status.map(\.ageSeconds) == [7_200, 7_200])
    }

    @Test("tar reads it too: order, dates and owners depend on nothing but the feeds")
    func plainTar() async throws {
        try await fill()
        _ = try here.export(to: file)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["tar", "--utc", "--full-time", "-tvf", file]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let lines = text.split(separator: "\n")
        #expect(
            lines.map { $0.split(separator: " ").last } == [
                "manifest.json", "manifest.sha256", "epss/kev.json", "kev/kev.json",
            ])
        #expect(lines.allSatisfy { $0.hasPrefix("-rw-r--r-- 0/0 ") && $0.contains("2026-11-20 08:00:00") })
    }

    @Test("One bit changed anywhere is detected, or changes nothing that is taken in")
    func everyByte() async throws {
        try await fill()
        _ = try here.export(to: file)
        let good = try folder.read("feeds.tar")
        let original = try there.import(from: file, now: moment).generation.manifest.feeds
        let manifest = try #require(try here.current()).manifest.encoded().count
        var detected = 0
        // The header of the manifest and the manifest whole, then every 61st byte of what follows, most of it padding.
        let places = Array(0..<(512 + manifest)) + Array(stride(from: 512 + manifest, to: good.count, by: 61))
        for place in places {
            var bad = good
            bad[place] ^= 1 << UInt8(place % 8)
            try folder.write("bad.tar", bad)
            guard refusal(of: folder.path + "/bad.tar") == nil else {
                detected += 1
                continue
            }
            try #require(!(512..<512 + manifest).contains(place), "byte \(place) of the manifest is not noticed")
            let now = try #require(try there.current())
            try #require(now.manifest.feeds == original)
            try #require(try String(contentsOf: now.files(of: "kev")[0], encoding: .utf8) == "kev")
        }
        #expect(try there.current()?.manifest.feeds == original)
        #expect(detected > manifest)
    }

    @Test("A bundle that is cut off anywhere is refused")
    func truncated() async throws {
        try await fill()
        _ = try here.export(to: file)
        let good = try folder.read("feeds.tar")
        // What comes behind the last member is only padding.
        for length in stride(from: 0, to: good.count - 10_240, by: 97) {
            try folder.write("short.tar", Array(good[..<length]))
            #expect(refusal(of: folder.path + "/short.tar")?.code == .bundle, "\(length)")
        }
        #expect(try there.current() == nil)
        #expect(!folder.exists("there/generations/.new"))
    }

    /// A bundle made by hand: these members behind a manifest that names `kev/kev.json` with the content `kev`.
    private func handmade(_ members: [(name: String, body: String)], id: String = "kev", name: String = "kev.json")
        throws
    {
        let digest = StreamingDigest.sha256(Array("kev".utf8))
        let verification = FeedVerification(checksum: .verified, signature: .notOffered, isTransportSafe: true)
        let manifest = FeedManifest(
            generation: 1, createdAt: moment,
            feeds: [
                FeedManifest.Feed(
                    id: FeedSourceID(id), checkedAt: moment,
                    files: [
                        FeedManifest.File(
                            name: name, address: "x", size: 3, sha256: digest, fetchedAt: moment,
                            verification: verification)
                    ])
            ])
        let data = try manifest.encoded()
        let all =
            [
                ("manifest.json", String(decoding: data, as: UTF8.self)),
                ("manifest.sha256", StreamingDigest.sha256(data) + "\n"),
            ] + members.map { ($0.name, $0.body) }
        let tar = try TarWriter(path: file)
        for (name, body) in all {
            try tar.add(name, size: Int64(body.utf8.count), seconds: 0)
            try Array(body.utf8).withUnsafeBytes { try tar.write($0) }
        }
        try tar.finish()
    }

    @Test(
        "Members that lead elsewhere, are not named, come twice or in another order are refused, and nothing is written outside"
    )
    func foreignMembers() throws {
        try handmade([("kev/kev.json", "kev")])
        #expect(refusal() == nil)
        for members in [
            [("../kev.json", "kev")], [("/tmp/kev.json", "kev")], [("kev/../../kev.json", "kev")],
            [("kev/other.json", "kev")],
            [("kev/kev.json", "kev"), ("kev/kev.json", "kev")], [("kev/kev.json", "kev"), ("more", "x")],
            [("kev/kev.json", "kex")], [("kev/kev.json", "ke")], [("kev/kev.json", "kevv")], [],
        ] {
            try handmade(members.map { ($0.0, $0.1) })
            #expect(refusal()?.code == .bundle, "\(members)")
        }
        try handmade([("../x/kev.json", "kev")], id: "../x")
        #expect(refusal()?.code == .bundle)
        try handmade([("kev/../x", "kev")], name: "../x")
        #expect(refusal()?.code == .bundle)
        #expect(!folder.exists("kev.json"))
        #expect(!folder.exists("there/kev.json"))
    }

    @Test("A link or a folder in place of a file is refused", arguments: ["symlink", "hardlink", "folder"])
    func links(kind: String) async throws {
        try await fill()
        let exported = try here.export(to: file)
        let tree = folder.path + "/tree"
        try folder.write("tree/manifest.json", Array(exported.manifest.encoded()))
        try folder.write("tree/manifest.sha256", exported.digest + "\n")
        try folder.write("tree/epss/other", "epss")
        let path = tree + "/epss/kev.json"
        switch kind {
        case "symlink": try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/etc/passwd")
        case "hardlink": try FileManager.default.linkItem(atPath: tree + "/epss/other", toPath: path)
        default: try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let names = kind == "hardlink" ? ["epss/other", "epss/kev.json"] : ["epss/kev.json"]
        process.arguments = ["tar", "-C", tree, "-cf", file, "manifest.json", "manifest.sha256"] + names
        try process.run()
        process.waitUntilExit()
        #expect(refusal()?.code == .bundle)
    }

    @Test("What is no bundle says so", arguments: ["", "hello", "{}", String(repeating: "\u{0}", count: 20_480)])
    func noBundle(text: String) throws {
        try folder.write("feeds.tar", text)
        #expect(refusal()?.code == .bundle)
        #expect(refusal(of: folder.path + "/nowhere.tar") != nil)
    }

    @Test("A digest that was carried apart proves who made the bundle")
    func digest() async throws {
        try await fill()
        let bundle = try here.export(to: file)
        let error = refusal(digest: String(repeating: "0", count: 64))
        #expect(error?.code == .bundle)
        #expect(error?.message.contains(bundle.digest) == true)
        #expect(refusal(digest: bundle.digest.uppercased()) == nil)
    }

    @Test("An older bundle is refused unless it is wanted; feeds that are not in a bundle stay")
    func older() async throws {
        try await fill(["kev": "old"])
        _ = try here.export(to: folder.path + "/old.tar")
        let later = moment.adding(seconds: 60)
        try await fill(["kev": "new", "epss": "epss"], at: later)
        _ = try here.export(to: file)
        #expect(refusal() == nil)
        let error = refusal(of: folder.path + "/old.tar")
        #expect(error?.source == "kev")
        #expect(error?.message.contains("older") == true)
        let result = try there.import(from: folder.path + "/old.tar", allowsOlder: true, now: later)
        #expect(result.kept == ["epss"])
        #expect(try String(contentsOf: result.generation.files(of: "kev")[0], encoding: .utf8) == "old")
        #expect(try String(contentsOf: result.generation.files(of: "epss")[0], encoding: .utf8) == "epss")
    }

    @Test("A crash in an import leaves what was there", arguments: FeedStore.FaultPoint.allCases)
    func crashes(point: FeedStore.FaultPoint) async throws {
        struct Crash: Error {}
        try await fill(["kev": "old"])
        _ = try here.export(to: file)
        _ = try there.import(from: file, now: moment)
        try await fill(["kev": "new"], at: moment.adding(seconds: 60))
        _ = try here.export(to: file)
        var store = there
        store.faults = { if $0 == point { throw Crash() } }
        #expect(throws: Crash.self) { try store.import(from: file, now: moment) }
        let now = try #require(try there.current())
        let text = try String(contentsOf: now.files(of: "kev")[0], encoding: .utf8)
        #expect(text == ([.pointerSwapped, .pruned].contains(point) ? "new" : "old"))
    }

    @Test("Nothing to export says so; a file that rotted is not carried on")
    func export() async throws {
        #expect(throws: FeedSyncError.self) { try here.export(to: file) }
        let generation = try await fill().generation
        try Data("kex".utf8).write(to: generation.files(of: "kev")[0])
        let error = #expect(throws: FeedSyncError.self) { try here.export(to: file) }
        #expect(error?.source == "kev")
        #expect(!folder.exists("feeds.tar"))
        #expect(!folder.exists("feeds.tar.part"))
    }
}
