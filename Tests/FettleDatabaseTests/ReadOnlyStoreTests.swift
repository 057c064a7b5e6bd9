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

    /// A reader that stays, such as a server, tells what is kept now, and not what was when it came.
    @Test(.needsRoot) func whoMayOnlyReadSeesWhatOthersWriteMeanwhile() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/fettle.db"
        try await SQLiteStore(path: path).put(Self.document)
        // The same file, seen by a way on which it cannot be written.
        let view = try ReadOnlyView(of: folder.path)
        let reader = try SQLiteStore(path: "\(view.directory)/fettle.db", making: .withTheFirstWrite)
        #expect(try await reader.documents(.plan, limit: 10).count == 1)
        for number in 2...6 {
            var other = Self.document
            other.id = "plan-\(number)"
            let writer = try SQLiteStore(path: path)
            try await writer.put(other)
            // With the writer's log beside the file, and folded in after that.
            if number % 2 == 0 { #expect(try await reader.documents(.plan, limit: 10).count == number) }
            try writer.database.close()
            #expect(try await reader.documents(.plan, limit: 10).count == number)
        }
        withExtendedLifetime((folder, view)) {}
    }

    /// What the reader laid beside the file would be in its owner's way.
    @Test(.needsRoot) func whoMayOnlyReadLeavesNothingBesideTheFile() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/fettle.db"
        try await SQLiteStore(path: path).put(Self.document)
        let file = SQLiteFile(path: path)
        let before = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        let count = try await SQLiteOpening.toRead(file).read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM document")
        }
        #expect(count == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == before)
        withExtendedLifetime(folder) {}
    }

    /// What was written last is not in the file: an older state is not told as the present one.
    @Test(arguments: ["-wal", "-journal"]) func aLogThatIsNotFoldedInIsNotLeftOut(suffix: String) async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/fettle.db"
        try await SQLiteStore(path: path).put(Self.document)
        try Data([1]).write(to: URL(fileURLWithPath: path + suffix))
        let error = #expect(throws: StoreError.self) { _ = try SQLiteOpening.toRead(SQLiteFile(path: path)) }
        #expect(error?.message.contains("was not closed") == true)
        withExtendedLifetime(folder) {}
    }

    @Test func aLinkThatLeadsNowhereIsNoEmptyStore() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/fettle.db"
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/nowhere/fettle.db")
        for making in [SQLiteStore.Making.atOnce, .withTheFirstWrite] {
            let error = #expect(throws: StoreError.self) { _ = try SQLiteStore(path: path, making: making) }
            #expect(error?.message.contains("is not there") == true)
        }
        withExtendedLifetime(folder) {}
    }

    /// Many first commands at the same moment, readers among them: all find whole tables.
    @Test func whoeverComesFirstNobodyMeetsHalfOfTheTables() async throws {
        for _ in 0..<10 {
            let folder = try TemporaryFolder()
            let path = "\(folder.path)/.fettle/fettle.db"
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        let store = try SQLiteStore(path: path, making: .withTheFirstWrite)
                        if number % 2 == 0 {
                            var document = Self.document
                            document.id = "plan-\(number)"
                            try await store.put(document)
                        }
                        for _ in 0..<20 { _ = try await store.documents(.plan, limit: 10) }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await SQLiteStore(path: path).documents(.plan, limit: 10).count == 4)
            withExtendedLifetime(folder) {}
        }
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

/// A folder seen at another place, where nothing can be written. Only root can make one.
private final class ReadOnlyView: Sendable {
    let directory: String
    private let guardian: Guardian

    init(of folder: String) throws {
        directory =
            FileManager.default.temporaryDirectory.appendingPathComponent("fettle-view-\(UUID().uuidString)").path
        guardian = try Guardian(
            script: """
                set -eu
                mkdir "$1"
                trap 'umount -l "$1"; rmdir "$1"' EXIT
                mount --bind "$2" "$1"
                mount -o remount,ro,bind "$1"
                echo ready >&3
                exec 3>&-
                read -r end || :
                """, arguments: [directory, folder])
    }

    deinit { guardian.end() }
}
