import FettleEvidence
import FettleModel
import FettleStore
import Foundation
import GRDB
import Testing

@testable import FettleDatabase

@Suite struct LogTests {
    private let folder: TemporaryFolder
    private var path: String { "\(folder.path)/.fettle/fettle.db" }

    init() throws { folder = try TemporaryFolder() }

    /// A store with three entries, and a connection beside it as anybody with the file has one.
    private func filled() async throws -> (SQLiteStore, DatabaseQueue) {
        let store = try SQLiteStore(path: path)
        for number in 1...3 {
            try await store.createRun(RunID("run-\(number)"), change: "c", at: Timestamp(milliseconds: 1))
        }
        return (store, try DatabaseQueue(path: path))
    }

    @Test(arguments: [
        "UPDATE log SET entry = x'7b7d' WHERE sequence = 2", "UPDATE log SET sequence = 9 WHERE sequence = 3",
        "DELETE FROM log", "DELETE FROM log WHERE sequence = 3",
        "INSERT INTO log VALUES (3, x'7b7d', 'x')", "INSERT OR REPLACE INTO log VALUES (3, x'7b7d', 'x')",
        "REPLACE INTO log VALUES (1, x'7b7d', 'x')", "INSERT INTO log VALUES (5, x'7b7d', 'x')",
        "INSERT INTO log VALUES (0, x'7b7d', 'x')", "INSERT INTO log (entry, link) VALUES (x'7b7d', 'x')",
        "INSERT INTO log VALUES (3, x'7b7d', 'x') ON CONFLICT (sequence) DO UPDATE SET link = 'y'",
    ])
    func theDatabaseRefusesToAlterTheLog(statement: String) async throws {
        let (store, queue) = try await filled()
        let before = try await store.log(after: 0, limit: 10)
        let error = await #expect(throws: DatabaseError.self) {
            try await queue.write { try $0.execute(sql: statement) }
        }
        #expect(error?.message?.contains("append-only") == true)
        #expect(try await store.log(after: 0, limit: 10) == before)
        #expect(before.count == 3)
    }

    @Test func whatStandsInTheLogInsteadOfAnEntryIsReadAndTold() async throws {
        let (store, queue) = try await filled()
        try await queue.write { database in
            try database.execute(sql: "DROP TRIGGER log_is_not_altered")
            try database.execute(sql: "UPDATE log SET entry = 7, link = x'ff00' WHERE sequence = 2")
        }
        var examiner = LogExaminer()
        for record in try await store.log(after: 0, limit: 10) { _ = examiner.take(record) }
        #expect(examiner.faults.contains { $0.sequence == 2 })
    }

    @Test("a database from before there was a log gets one, and what it has stays")
    func olderDatabase() async throws {
        try FileManager.default.createDirectory(atPath: "\(folder.path)/.fettle", withIntermediateDirectories: true)
        let queue = try DatabaseQueue(path: path)
        try SQLiteSchema.migrator.migrate(queue, upTo: "3")
        try await queue.write { database in
            try database.execute(sql: "INSERT INTO run (id, change, created_at) VALUES ('run-1', 'change-1', 1)")
        }
        try queue.close()
        let store = try SQLiteStore(path: path)
        #expect(try await store.logHead() == nil)
        try await store.createRun("run-2", change: "change-2", at: Timestamp(milliseconds: 1))
        #expect(try await store.logHead()?.sequence == 1)
        #expect(try await store.runs(limit: 9).count == 2)
    }

    /// So an emptied log does not pass for one that has just begun.
    @Test func sinceWhenThereIsALogOutlivesItsEntries() async throws {
        let before = Timestamp.now()
        let (store, queue) = try await filled()
        let began = try #require(try await store.logBeganAt())
        #expect(before.milliseconds - 1 <= began.milliseconds && began <= .now())
        try await queue.write { database in
            try database.execute(sql: "DROP TRIGGER log_is_not_shortened; DELETE FROM log")
        }
        #expect(try await SQLiteStore(path: path).logBeganAt() == began)
    }

    @Test("a log from before it was written down since when there is one has begun with its first entry")
    func olderLog() async throws {
        try FileManager.default.createDirectory(atPath: "\(folder.path)/.fettle", withIntermediateDirectories: true)
        let queue = try DatabaseQueue(path: path)
        try SQLiteSchema.migrator.migrate(queue, upTo: "4")
        let entry = LogEntry(.runMade, at: Timestamp(milliseconds: 77), change: "c", run: "run-1")
        let record = try #require(try LogChain.sha256.records([entry], after: nil).first)
        try await queue.write { database in
            try database.execute(
                sql: "INSERT INTO log VALUES (1, ?, ?)", arguments: [Data(record.entry), record.link.rawValue])
        }
        try queue.close()
        #expect(try await SQLiteStore(path: path).logBeganAt() == Timestamp(milliseconds: 77))
    }

    /// Whatever a write does, it and its entry are one transaction: where the entry cannot be written, nothing is.
    @Test func withoutItsEntryNothingIsWritten() async throws {
        let (store, queue) = try await filled()
        try await queue.write { database in
            try database.execute(
                sql: "CREATE TRIGGER full BEFORE INSERT ON log BEGIN SELECT RAISE(ABORT, 'no entry today'); END")
        }
        await #expect(throws: StoreError.self) {
            try await store.createRun("run-4", change: "c", at: Timestamp(milliseconds: 1))
        }
        let bytes: [UInt8] = [1]
        let document = StoredDocument(
            kind: .plan, id: "plan-1", digest: LogChain.sha256.digest(bytes), createdAt: Timestamp(milliseconds: 1),
            bytes: bytes)
        await #expect(throws: StoreError.self) { try await store.put(document) }
        await #expect(throws: StoreError.self) { try await store.submit(.resume(by: "a"), to: "run-1") }
        #expect(try await store.summary(of: "run-4") == nil)
        #expect(try await store.document(.plan, id: "plan-1") == nil)
        #expect(try await store.requests(to: "run-1").isEmpty)
    }
}

