import FettleModel
import Foundation
import Synchronization

@testable import FettleFeedSync

/// A folder of its own for each test, taken away at its end.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/fettle-feeds-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }
    func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)"))) }
    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }
}

let moment = Timestamp("2026-11-20T08:00:00Z") ?? Timestamp(milliseconds: 0)

func source(
    _ id: String = "kev", _ address: String, name: String = "kev.json", maximumBytes: Int64 = 10_000_000,
    checksum: FeedFile.Checksum = .none, signature: FeedFile.Signature = .none
) -> FeedSource {
    FeedSource(
        id: FeedSourceID(id), title: id,
        files: [
            FeedFile(
                name: name, address: .fixed(address), maximumBytes: maximumBytes, checksum: checksum,
                signature: signature)
        ],
        staleAfterHours: 24, licence: "CC0-1.0", documentation: "https://publisher.example/docs")
}

extension FeedSyncOptions {
    /// Patient enough for a busy machine, and quick where a test waits for a failure.
    static var quick: FeedSyncOptions {
        var options = FeedSyncOptions(version: "test", environment: [:])
        options.firstRetryMilliseconds = 5
        options.attempts = 3
        options.connectSeconds = 5
        options.idleSeconds = 20
        options.totalSeconds = 60
        options.minimumBytesPerSecond = 0
        return options
    }
}

extension FeedSync {
    init(_ folder: TemporaryFolder, settings: FeedSettings = .none, options: FeedSyncOptions = .quick) {
        self.init(store: FeedStore(path: folder.path + "/feeds"), settings: settings, options: options)
        now = { moment }
    }

    /// The bytes of the only file of a feed in use; nil if there is none.
    func bytes(of id: FeedSourceID = "kev") throws -> [UInt8]? {
        guard let url = try store.current()?.files(of: id).first else { return nil }
        return Array(try Data(contentsOf: url))
    }
}

/// What a synchronisation of one source failed with; nil if it did not.
func failure(of sync: FeedSync, _ source: FeedSource) async -> FeedSyncError? {
    do {
        _ = try await sync.run([source])
        return nil
    } catch {
        return (error as? FeedSyncErrors)?.errors.first ?? FeedSyncError(.network, "\(error)")
    }
}

/// A body that no two offsets of look alike.
func randomBytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = Generator(state: seed)
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
}

/// SplitMix64: a seed that fails is a test case.
struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Counts calls, for answers that differ from one request to the next.
final class Counter: Sendable {
    private let count = Mutex(0)
    /// 1 for the first call.
    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
