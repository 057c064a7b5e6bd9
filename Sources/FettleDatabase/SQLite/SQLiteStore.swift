import FettleModel
public import FettleStore
import Foundation
import GRDB

/// The embedded default: one SQLite file in WAL mode, no server. One file serves several processes on one machine.
///
/// Every write is one transaction that is synced to disk before it returns (`synchronous = FULL`): an intent that was
/// journaled survives the power cut that follows it (I2). The wall clock comes in with each call, as leases are judged by it.
/// On a full disk, what a running run has to write goes to a reserve (`DiskReserve`).
public final class SQLiteStore: Store {
    let database: DatabasePool
    let reserve: DiskReserve
    private let file: SQLiteFile

    /// Opens the file, making it and its folder if need be, and brings its tables up to date.
    ///
    /// - Throws: `StoreError` with `unavailable` if it cannot be opened, is damaged or another program's, `tooNew` if a later
    ///   Fettle made it.
    public init(path: String) throws(StoreError) {
        file = SQLiteFile(path: path)
        reserve = DiskReserve(database: path)
        try file.makeFolder()
        try file.requireWhole()
        file.makeForItsOwner()
        do {
            database = try Self.usingUp(reserve) { [file] in try Self.open(file) }
        } catch {
            throw file.words(for: error)
        }
        _ = reserve.refill()
    }

    private static func open(_ file: SQLiteFile) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.label = "fettle"
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA foreign_keys = ON")
        }
        // Another program's file is not even to be put into WAL mode.
        if FileManager.default.fileExists(atPath: file.path) {
            try DatabaseQueue(path: file.path, configuration: configuration).inDatabase(file.requireOwn)
        }
        let database = try DatabasePool(path: file.path, configuration: configuration)
        try database.writeWithoutTransaction { database in
            try file.requireOwn(database)
            // A pool opens its one writer with NORMAL, which loses the last transactions in a power cut.
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        let migrator = SQLiteSchema.migrator
        guard try !database.read(migrator.hasBeenSuperseded) else {
            throw StoreError(.tooNew, "the database \(file.path) was made by a newer Fettle; use that one")
        }
        try migrator.migrate(database)
        return database
    }

    /// Runs `body` in one immediate transaction. Where the disk is full it may use up the reserve: for what a run that is
    /// under way has to write.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        while true {
            do {
                return try await database.write(body)
            } catch {
                guard SQLiteFile.isOutOfSpace(error), reserve.giveUpPiece() else { throw file.words(for: error) }
            }
        }
    }

    /// Runs `body` in one immediate transaction that leaves the reserve alone, and what was given up of it too: for what can
    /// wait until there is room.
    func writeNew<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        if let wantOfRoom { throw StoreError(.unavailable, wantOfRoom) }
        do {
            return try await database.write(body)
        } catch {
            throw file.words(for: error)
        }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await database.read(body)
        } catch {
            throw file.words(for: error)
        }
    }

    private static func usingUp<Value>(_ reserve: DiskReserve, _ body: () throws -> Value) throws -> Value {
        while true {
            do {
                return try body()
            } catch {
                guard SQLiteFile.isOutOfSpace(error), reserve.giveUpPiece() else { throw error }
            }
        }
    }

    /// Why nothing new is begun now; nil if there is room.
    var wantOfRoom: String? {
        reserve.refill()
            ? nil
            : "the disk that holds \(file.path) is too full for the journal of a run: make at least 32 MiB of room there"
    }
}

extension SQLiteStore {
    /// SQLite's `synchronous` as the writing connection has it: 2 is FULL.
    func synchronousLevel() async throws(StoreError) -> Int {
        try await write { database in try Int.fetchOne(database, sql: "PRAGMA synchronous") ?? -1 }
    }
}
