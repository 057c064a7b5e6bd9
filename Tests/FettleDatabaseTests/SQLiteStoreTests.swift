import FettleModel
import FettleStore
import FettleTestSupport
import Foundation
import GRDB
import Testing

@testable import FettleDatabase

@Suite struct SQLiteStoreTests {
    private let folder: TemporaryFolder
    private var path: String { "\(folder.path)/.fettle/fettle.db" }

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: StoreConformance.checks)
    func keepsEveryPromiseOfAStore(check: StoreConformance.Check) async throws {
        try await check.run(try SQLiteStore(path: path))
    }

    @Test func whatWasAppendedIsThereForTheNextProcess() async throws {
        let first = try SQLiteStore(path: path)
        try await first.createRun("run-1", change: "change-1", at: Timestamp(milliseconds: 1))
        let claim = try await first.claim(
            "run-1", executor: "a", at: Timestamp(milliseconds: 1), leaseSeconds: 30, takeOver: false)
        let record = JournalRecord(
            sequence: 1, epoch: claim.epoch, at: Timestamp(milliseconds: 2), event: .claimed(executor: "a"))
        try await first.append([record], to: "run-1")
        let second = try SQLiteStore(path: path)
        #expect(try await second.records(of: "run-1", after: 0) == [record])
    }

    @Test func aDatabaseOfANewerFettleIsRefused() async throws {
        _ = try SQLiteStore(path: path)
        let queue = try DatabaseQueue(path: path)
        try await queue.write { database in
            try database.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('999')")
        }
        let error = #expect(throws: StoreError.self) { _ = try SQLiteStore(path: path) }
        #expect(error?.code == .tooNew)
        #expect(error?.message.contains(path) == true && error?.message.contains("newer Fettle") == true)
    }

    @Test("a database from before there were waivers keeps what it has and gets the new tables")
    func olderDatabase() async throws {
        try FileManager.default.createDirectory(atPath: "\(folder.path)/.fettle", withIntermediateDirectories: true)
        let queue = try DatabaseQueue(path: path)
        try SQLiteSchema.migrator.migrate(queue, upTo: "1")
        try await queue.write { database in
            try database.execute(sql: "INSERT INTO run (id, change, created_at) VALUES ('run-1', 'change-1', 1)")
            #expect(try !database.tableExists("waiver_event"))
        }
        try queue.close()
        let store = try SQLiteStore(path: path)
        #expect(try await store.runs(limit: 10).map(\.run) == ["run-1"])
        #expect(try await store.waiverEvents().isEmpty)
        try await store.record(
            FindingLook(
                at: Timestamp(milliseconds: 1), judged: ["web-1": [.fix]], exploitedChecked: false,
                seen: [
                    SightingKey(resource: "web-1", source: "a", kind: .fix, name: "2"): .init(outcome: .scheduled)
                ]))
        #expect(try await SQLiteStore(path: path).sightings().count == 1)
    }

    @Test func everyWriteIsSyncedBeforeItReturns() async throws {
        let store = try SQLiteStore(path: path)
        try await store.createRun("run-1", change: "change-1", at: Timestamp(milliseconds: 1))
        #expect(try await store.synchronousLevel() == 2)
    }
}
