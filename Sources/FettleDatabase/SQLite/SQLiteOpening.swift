import FettleStore
import Foundation
import GRDB

/// The ways in which a database is opened.
enum SQLiteOpening {
    private static func configuration(isReadOnly: Bool = false) -> Configuration {
        var configuration = Configuration()
        configuration.label = "fettle"
        configuration.readonly = isReadOnly
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA foreign_keys = ON")
        }
        return configuration
    }

    /// Makes the file where there is none, and brings its tables up to date.
    static func toWrite(_ file: SQLiteFile) throws -> DatabasePool {
        // Another program's file is not even to be put into WAL mode.
        if file.exists {
            try DatabaseQueue(path: file.path, configuration: configuration()).inDatabase(file.markAsOwn)
        }
        let database = try DatabasePool(path: file.path, configuration: configuration())
        try database.writeWithoutTransaction { database in
            try file.markAsOwn(database)
            // A pool opens its one writer with NORMAL, which loses the last transactions in a power cut.
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        let migrator = SQLiteSchema.migrator
        try requireNotNewer(database, migrator, file)
        try migrator.migrate(database)
        return database
    }

    /// For who may not write there, such as an auditor, and for what lies on a medium that takes no writes.
    static func toRead(_ file: SQLiteFile) throws -> DatabaseQueue {
        do {
            return try reading(file.path, file)
        } catch let error as DatabaseError
            where [.SQLITE_CANTOPEN, .SQLITE_READONLY].contains(error.resultCode) && !file.hasLog
        {
            // SQLite wants to lay its index beside a write-ahead log, also where there is no log. Nobody writes then, so that the
            // file may be taken for one that does not change (https://sqlite.org/wal.html#read_only_databases).
            return try reading(file.unchangingAddress, file)
        }
    }

    private static func reading(_ path: String, _ file: SQLiteFile) throws -> DatabaseQueue {
        let database = try DatabaseQueue(path: path, configuration: configuration(isReadOnly: true))
        try database.inDatabase(file.requireOwn)
        let migrator = SQLiteSchema.migrator
        try requireNotNewer(database, migrator, file)
        guard try database.read(migrator.hasCompletedMigrations) else {
            throw StoreError(
                .unavailable,
                "the database \(file.path) was made by an earlier Fettle, and its tables have to be brought up to date first\n  "
                    + "any command by somebody who may write there does it")
        }
        return database
    }

    /// A file that was taken for one that does not change is no longer one when somebody writes: what was read meanwhile may be half
    /// of before and half of after.
    static func requireUntouched(_ file: SQLiteFile, since path: String) throws {
        guard path == file.unchangingAddress, file.hasLog else { return }
        throw StoreError(
            .unavailable,
            "the database \(file.path) is written by another process, and read here without its log\n  try it again")
    }

    /// With all tables and nothing in them.
    static func empty() throws -> DatabaseQueue {
        let database = try DatabaseQueue(configuration: configuration())
        try SQLiteSchema.migrator.migrate(database)
        return database
    }

    private static func requireNotNewer(
        _ database: some DatabaseReader, _ migrator: DatabaseMigrator, _ file: SQLiteFile
    ) throws {
        guard try !database.read(migrator.hasBeenSuperseded) else {
            throw StoreError(.tooNew, "the database \(file.path) was made by a newer Fettle; use that one")
        }
    }
}
