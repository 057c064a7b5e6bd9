import Foundation
import Testing

@testable import FettleImages

@Suite struct WorkshopTests {
    private static func folder() throws -> String {
        let path = FileManager.default.temporaryDirectory.appending(path: "workshops-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        return path
    }

    @Test func whatAnInterruptionLeftIsSweptAndWhatSomebodyWorksInIsNot() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let alive = try Workshop(in: folder)
        // As a process leaves it that was killed: nobody holds the lock.
        let dead = "\(folder)/.fettle-image-dead"
        try FileManager.default.createDirectory(atPath: dead, withIntermediateDirectories: false)
        try Data().write(to: URL(fileURLWithPath: "\(dead)/lock"))
        try Data("half".utf8).write(to: URL(fileURLWithPath: "\(dead)/disk.raw"))
        #expect(Workshop.sweep(folder) == [".fettle-image-dead"])
        #expect(FileManager.default.fileExists(atPath: alive.path))
        alive.remove()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
    }

    @Test func whatOnlyBearsSuchANameIsLeft() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let elsewhere = "\(folder)/elsewhere"
        try FileManager.default.createDirectory(atPath: elsewhere, withIntermediateDirectories: false)
        try Data().write(to: URL(fileURLWithPath: "\(elsewhere)/lock"))
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder)/.fettle-image-link", withDestinationPath: elsewhere)
        try FileManager.default.createDirectory(
            atPath: "\(folder)/.fettle-image-new", withIntermediateDirectories: false)
        try Data().write(to: URL(fileURLWithPath: "\(folder)/.fettle-image-file"))
        #expect(Workshop.sweep(folder) == [])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 4)
    }

    @Test func linesAreBoundedHoweverMuchAProgramPrints() {
        var (reader, lines) = (LineReader(limit: 20), [String]())
        reader.add(Array("one\ntwo\n".utf8)[...]) { lines.append($0) }
        reader.add(Array("three\nfour\nfive\n".utf8)[...]) { lines.append($0) }
        #expect(lines == ["one", "two", "three", "four"])
        var (long, all) = (LineReader(limit: 1 << 20), [String]())
        long.add(Array(repeating: UInt8(ascii: "x"), count: 100_000)[...]) { all.append($0) }
        long.add([0x0A]) { all.append($0) }
        #expect(all.map(\.utf8.count) == [4_096])
    }
}
