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

    @Test func everyWriteIsSyncedBeforeItReturns() async throws {
        let store = try SQLiteStore(path: path)
        try await store.createRun("run-1", change: "change-1", at: Timestamp(milliseconds: 1))
        #expect(try await store.synchronousLevel() == 2)
    }
}
