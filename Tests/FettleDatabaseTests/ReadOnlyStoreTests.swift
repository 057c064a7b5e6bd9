import FettleModel
import FettleStore
import Foundation
import GRDB
import Testing

@testable import FettleDatabase

/// A database that is not there yet, and one that may only be read.
@Suite struct ReadOnlyStoreTests {
    private static let document = StoredDocument(
        kind: .plan, id: "plan-1", digest: Digest(rawValue: "1"), createdAt: Timestamp(milliseconds: 5),
        bytes: [UInt8]("{}".utf8))

    @Test func whoOnlyReadsMakesNoFileAndFindsNothing() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/.fettle/fettle.db"
        let store = try SQLiteStore(path: path, making: .withTheFirstWrite)
        #expect(try await store.runs(limit: 10).isEmpty)
        #expect(try await store.document(.plan, id: "plan-1") == nil)
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/.fettle"))
        try await store.put(Self.document)
        #expect(FileManager.default.fileExists(atPath: path))
        #expect(try await SQLiteStore(path: path).document(.plan, id: "plan-1") == Self.document)
        withExtendedLifetime(folder) {}
    }

    @Test func whatAnotherProcessKeepsMeanwhileIsFound() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/.fettle/fettle.db"
        let reader = try SQLiteStore(path: path, making: .withTheFirstWrite)
        #expect(try await reader.documents(.plan, limit: 1).isEmpty)
        try await SQLiteStore(path: path).put(Self.document)
        #expect(try await reader.document(.plan, id: "plan-1") == Self.document)
        withExtendedLifetime(folder) {}
    }

    /// A scan of hours is not to end with the news that there is no place for what it has seen.
    @Test(.needsRoot) func whereNoFileCanBeMadeItIsToldAtOnce() throws {
        let disk = try SmallDisk(megabytes: 1, options: "ro")
        let error = #expect(throws: StoreError.self) {
            _ = try SQLiteStore(path: "\(disk.directory)/.fettle/fettle.db", making: .withTheFirstWrite)
        }
        #expect(error?.message.contains("Read-only file system") == true)
        let folder = try TemporaryFolder()
        try Data().write(to: URL(fileURLWithPath: "\(folder.path)/file"))
        let below = #expect(throws: StoreError.self) {
            _ = try SQLiteStore(path: "\(folder.path)/file/fettle.db", making: .withTheFirstWrite)
        }
        #expect(below?.message.contains("Not a directory") == true)
    }

    /// Names that mean something in SQLite's addresses are names here.
    @Test(.needsRoot, arguments: ["fettle.db", "what%41?mode=rw#1;.db"])
    func onAMediumThatTakesNoWritesEverythingIsReadAndAWriteIsRefused(name: String) async throws {
        let disk = try SmallDisk(megabytes: 40)
        let path = "\(disk.directory)/\(name)"
        try await SQLiteStore(path: path).put(Self.document)
        try Self.remountReadOnly(disk)
        for making in [SQLiteStore.Making.atOnce, .withTheFirstWrite] {
            let store = try SQLiteStore(path: path, making: making)
            #expect(try await store.document(.plan, id: "plan-1") == Self.document)
            #expect(try await store.log(after: 0, limit: 10).count == 1)
            let error = await #expect(throws: StoreError.self) {
                try await store.createRun("run-1", change: "change-1", at: Timestamp(milliseconds: 6))
            }
            #expect(error?.message.contains("may not be written") == true, "\(error?.message ?? "")")
        }
    }

    @Test(.needsRoot) func tablesOfAnEarlierFettleAreNotTakenForTodays() throws {
        let disk = try SmallDisk(megabytes: 4)
        let path = "\(disk.directory)/fettle.db"
        let queue = try DatabaseQueue(path: path)
        try SQLiteSchema.migrator.migrate(queue, upTo: "3")
        try queue.close()
        try Self.remountReadOnly(disk)
        let error = #expect(throws: StoreError.self) { _ = try SQLiteStore(path: path) }
        #expect(error?.message.contains("earlier Fettle") == true)
    }

    /// Somebody else began to write, to a log that is not read.
    @Test func whatWasReadBesideAWriterIsNotHandedOn() throws {
        let folder = try TemporaryFolder()
        let file = SQLiteFile(path: "\(folder.path)/fettle.db")
        try SQLiteOpening.requireUntouched(file, since: file.unchangingAddress)
        try Data([1]).write(to: URL(fileURLWithPath: "\(file.path)-wal"))
        try SQLiteOpening.requireUntouched(file, since: file.path)
        #expect(throws: StoreError.self) { try SQLiteOpening.requireUntouched(file, since: file.unchangingAddress) }
        withExtendedLifetime(folder) {}
    }

    private static func remountReadOnly(_ disk: SmallDisk) throws {
        let mount = Process()
        mount.executableURL = URL(fileURLWithPath: "/usr/bin/mount")
        mount.arguments = ["-o", "remount,ro", disk.directory]
        try mount.run()
        mount.waitUntilExit()
        try #require(mount.terminationStatus == 0)
    }
}
