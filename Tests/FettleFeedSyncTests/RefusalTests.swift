import FettleModel
import Foundation
import Testing

@testable import FettleFeedSync

@Suite("What is refused, and what it says then")
struct RefusalTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Fetches a good file first, so that there is something to lose.
    private func afterGoodOne(
        _ body: [UInt8], options: FeedSyncOptions = .quick,
        then answer: @escaping @Sendable (ScriptedServer.Request) -> [ScriptedServer.Piece]
    ) async throws -> (sync: FeedSync, server: ScriptedServer) {
        let calls = Counter()
        let server = try await ScriptedServer { request in calls.next() == 1 ? .file(body) : answer(request) }
        let sync = FeedSync(folder, options: options)
        _ = try await sync.run([source("kev", server.address + "/kev.json")])
        return (sync, server)
    }

    @Test(
        "404, 403 and 500 name the feed and the address, and say what to do next",
        arguments: [
            ("404 Not Found", FeedSyncError.Code.notFound, "feeds.yaml"), ("410 Gone", .notFound, "feeds.yaml"),
            ("403 Forbidden", .refused, "feeds.yaml"), ("500 Internal Server Error", .unavailable, "fettle feeds sync"),
            ("418 I'm a teapot", .refused, "feeds.yaml"), ("304 Not Modified", .refused, "feeds.yaml"),
        ])
    func answers(status: String, code: FeedSyncError.Code, next: String) async throws {
        let body = randomBytes(100, seed: 1)
        let (sync, server) = try await afterGoodOne(body) { _ in .status(status) }
        let error = try #require(await failure(of: sync, source("kev", server.address + "/kev.json?token=secret")))
        #expect(error.code == code)
        #expect(error.description.hasPrefix("feed kev: \(server.address)/kev.json: "))
        #expect(!error.description.contains("secret"))
        #expect(error.description.contains(status.prefix(3)) || status.hasPrefix("304"))
        #expect(error.description.contains(next))
        #expect(try sync.bytes() == body)
        // What may pass is tried again, what may not is not.
        #expect(server.requests.count == (code == .unavailable ? 4 : 2))
        await server.stop()
    }

    @Test("A wrong checksum is refused, nothing is swapped in, and nothing of it is gone on from")
    func wrongChecksum() async throws {
        let (good, bad) = (randomBytes(5_000, seed: 2), randomBytes(5_000, seed: 3))
        let calls = Counter()
        let server = try await ScriptedServer { request in
            if request.target.hasSuffix(".sha256") { return .text("\(StreamingDigest.sha256(good))  kev.json\n") }
            return calls.next() == 1 ? .file(good) : .file(bad)
        }
        let sync = FeedSync(folder)
        let kev = source("kev", server.address + "/kev.json", checksum: .beside(ending: ".sha256"))
        let result = try await sync.run([kev])
        #expect(result.generation.manifest.feed("kev")?.files[0].verification.checksum == .verified)
        let error = try #require(await failure(of: sync, kev))
        #expect(error.code == .checksum)
        #expect(error.description.contains(StreamingDigest.sha256(good).prefix(16)))
        #expect(error.description.contains(StreamingDigest.sha256(bad).prefix(16)))
        #expect(try sync.bytes() == good)
        #expect(!folder.exists("feeds/downloads/kev/kev.json.part"))
        #expect(try FeedStore(path: folder.path + "/feeds").current()?.manifest.generation == 1)
        await server.stop()
    }

    @Test("A publisher's checksum that is missing or empty is told, never passed over", arguments: [true, false])
    func missingChecksum(isMissing: Bool) async throws {
        let server = try await ScriptedServer { request in
            guard request.target.hasSuffix(".sha256") else { return .file([1, 2, 3]) }
            return isMissing ? .status("404 Not Found") : .text("<html>login</html>\n")
        }
        let sync = FeedSync(folder)
        let kev = source("kev", server.address + "/kev.json", checksum: .beside(ending: ".sha256"))
        let error = try #require(await failure(of: sync, kev))
        #expect(error.description.contains("checksum"))
        #expect(error.place.hasSuffix("/kev.json.sha256"))
        #expect(try sync.store.current() == nil)
        await server.stop()
    }

    @Test("A file larger than its bound is refused, whether it says its length or not", arguments: [true, false])
    func oversized(tellsLength: Bool) async throws {
        let body = randomBytes(1_000, seed: 4)
        let large = randomBytes(200_000, seed: 5)
        let (sync, server) = try await afterGoodOne(body) { _ in
            tellsLength ? .file(large) : .head("200 OK") + [.bytes(large)]
        }
        let kev = source("kev", server.address + "/kev.json", maximumBytes: 10_000)
        let error = try #require(await failure(of: sync, kev))
        #expect(error.code == .tooLarge)
        #expect(error.message.contains("10.0 kB"))
        #expect(try sync.bytes() == body)
        #expect(!folder.exists("feeds/downloads/kev/kev.json.part"))
        await server.stop()
    }

    @Test(
        "A server that sends a byte now and then is broken off, by its pace or by the whole time",
        arguments: [true, false])
    func slowLoris(byPace: Bool) async throws {
        var options = FeedSyncOptions.quick
        options.attempts = 1
        options.idleSeconds = byPace ? 1 : 20
        options.minimumBytesPerSecond = byPace ? 1_000 : 0
        options.totalSeconds = byPace ? 60 : 1
        let drip = (0..<400).flatMap { _ in [ScriptedServer.Piece.bytes([7]), .pause(milliseconds: 25)] }
        let server = try await ScriptedServer { _ in .head("200 OK", [("Content-Length", "100000")]) + drip }
        let sync = FeedSync(folder, options: options)
        let error = try #require(await failure(of: sync, source("kev", server.address + "/kev.json")))
        #expect(error.code == .timedOut)
        await server.stop()
    }

    @Test("A server that says nothing is not waited for longer than allowed", arguments: [true, false])
    func silent(beforeHead: Bool) async throws {
        var options = FeedSyncOptions.quick
        options.attempts = 1
        options.idleSeconds = 1
        options.connectSeconds = 1
        let server = try await ScriptedServer { _ in
            (beforeHead ? [] : .head("200 OK", [("Content-Length", "10")])) + [.pause(milliseconds: 20_000)]
        }
        let sync = FeedSync(folder, options: options)
        let error = try #require(await failure(of: sync, source("kev", server.address + "/kev.json")))
        #expect(error.code == .timedOut)
        await server.stop()
    }

    @Test("A server that asks for a pause gets it; one that asks for too long is told of")
    func retryAfter() async throws {
        let calls = Counter()
        let server = try await ScriptedServer { request in
            if request.target == "/long.json" { return .status("429 Too Many Requests", [("Retry-After", "3600")]) }
            return calls.next() == 1 ? .status("503 Service Unavailable", [("Retry-After", "1")]) : .file([1])
        }
        let sync = FeedSync(folder)
        let start = ContinuousClock.now
        _ = try await sync.run([source("kev", server.address + "/kev.json")])
        #expect(start.duration(to: .now) >= .seconds(1))
        let error = try #require(await failure(of: sync, source("long", server.address + "/long.json")))
        #expect(error.message.contains("3600 seconds"))
        #expect(server.requests.filter { $0.target == "/long.json" }.count == 1)
        await server.stop()
    }

    @Test("Nobody listens: the address, and that a proxy or a mirror may be missing")
    func noServer() async throws {
        let server = try await ScriptedServer { _ in [] }
        let address = server.address
        await server.stop()
        let error = try #require(await failure(of: FeedSync(folder), source("kev", address + "/kev.json")))
        #expect(error.code == .network)
        #expect(error.description.contains("proxy"))
        #expect(error.description.contains(address))
    }

    @Test("A connection that always breaks at once ends in words, after the tries that are allowed")
    func alwaysBreaks() async throws {
        let server = try await ScriptedServer { _ in [] }
        let error = try #require(await failure(of: FeedSync(folder), source("kev", server.address + "/kev.json")))
        #expect(error.code == .network)
        #expect(server.requests.count == 3)
        await server.stop()
    }

    @Test("Redirects are followed, a few; a circle is not, nor one to something else than the web")
    func redirects() async throws {
        let server = try await ScriptedServer { request in
            switch request.target {
            case "/kev.json": .status("302 Found", [("Location", "/there/today.json?sig=1")])
            case "/there/today.json?sig=1": .file([4, 5])
            case "/circle": .status("301 Moved Permanently", [("Location", "/circle")])
            case "/file": .status("302 Found", [("Location", "file:///etc/passwd")])
            case "/user": .status("302 Found", [("Location", "http://user:secret@127.0.0.1/")])
            default: .status("302 Found")
            }
        }
        let sync = FeedSync(folder)
        _ = try await sync.run([source("kev", server.address + "/kev.json")])
        #expect(try sync.bytes() == [4, 5])
        for (path, code) in [
            ("/circle", FeedSyncError.Code.refused), ("/file", .address), ("/user", .address), ("/none", .refused),
        ] {
            let error = try #require(await failure(of: sync, source("kev", server.address + path)))
            #expect(error.code == code)
            #expect(!error.description.contains("secret"))
        }
        await server.stop()
    }

    @Test("A redirect never leads from https to http")
    func downgrade() throws {
        let address = try FeedAddress("https://publisher.example/a/kev.json")
        #expect(try address.redirected(to: "../b.json").text == "https://publisher.example/b.json")
        #expect(try address.redirected(to: "//other.example/c").text == "https://other.example/c")
        let error = #expect(throws: FeedSyncError.self) { try address.redirected(to: "http://publisher.example/a") }
        #expect(error?.code == .address)
        #expect(error?.message.contains("https to http") == true)
        #expect(try FeedAddress("http://mirror.example/").redirected(to: "https://m.example/").isEncrypted)
    }

    @Test("All sources or none: one that fails keeps the others out, and is told; they need not come again")
    func allOrNothing() async throws {
        let server = try await ScriptedServer { request in
            request.target == "/bad.json" ? .status("404 Not Found") : .good(request, [1, 2, 3], tag: "\"one\"")
        }
        let sources = [source("good", server.address + "/good.json"), source("bad", server.address + "/bad.json")]
        var sync = FeedSync(folder)
        let error = await #expect(throws: FeedSyncErrors.self) { try await sync.run(sources) }
        #expect(error?.errors.map(\.source) == ["bad"])
        #expect(error?.description.contains("nothing was swapped in") == true)
        #expect(try sync.store.current() == nil)

        var options = FeedSyncOptions.quick
        options.keepsGoing = true
        sync = FeedSync(folder, options: options)
        let result = try await sync.run(sources)
        #expect(result.updated == ["good"])
        #expect(result.failed.map(\.source) == ["bad"])
        #expect(server.requests.last { $0.target == "/good.json" }?.headers["if-none-match"] == "\"one\"")
        let status = FeedStatus.all(of: sources, in: result.generation, now: moment)
        #expect(status.map(\.state) == [.missing, .fresh])
        #expect(status[0].notes.contains { $0.contains("404") })
        await server.stop()
    }

    @Test("What came is looked at before it is swapped in: a login page never takes the place of a feed")
    func inspected() async throws {
        let calls = Counter()
        let server = try await ScriptedServer { _ in
            calls.next() == 2 ? .file(Array("<html>".utf8), [("ETag", "\"page\"")]) : .text("{}")
        }
        struct NoJSON: Error {}
        var sync = FeedSync(folder)
        sync.accept = { _, files in
            if try Data(contentsOf: files[0]).first != UInt8(ascii: "{") { throw NoJSON() }
        }
        let kev = source("kev", server.address + "/kev.json")
        _ = try await sync.run([kev])
        let error = try #require(await failure(of: sync, kev))
        #expect(error.description.contains("NoJSON"))
        #expect(try sync.bytes() == Array("{}".utf8))
        _ = try await sync.run([kev])
        #expect(server.requests.last?.headers["if-none-match"] == nil)
        await server.stop()
    }

    @Test("What is in use already was looked at when it came, and isn't again")
    func inspectedOnce() async throws {
        let server = try await ScriptedServer { request in .text(request.target == "/kev.json" ? "{}" : "[]") }
        let looks = Counter()
        var sync = FeedSync(folder)
        sync.accept = { _, _ in _ = looks.next() }
        for _ in 0..<3 { _ = try await sync.run([source("kev", server.address + "/kev.json")]) }
        #expect(looks.next() == 2)
        _ = try await sync.run([source("kev", server.address + "/other.json")])
        #expect(looks.next() == 4)
        await server.stop()
    }

    @Test("What a server sends stands in messages without its control characters")
    func hostileWords() async throws {
        let server = try await ScriptedServer { _ in .status("302 Found", [("Location", "\u{1B}[31mhttp://x")]) }
        let error = try #require(await failure(of: FeedSync(folder), source("kev", server.address + "/kev.json")))
        #expect(!error.description.contains("\u{1B}"))
        await server.stop()
    }
}
