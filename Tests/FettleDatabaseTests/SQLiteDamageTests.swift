import FettleModel
import FettleStore
import Foundation
import GRDB
import Testing

@testable import FettleDatabase

/// What may lie where the database should be: said in words, with the place and a remedy, and left as it is.
@Suite struct SQLiteDamageTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = "\(folder.path)/fettle.db"
    }

    private func refusal() throws -> String {
        let error = try #require(throws: StoreError.self) { _ = try SQLiteStore(path: path) }
        #expect(error.message.contains(path) || error.message.contains("folder"))
        for noise in ["NSError", "Domain=", "Code=", "Optional(", "SQLite error"] {
            #expect(!error.message.contains(noise))
        }
        return error.message
    }

    private func write(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

    private func contents() throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

    /// A closed database with something in it, all of it in the one file.
    private func makeDatabase() async throws {
        let store = try SQLiteStore(path: path)
        for number in 1...50 {
            let bytes = [UInt8](repeating: UInt8(number), count: 5000)
            try await store.put(
                StoredDocument(
                    kind: .plan, id: "plan-\(number)", digest: Digest(rawValue: "\(number)"), createdAt: .now(),
                    bytes: bytes))
        }
        let database = try store.database
        try await database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        try database.close()
    }

    @Test(arguments: [100, 5000, 100_000]) func garbageIsDamage(length: Int) throws {
        var generator = SystemRandomNumberGenerator()
        let garbage = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
        try write(garbage)
        #expect(try refusal().contains("is damaged"))
        #expect(try contents() == garbage)
    }

    @Test(arguments: [1, 60, 99, 100, 1000, 4096, 50_000, 200_000]) func aFileThatWasCutOffIsDamage(length: Int)
        async throws
    {
        try await makeDatabase()
        let cut = Array(try contents().prefix(length))
        #expect(cut.count == length)
        try write(cut)
        #expect(try refusal().contains("is damaged"))
        #expect(try contents() == cut)
    }

    @Test func pagesThatDoNotFitAreDamage() async throws {
        try await makeDatabase()
        var bytes = try contents()
        for index in 100..<bytes.count { bytes[index] = 0xEE }
        try write(bytes)
        #expect(try refusal().contains("is damaged"))
    }

    @Test func anEmptyFileIsANewDatabase() async throws {
        try write([])
        #expect(try await SQLiteStore(path: path).runs(limit: 1).isEmpty)
    }

    @Test func anotherProgramsDatabaseIsNotTouched() async throws {
        try await DatabaseQueue(path: path).write { database in
            try database.execute(sql: "CREATE TABLE document (name TEXT); CREATE TABLE bookmark (url TEXT)")
        }
        let before = try contents()
        #expect(try refusal().contains("another program's"))
        #expect(try contents() == before)
        // Empty, but with somebody's mark.
        try FileManager.default.removeItem(atPath: path)
        try await DatabaseQueue(path: path).writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA application_id = 42")
        }
        #expect(try refusal().contains("another program's"))
    }

    @Test func aDatabaseFromBeforeTheMarkIsOursAndGetsIt() async throws {
        try await makeDatabase()
        try await DatabaseQueue(path: path).writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA application_id = 0")
        }
        let store = try SQLiteStore(path: path)
        #expect(try await store.documents(.plan, limit: 100).count == 50)
        #expect(try await store.read { try Int.fetchOne($0, sql: "PRAGMA application_id") } == 0x4665_7474)
    }

    /// Whoever looks into an empty ledger and reads "nothing is owed" leaves hosts out of traffic.
    @Test(arguments: [false, true]) func aDatabaseThatIsEmptyOrGoneIsNoNewOne(isGone: Bool) async throws {
        try await makeDatabase()
        if isGone { try FileManager.default.removeItem(atPath: path) } else { try write([]) }
        let words = try refusal()
        #expect(words.contains(isGone ? "is gone" : "is empty") && words.contains("backup"))
        #expect(FileManager.default.fileExists(atPath: path) != isGone)
        // Who wants to begin anew says so.
        try FileManager.default.removeItem(atPath: "\(path)-reserve")
        #expect(try await SQLiteStore(path: path).documents(.plan, limit: 1).isEmpty)
    }

    private func storeWithJournal() async throws -> SQLiteStore {
        let store = try SQLiteStore(path: path)
        try await store.createRun("run-1", change: "change-1", at: .now())
        let claim = try await store.claim("run-1", executor: "one", at: .now(), leaseSeconds: 9, takeOver: false)
        let records = (1...5).map {
            JournalRecord(sequence: $0, epoch: claim.epoch, at: .now(), event: .claimed(executor: "one"))
        }
        try await store.append(records, to: "run-1")
        return store
    }

    @Test func aLineOfAJournalThatIsDamagedIsTold() async throws {
        let store = try await storeWithJournal()
        try await store.write { try $0.execute(sql: "UPDATE journal SET event = 'garbage' WHERE sequence = 3") }
        let error = await #expect(throws: StoreError.self) { try await store.records(of: "run-1", after: 0) }
        #expect(error?.code == .conflict && error?.message.contains("line 3 of the journal of run run-1") == true)
        // Others are not kept from being read.
        #expect(try await store.runs(limit: 5).map(\.run) == ["run-1"])
    }

    @Test(arguments: [1, 5]) func aJournalWhoseEndIsMissingIsTold(count: Int) async throws {
        let store = try await storeWithJournal()
        try await store.write {
            try $0.execute(sql: "DELETE FROM journal WHERE sequence > ?", arguments: [5 - count])
        }
        let error = await #expect(throws: StoreError.self) { try await store.records(of: "run-1", after: 0) }
        #expect(error?.code == .conflict)
        #expect(error?.message.contains(count == 1 ? "the last line of the journal" : "the last 5 lines") == true)
    }

    @Test func aFolderInItsPlaceIsToldAsSuch() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        #expect(try refusal().contains("it is a folder"))
    }

    @Test func aFileInPlaceOfItsFolderIsToldAsSuch() throws {
        try write([1])
        let error = #expect(throws: StoreError.self) { _ = try SQLiteStore(path: "\(path)/.fettle/fettle.db") }
        #expect(error?.message.contains("Not a directory") == true)
        #expect(error?.message.contains("--dir") == true)
    }

    @Test(.needsRoot) func aFolderThatCannotBeWrittenIsToldAsSuch() throws {
        let disk = try SmallDisk(megabytes: 1, options: "ro")
        let inside = #expect(throws: StoreError.self) { _ = try SQLiteStore(path: "\(disk.directory)/fettle.db") }
        #expect(inside?.message.contains("Read-only file system") == true)
        #expect(inside?.message.contains("--dir") == true)
        let below = #expect(throws: StoreError.self) {
            _ = try SQLiteStore(path: "\(disk.directory)/.fettle/fettle.db")
        }
        #expect(below?.message.contains("Read-only file system") == true)
        #expect(below?.message.contains("NSError") == false)
    }
}
