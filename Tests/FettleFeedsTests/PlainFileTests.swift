import Foundation
import Testing

@testable import FettleFeeds

@Suite("Files that need no unpacking")
struct PlainFileTests {
    private func plain(_ bytes: [UInt8]) throws -> Data? {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("fettle-plain-\(UUID().uuidString)")
        try Data(bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return PlainFile.read(file.path)
    }

    @Test func textIsReadAsItLiesThere() throws {
        for text in ["{}", "Package: é\nVersion: 1\n\n", "[\t1,\r\n2]", String(repeating: "x", count: 100_000)] {
            #expect(try plain(Array(text.utf8)) == Data(text.utf8))
        }
    }

    @Test func whatMayBePackedIsLeftToTheUnpacker() throws {
        for start: [UInt8] in [
            [], [0x1F, 0x8B, 8], [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], [0x28, 0xB5, 0x2F, 0xFD, 0x24, 0x41],
            Array("BZh91AY&SY".utf8), [0x50, 0x4B, 3, 4], Array("a.json".utf8) + [0, 0, 0], [0x50, 0x2A, 0x4D, 0x18],
        ] {
            #expect(try plain(start) == nil, "\(start)")
        }
    }

    @Test func aFolderADeviceAndAMissingFileAreLeftToTheUnpacker() {
        for path in ["/", "/dev/null", "/nowhere/at/all", ""] { #expect(PlainFile.read(path) == nil) }
    }
}
