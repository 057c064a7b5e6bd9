import FettleModel
import Foundation
import Testing

@testable import FettleFeedSync

@Suite("Checksums, signatures, mirrors, certificates, proxies")
struct CheckTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func verification(_ sync: FeedSync, _ source: FeedSource) async throws -> FeedVerification? {
        try await sync.run([source]).generation.manifest.feed(source.id)?.files.first?.verification
    }

    @Test("Red Hat's list of digests is found by path; a path that only begins the same is another")
    func pulpManifest() async throws {
        let body = randomBytes(500, seed: 1)
        let digest = StreamingDigest.sha256(body)
        let list =
            "RHEL9/rhel-9.oval.xml.bz2.old,\(String(repeating: "0", count: 64)),1\nRHEL9/rhel-9.oval.xml.bz2,\(digest),500\n"
        let server = try await ScriptedServer { $0.target == "/PULP_MANIFEST" ? .text(list) : .file(body) }
        let path = "RHEL9/rhel-9.oval.xml.bz2"
        let source = source(
            "redhat-oval-9", "\(server.address)/\(path)", name: "rhel-9.oval.xml.bz2",
            checksum: .pulpManifest(address: server.address + "/PULP_MANIFEST", path: path))
        #expect(try await verification(FeedSync(folder), source)?.checksum == .verified)
        await server.stop()
    }

    @Test(
        "The archive that archive_latest.txt names is fetched, with the checksum beside it; the name can't lead elsewhere"
    )
    func archiveLatest() async throws {
        let body = randomBytes(500, seed: 2)
        let names = [
            "csaf_vex_2026-11-19.tar.zst\n", "../../etc/passwd", "http://evil.example/a", "", "a b", ".hidden",
        ]
        let calls = Counter()
        let server = try await ScriptedServer { request in
            if request.target == "/vex/archive_latest.txt" { return .text(names[calls.next() - 1]) }
            if request.target.hasSuffix(".sha256") {
                return .text("\(StreamingDigest.sha256(body))  csaf_vex_2026-11-19.tar.zst")
            }
            return request.target == "/vex/csaf_vex_2026-11-19.tar.zst" ? .file(body) : .status("404 Not Found")
        }
        var vex = source("vex", "", name: "csaf_vex.tar.zst", checksum: .beside(ending: ".sha256"))
        vex.files[0].address = .named(in: server.address + "/vex/archive_latest.txt")
        let sync = FeedSync(folder)
        #expect(try await verification(sync, vex)?.checksum == .verified)
        #expect(try sync.bytes(of: "vex") == body)
        for _ in names.dropFirst() {
            #expect(await failure(of: sync, vex)?.code == .refused)
        }
        #expect(server.requests.allSatisfy { $0.target.hasPrefix("/vex/") })
        await server.stop()
    }

    @Test("Checksum files as sha256sum, BSD tools and bare publishers write them; what is none gives none")
    func checksumFiles() {
        let digest = String(repeating: "ab", count: 32)
        for text in [
            digest, "\(digest)\n", "\(digest.uppercased())  a.zip\n", "\(digest) *a.zip\r\n",
            "x  b.zip\n\(digest)  dir/a.zip\n",
        ] {
            #expect(ChecksumText.digest(in: text, for: "a.zip") == digest)
        }
        for text in [
            "", "\n", "abc", "<html>", "\(digest)f", "\(digest)  b.zip\n\(digest)  c.zip\n",
            String(repeating: "g", count: 64),
        ] {
            #expect(ChecksumText.digest(in: text, for: "a.zip") == nil)
        }
    }

    @Test("A folder, a file:// address and an address of one's own take the publisher's place")
    func mirrors() async throws {
        try folder.write("all/kev/kev.json", "all")
        try folder.write("own/kev.json", "own")
        let server = try await ScriptedServer { request in
            request.target == "/exact/file"
                ? .text("exact") : request.target == "/m/kev/kev.json" ? .text("web") : .status("404 Not Found")
        }
        let kev = source("kev", "https://unused.example/kev.json")
        let cases: [(FeedSettings, String)] = [
            (FeedSettings(mirror: folder.path + "/all"), "all"),
            (FeedSettings(mirror: "file://" + folder.path + "/all/"), "all"),
            (FeedSettings(mirror: "/nowhere", sources: ["kev": .init(mirror: folder.path + "/own")]), "own"),
            (
                FeedSettings(mirror: "/nowhere", sources: ["kev": .init(address: server.address + "/exact/file")]),
                "exact"
            ),
            (FeedSettings(mirror: server.address + "/m"), "web"),
        ]
        for (settings, text) in cases {
            let sync = FeedSync(folder, settings: settings)
            let result = try await sync.run([kev])
            #expect(String(decoding: try #require(try sync.bytes()), as: UTF8.self) == text)
            let checks = try #require(result.generation.manifest.feed("kev")?.files[0].verification)
            #expect(checks.isTransportSafe == !settings.isOnWeb)
        }
        let missing = FeedSync(folder, settings: FeedSettings(mirror: "/nowhere"))
        let error = await failure(of: missing, kev)
        #expect(error?.code == .notFound)
        #expect(error?.description.contains("kev/kev.json") == true)
        await server.stop()
    }

    @Test(
        "What comes from a folder is as old as its documents or its file say: that it was looked at makes it no younger"
    )
    func ageOfAFolder() async throws {
        try folder.write("all/kev/kev.json", "kev")
        let changed = moment.adding(seconds: -100 * 3_600)
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: Double(changed.milliseconds) / 1_000)],
            ofItemAtPath: folder.path + "/all/kev/kev.json")
        let settings = FeedSettings(mirror: folder.path + "/all")
        let kev = source("kev", "https://unused.example/kev.json")
        let generation = try await FeedSync(folder, settings: settings).run([kev]).generation
        func status(_ dates: [FeedSourceID: Timestamp] = [:], _ settings: FeedSettings = .none) -> FeedStatus? {
            FeedStatus.all(of: [kev], in: generation, settings: settings, dates: dates, now: moment).first
        }
        let byFile = try #require(status())
        #expect(byFile.state == .stale && byFile.publishedAt?.day == changed.day)
        #expect(byFile.ageSeconds.map { $0 / 3_600 } == 100 && byFile.staleAfterHours == 72)
        #expect(byFile.notes.joined().contains("comes from a folder"), "\(byFile.notes)")
        // The file may be a fresh copy of an old document.
        let old = moment.adding(seconds: -400 * 86_400)
        let byDocument = try #require(status(["kev": old]))
        #expect(byDocument.state == .stale && byDocument.publishedAt == old)
        #expect(byDocument.notes.joined().contains("its own date"), "\(byDocument.notes)")
        #expect(status(["kev": moment.adding(seconds: -2 * 86_400)])?.state == .fresh)
        #expect(status([:], FeedSettings(sources: ["kev": .init(staleAfterHours: 200)]))?.state == .fresh)
    }

    @Test("A mirror's checksum is checked where there is one", arguments: [true, false])
    func mirrorChecksum(isRight: Bool) async throws {
        try folder.write("all/kev/kev.json", "kev")
        try folder.write("all/kev/kev.json.sha256", StreamingDigest.sha256(Array((isRight ? "kev" : "other").utf8)))
        let sync = FeedSync(folder, settings: FeedSettings(mirror: folder.path + "/all"))
        let kev = source("kev", "https://unused.example/kev.json")
        if isRight {
            #expect(try await verification(sync, kev)?.checksum == .verified)
        } else {
            #expect(await failure(of: sync, kev)?.code == .checksum)
        }
    }

    @Test("A folder's file over its bound, or no regular file, is refused")
    func localBounds() async throws {
        try folder.write("all/kev/kev.json", randomBytes(2_000, seed: 3))
        let sync = FeedSync(folder, settings: FeedSettings(mirror: folder.path + "/all"))
        #expect(
            await failure(of: sync, source("kev", "https://unused.example/a", maximumBytes: 1_999))?.code == .tooLarge)
        try FileManager.default.createDirectory(atPath: folder.path + "/all/kev/dir", withIntermediateDirectories: true)
        #expect(await failure(of: sync, source("kev", "https://unused.example/a", name: "dir"))?.code == .storage)
    }

    @Test("An address with a password, of another kind, or of no host is refused, and the password is not shown")
    func addresses() async throws {
        for address in [
            "https://user:secret@mirror.example/kev", "ftp://mirror.example/kev", "https:///kev",
            "https://mirror.example/a b", "file://other.example/kev",
        ] {
            let sync = FeedSync(folder, settings: FeedSettings(sources: ["kev": .init(address: address)]))
            let error = try #require(await failure(of: sync, source("kev", "https://unused.example/a")))
            #expect(error.code == .address, "\(address)")
            #expect(!error.description.contains("secret"))
        }
    }

    @Test("The proxy of the environment is asked, with its password; no_proxy goes past it")
    func proxy() async throws {
        let server = try await ScriptedServer { request in
            if request.method == "CONNECT" { return [.bytes(Array("HTTP/1.1 200 OK\r\n\r\n".utf8))] }
            return .text(request.headers["host"] == "feeds.example" ? "by proxy" : "direct")
        }
        var options = FeedSyncOptions.quick
        options.environment = [
            "http_proxy": "http://me:secret@127.0.0.1:\(server.port)", "NO_PROXY": "localhost,127.0.0.1",
        ]
        let sync = FeedSync(folder, options: options)
        _ = try await sync.run([
            source("kev", "http://feeds.example/kev.json"), source("direct", server.address + "/kev.json"),
        ])
        #expect(try sync.bytes() == Array("by proxy".utf8))
        #expect(try sync.bytes(of: "direct") == Array("direct".utf8))
        let asked = try #require(server.requests.first { $0.method == "CONNECT" })
        #expect(asked.target == "feeds.example:80")
        #expect(asked.headers["proxy-authorization"] == "Basic " + Data("me:secret".utf8).base64EncodedString())
        options.environment = ["https_proxy": "socks5://me:secret@proxy.example"]
        let error = try #require(
            await failure(of: FeedSync(folder, options: options), source("kev", "https://feeds.example/a")))
        #expect(error.message.contains("https_proxy"))
        #expect(!error.description.contains("secret"))
        await server.stop()
    }
}

extension FeedSettings {
    fileprivate var isOnWeb: Bool { [mirror, sources["kev"]?.address].contains { $0?.hasPrefix("http") == true } }
}
