import FettleModel
public import FettleStore
import Foundation
import GRDB

/// The embedded default: one SQLite file in WAL mode, no server. One file serves several processes on one machine.
///
/// Every write is one transaction that is synced to disk before it returns (`synchronous = FULL`): an intent that was
/// journaled survives the power cut that follows it (I2). The wall clock comes in with each call, as leases are judged by it.
public final class SQLiteStore: Store {
    let database: DatabasePool

    /// Opens the file, making it and its folder if need be, and brings its tables up to date.
    ///
    /// - Throws: `StoreError` with `unavailable` if it cannot be opened or is damaged, `tooNew` if a later Fettle made it.
    public init(path: String) throws(StoreError) {
        do {
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            var configuration = Configuration()
            configuration.label = "fettle"
            configuration.busyMode = .timeout(10)
            configuration.prepareDatabase { database in
                try database.execute(sql: "PRAGMA foreign_keys = ON")
            }
            database = try DatabasePool(path: path, configuration: configuration)
            // A pool opens its one writer with NORMAL, which loses the last transactions in a power cut.
            try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try Self.migrate(database, path: path)
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError(.unavailable, "cannot open the database \(path): \(error)")
        }
    }

    private static func migrate(_ database: DatabasePool, path: String) throws {
        let migrator = SQLiteSchema.migrator
        let isTooNew = try database.read { try migrator.hasBeenSuperseded($0) }
        guard !isTooNew else {
            throw StoreError(.tooNew, "the database \(path) was made by a newer Fettle; use that one")
        }
        try migrator.migrate(database)
    }

    /// Runs `body` in one immediate transaction.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await database.write(body)
        } catch {
            throw Self.storeError(error)
        }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await database.read(body)
        } catch {
            throw Self.storeError(error)
        }
    }

    private static func storeError(_ error: any Error) -> StoreError {
        if let error = error as? StoreError { return error }
        if let error = error as? DatabaseError {
            switch error.resultCode {
            case .SQLITE_FULL:
                return StoreError(.unavailable, "the disk that holds the database is full; nothing was written")
            case .SQLITE_CONSTRAINT:
                return StoreError(.conflict, "the database refused the write: \(error.message ?? "constraint")")
            default:
                return StoreError(.unavailable, "the database cannot be used: \(error)")
            }
        }
        return StoreError(.unavailable, "the database cannot be used: \(error)")
    }
}

extension SQLiteStore {
    /// SQLite's `synchronous` as the writing connection has it: 2 is FULL.
    func synchronousLevel() async throws(StoreError) -> Int {
        try await write { database in try Int.fetchOne(database, sql: "PRAGMA synchronous") ?? -1 }
    }
}
