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
    ///
    /// Where nobody has the database open SQLite would lay a log and its index beside it, which then were the reader's and in the owner's way.
    /// So the file is taken for one that does not change (https://sqlite.org/wal.html#read_only_databases), for as long as its mark does not.
    static func toRead(_ file: SQLiteFile) throws -> DatabaseQueue {
        if file.hasIndex, file.isLogThere { return try reading(file.path, file) }
        guard !file.hasLog else { throw notFolded(file) }
        return try reading(file.unchangingAddress, file)
    }

    private static func notFolded(_ file: SQLiteFile) -> StoreError {
        StoreError(
            .unavailable,
            "the database \(file.path) was not closed by who wrote to it: what was written last is in a log beside it\n  "
                + "any command by somebody who may write there folds that in")
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
