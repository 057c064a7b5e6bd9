import Foundation
import Testing

@testable import FettleFeeds

@Suite("Packed feeds")
struct ArchiveReaderTests {
    /// Makes files with the system's own tools, in a folder of its own.
    private func made(_ script: String) throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fettle-packed-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-ec", script]
        shell.currentDirectoryURL = folder
        try shell.run()
        shell.waitUntilExit()
        try #require(shell.terminationStatus == 0, "\(script)")
        return folder
    }

    private func documents(_ file: URL) throws -> [String: String] {
        var found: [String: String] = [:]
        try ArchiveReader(path: file.path).forEachDocument { document throws(FeedError) in
            found[document.name.replacing(file.path, with: "FILE")] = String(decoding: document.bytes, as: UTF8.self)
        }
        return found
    }

    @Test(
        "A document is found in whatever it is packed in",
        arguments: [
            ("cp a packed", ["FILE": "one"]), ("gzip -c a > packed", ["FILE": "one"]),
            ("xz -c a > packed", ["FILE": "one"]),
            ("zstd -qc a > packed", ["FILE": "one"]), ("bzip2 -c a > packed", ["FILE": "one"]),
            ("tar cf packed a b", ["FILE!a": "one", "FILE!b": "two"]),
            ("tar czf packed a b", ["FILE!a": "one", "FILE!b": "two"]),
            ("gzip a; tar cf packed a.gz b", ["FILE!a.gz": "one", "FILE!b": "two"]),
            ("tar cJf inner.tar.xz a; tar cf packed inner.tar.xz b", ["FILE!inner.tar.xz!a": "one", "FILE!b": "two"]),
        ])
    func findsDocuments(how: String, expected: [String: String]) throws {
        let folder = try made("printf one > a; printf two > b; \(how)")
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try documents(folder.appendingPathComponent("packed")) == expected)
    }

    @Test("What is packed again and again, and what is cut off, is refused by name")
    func refusesWhatIsNoFeed() throws {
        let folder = try made(
            """
            printf one > a; cp a t0; for n in 1 2 3 4 5 6; do m=$((n - 1)); tar czf t$n t$m; done
            head -c 200000 /dev/urandom > r; gzip -c r | head -c 1000 > cut
            """)
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(throws: FeedError.self) { try documents(folder.appendingPathComponent("t6")) }
        #expect(throws: FeedError.self) { try documents(folder.appendingPathComponent("cut")) }
    }
}
