import FettleModel
import Foundation
import Synchronization
import Testing

@testable import FettleFeedSync

@Suite("Downloads from a server on loopback")
struct DownloadTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("A feed that has not changed is not sent again, and counts as the newest of now")
    func notModified() async throws {
        let body = randomBytes(5_000, seed: 1)
        let server = try await ScriptedServer { request in
            .good(request, body, tag: "\"one\"", modified: "Thu, 19 Nov 2026 10:00:00 GMT")
        }
        var sync = FeedSync(folder)
        let kev = source("kev", server.address + "/kev.json")
        let first = try await sync.run([kev])
        #expect(first.updated == ["kev"])
        let later = moment.adding(seconds: 3_600)
        sync.now = { later }
        let phases = Mutex<[FeedProgress.Phase]>([])
        let second = try await sync.run([kev]) { progress in phases.withLock { $0.append(progress.phase) } }
        #expect(second.unchanged == ["kev"])
        #expect(phases.withLock { $0 } == [.unchanged])
        #expect(server.requests.last?.headers["if-none-match"] == "\"one\"")
        #expect(server.requests.last?.headers["if-modified-since"] == "Thu, 19 Nov 2026 10:00:00 GMT")
        #expect(server.requests.last?.headers["user-agent"] == "fettle/test")
        #expect(server.requests.last?.headers["accept-encoding"] == "identity")
        let feed = try #require(second.generation.manifest.feed("kev"))
        #expect(feed.checkedAt == later)
        #expect(feed.files[0].fetchedAt == moment)
        #expect(feed.files[0].publishedAt == Timestamp("2026-11-19T10:00:00Z"))
        #expect(try sync.bytes() == body)
        await server.stop()
    }

    @Test("A file that was damaged on the disk is fetched again, whatever the server's tag says")
    func damagedOnDisk() async throws {
        let body = randomBytes(5_000, seed: 2)
        let server = try await ScriptedServer { .good($0, body, tag: "\"one\"") }
        let sync = FeedSync(folder)
        let kev = source("kev", server.address + "/kev.json")
        _ = try await sync.run([kev])
        try folder.write("feeds/downloads/kev/kev.json", randomBytes(5_000, seed: 3))
        _ = try await sync.run([kev])
        #expect(try sync.bytes() == body)
        await server.stop()
    }

    @Test("A connection that breaks at any offset is gone on with, and the bytes are the same", arguments: 1...12)
    func resumes(seed: Int) async throws {
        var generator = Generator(state: UInt64(seed))
        let body = randomBytes(Int.random(in: 1...300_000, using: &generator), seed: UInt64(seed) + 100)
        let cuts = (0..<4).map { _ in Int.random(in: 0...max(1, body.count / 3), using: &generator) }
        let calls = Counter()
        let server = try await ScriptedServer { request in
            let call = calls.next()
            return .good(request, body, tag: "\"one\"", cut: call <= cuts.count ? cuts[call - 1] : nil)
        }
        var options = FeedSyncOptions.quick
        options.attempts = 6
        let sync = FeedSync(folder, options: options)
        _ = try await sync.run([source("kev", server.address + "/kev.json")])
        #expect(try sync.bytes() == body)
        #expect(server.requests.count == cuts.count + 1)
        // What the connection still held when it broke may be lost, but never what was received before.
        let starts = server.requests.map { $0.rangeStart ?? 0 }
        #expect(starts == starts.sorted())
        #expect(cuts[0] == 0 || starts.contains { $0 > 0 && $0 <= cuts[0] })
        await server.stop()
    }

    @Test("A file that changes between a break and the resumption is taken whole, never mixed")
    func changesMeanwhile() async throws {
        let (old, new) = (randomBytes(100_000, seed: 4), randomBytes(90_000, seed: 5))
        let calls = Counter()
        let server = try await ScriptedServer { request in
            calls.next() == 1
                ? .good(request, old, tag: "\"old\"", cut: 50_000) : .good(request, new, tag: "\"new\"")
        }
        let sync = FeedSync(folder)
        _ = try await sync.run([source("kev", server.address + "/kev.json")])
        #expect(try sync.bytes() == new)
        await server.stop()
    }

    @Test("A server that changes the file and still answers with a range is not believed")
    func rangeOfAnotherVersion() async throws {
        let (old, new) = (randomBytes(100_000, seed: 6), randomBytes(100_000, seed: 7))
        let calls = Counter()
        let server = try await ScriptedServer { request in
            if calls.next() == 1 { return .good(request, old, tag: "\"old\"", cut: 50_000) }
            guard let start = request.rangeStart else { return .good(request, new, tag: "\"new\"") }
            let rest = Array(new[start...])
            return .head(
                "206 Partial Content",
                [
                    ("ETag", "\"new\""), ("Content-Length", "\(rest.count)"),
                    ("Content-Range", "bytes \(start)-\(new.count - 1)/\(new.count)"),
                ]) + [.bytes(rest)]
        }
        let sync = FeedSync(folder)
        _ = try await sync.run([source("kev", server.address + "/kev.json")])
        #expect(try sync.bytes() == new)
        await server.stop()
    }

    @Test(
        "A server without ranges, and one whose range begins elsewhere, cost only a new start",
        arguments: [true, false])
    func unfitRanges(ignoresRanges: Bool) async throws {
        let body = randomBytes(60_000, seed: 8)
        let calls = Counter()
        let server = try await ScriptedServer { request in
            if calls.next() == 1 { return .good(request, body, tag: "\"one\"", cut: 20_000) }
            if ignoresRanges || request.rangeStart == nil { return .file(body, [("ETag", "\"one\"")]) }
            return .head(
                "206 Partial Content", [("Content-Range", "bytes 10-59999/60000"), ("Content-Length", "59990")])
                + [.bytes(Array(body[10...]))]
        }
        let sync = FeedSync(folder)
        _ = try await sync.run([source("kev", server.address + "/kev.json")])
        #expect(try sync.bytes() == body)
        await server.stop()
    }

    @Test(
        "After a crash only bytes that were surely written are gone on from; a part that lost some is begun anew",
        arguments: [15_000, 10_000, 9_999, 0])
    func tornPart(length: Int) async throws {
        let body = randomBytes(40_000, seed: 9)
        let server = try await ScriptedServer { .good($0, body, tag: "\"one\"") }
        let address = server.address + "/kev.json"
        let part = Array(body[..<min(10_000, length)]) + [UInt8](repeating: 0, count: max(0, length - 10_000))
        try folder.write("feeds/downloads/kev/kev.json.part", part)
        try folder.write(
            "feeds/downloads/kev/kev.json.state.json",
            #"{"address": "\#(address)", "entityTag": "\"one\"", "durableBytes": 10000}"#)
        let sync = FeedSync(folder)
        _ = try await sync.run([source("kev", address)])
        #expect(server.requests.map(\.rangeStart) == [length >= 10_000 ? 10_000 : nil])
        #expect(try sync.bytes() == body)
        await server.stop()
    }

    @Test(
        "A state that makes no sense is no obstacle",
        arguments: ["", "{", "[]", #"{"address": 1}"#, #"{"address":"","durableBytes":-5}"#])
    func unreadableState(text: String) async throws {
        let body = randomBytes(1_000, seed: 10)
        let server = try await ScriptedServer { .good($0, body, tag: "\"one\"") }
        try folder.write("feeds/downloads/kev/kev.json.part", "half")
        try folder.write("feeds/downloads/kev/kev.json.state.json", text)
        let sync = FeedSync(folder)
        _ = try await sync.run([source("kev", server.address + "/kev.json")])
        #expect(try sync.bytes() == body)
        await server.stop()
    }

    @Test("A cancelled download keeps its part, and the next one goes on from there")
    func cancelled() async throws {
        let body = randomBytes(200_000, seed: 11)
        let calls = Counter()
        let server = try await ScriptedServer { request in
            guard calls.next() == 1 else { return .good(request, body, tag: "\"one\"") }
            return .good(request, body, tag: "\"one\"", cut: 80_000) + [.pause(milliseconds: 30_000)]
        }
        let sync = FeedSync(folder)
        let kev = source("kev", server.address + "/kev.json")
        let (stream, arrived) = AsyncStream.makeStream(of: Int64.self)
        let task = Task { try await sync.run([kev]) { arrived.yield($0.received) } }
        for await received in stream where received >= 80_000 { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try folder.read("feeds/downloads/kev/kev.json.part") == Array(body[..<80_000]))
        #expect(try sync.store.current() == nil)
        _ = try await sync.run([kev])
        #expect(server.requests.last?.rangeStart == 80_000)
        #expect(try sync.bytes() == body)
        await server.stop()
    }

    @Test("A body without a length is whole when the connection ends; a chunked one when its last chunk came")
    func withoutLength() async throws {
        let body = randomBytes(3_000, seed: 12)
        let calls = Counter()
        let server = try await ScriptedServer { request in
            if request.target == "/plain.json" { return .head("200 OK") + [.bytes(body)] }
            let chunk = Array("bb8\r\n".utf8) + body + Array("\r\n".utf8)
            let end = calls.next() == 1 ? [] : Array("0\r\n\r\n".utf8)
            return .head("200 OK", [("Transfer-Encoding", "chunked")]) + [.bytes(chunk + end)]
        }
        let sync = FeedSync(folder)
        _ = try await sync.run([
            source("plain", server.address + "/plain.json"), source("chunked", server.address + "/chunked.json"),
        ])
        #expect(try sync.bytes(of: "plain") == body)
        #expect(try sync.bytes(of: "chunked") == body)
        #expect(server.requests.filter { $0.target == "/chunked.json" }.count == 2)
        await server.stop()
    }
}
