import FettleDriverKit
import FettleModel
import Foundation
import Synchronization
import Testing

@testable import FettleDrivers

/// The file of a map, which is others' too: two runs turn two pairs behind the same HAProxy, and people edit it.
@Suite("A map's file", .enabled(if: geteuid() == 0, "writes as root"))
struct HAProxyMapFileTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "fettle-m\(UInt32.random(in: 0 ... .max))")
    private var path: String { folder.appending(path: "sides.map").path }

    /// The file as Fettle has it, with something done each time just before what was made takes its place.
    private func file(_ meanwhile: @escaping @Sendable () -> Void) throws -> HAProxyMapFile {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try "orders orders-blue\nbills bills-blue\n".write(toFile: path, atomically: true, encoding: .utf8)
        let channels = ScriptChannels { script in
            if script.hasPrefix("exec sync") { meanwhile() }
            return script
        }
        return HAProxyMapFile(path: path, address: .local, channels: channels, place: "test")
    }

    @Test("What another writes while a side is turned stays")
    func another() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = path
        let times = Counter()
        let file = try file {
            guard times.next() == 1 else { return }
            try? "orders orders-blue\nbills bills-green\n".write(toFile: path, atomically: true, encoding: .utf8)
        }
        try await file.set("orders", to: "orders-green")
        #expect(try await file.text() == "orders orders-green\nbills bills-green\n")
        #expect(times.count == 2)
        try await file.set("orders", to: "orders-green")
        #expect(times.count == 2, "what is there already is not written")
    }

    @Test("A file that is never at rest is told, and left as it is")
    func restless() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = path
        let times = Counter()
        let file = try file {
            let number = times.next()
            try? "orders orders-blue\n# \(number)\n".write(toFile: path, atomically: true, encoding: .utf8)
        }
        await #expect { try await file.set("orders", to: "orders-green") } throws: {
            ($0 as? HAProxyError)?.code == .refused
        }
        #expect(try await file.text() == "orders orders-blue\n# \(times.count)\n")
    }
}

private final class Counter: Sendable {
    private let value = Mutex(0)
    var count: Int { value.withLock { $0 } }

    func next() -> Int {
        value.withLock { value in
            value += 1
            return value
        }
    }
}