@Suite(.needsPostgres) struct PostgresLogTests {
    private let address: PostgresAddress
    private let store: PostgresStore

    init() throws {
        address = try PostgresServer.required().newDatabase()
        store = PostgresStore(address)
    }

    @Test(arguments: [
        "UPDATE fettle.log SET link = 'x' WHERE sequence = 2", "DELETE FROM fettle.log",
        "DELETE FROM fettle.log WHERE sequence = 3", "TRUNCATE fettle.log",
        "INSERT INTO fettle.log VALUES (5, 'x', 'x')", "INSERT INTO fettle.log VALUES (0, 'x', 'x')",
        "INSERT INTO fettle.log VALUES (3, 'x', 'x')",
        "INSERT INTO fettle.log VALUES (3, 'x', 'x') ON CONFLICT (sequence) DO UPDATE SET link = 'y'",
        "SET session_replication_role = replica; DELETE FROM fettle.log",
    ])
    func theDatabaseRefusesToAlterTheLog(statement: String) async throws {
        for number in 1...3 {
            try await store.createRun(RunID("run-\(number)"), change: "c", at: Timestamp(milliseconds: 1))
        }
        let before = try await store.log(after: 0, limit: 10)
        let connection = try PostgresConnection(address.settings)
        #expect(throws: PostgresFailure.self) { try connection.executeScript(statement) }
        #expect(try await store.log(after: 0, limit: 10) == before)
        #expect(before.count == 3)
    }

    @Test func sinceWhenThereIsALogIsTheTimeOfItsTables() async throws {
        let before = Timestamp.now()
        let began = try #require(try await store.logBeganAt())
        // The server's clock, which may be some seconds from this one.
        #expect(abs(began.milliseconds - before.milliseconds) < 60_000)
    }

    @Test func ofManyMachinesThatWriteAtOnceEachEntryGetsAPlaceOfItsOwn() async throws {
        let stores = (0..<8).map { _ in PostgresStore(address) }
        await withTaskGroup(of: Void.self) { group in
            for (number, store) in stores.enumerated() {
                group.addTask {
                    for run in 1...10 {
                        try? await store.createRun(
                            RunID("run-\(number)-\(run)"), change: "c", at: Timestamp(milliseconds: 1))
                    }
                }
            }
        }
        var examiner = LogExaminer()
        for record in try await store.log(after: 0, limit: 100) { _ = examiner.take(record) }
        #expect(examiner.faults.isEmpty)
        #expect(examiner.sequence == 80)
    }
}
