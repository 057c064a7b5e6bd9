import GRDB

/// The tables, as migrations that are never altered once released: a later change is a migration of its own.
enum SQLiteSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE document (
                        kind TEXT NOT NULL, id TEXT NOT NULL, digest TEXT NOT NULL, created_at INTEGER NOT NULL,
                        bytes BLOB NOT NULL, PRIMARY KEY (kind, id)
                    );
                    CREATE INDEX document_by_age ON document (kind, created_at DESC);
                    CREATE TABLE run (
                        id TEXT PRIMARY KEY, change TEXT NOT NULL, created_at INTEGER NOT NULL,
                        epoch INTEGER NOT NULL DEFAULT 0, last_sequence INTEGER NOT NULL DEFAULT 0,
                        executor TEXT, lease_until INTEGER
                    );
                    CREATE TABLE journal (
                        run TEXT NOT NULL REFERENCES run (id), sequence INTEGER NOT NULL, epoch INTEGER NOT NULL,
                        at INTEGER NOT NULL, schema INTEGER NOT NULL, event BLOB NOT NULL,
                        PRIMARY KEY (run, sequence)
                    ) WITHOUT ROWID;
                    CREATE TABLE reservation (
                        resource TEXT PRIMARY KEY, run TEXT NOT NULL, since INTEGER NOT NULL
                    );
                    CREATE TABLE quarantine (
                        id INTEGER PRIMARY KEY, resource TEXT NOT NULL, entry BLOB NOT NULL,
                        settled_by TEXT, settled_at INTEGER, note TEXT
                    );
                    CREATE UNIQUE INDEX quarantine_open ON quarantine (resource) WHERE settled_at IS NULL;
                    CREATE TABLE request (
                        id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL REFERENCES run (id),
                        request BLOB NOT NULL
                    );
                    """)
        }
        return migrator
    }
}
