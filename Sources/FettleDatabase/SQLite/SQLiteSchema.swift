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
        migrator.registerMigration("2") { database in
            try database.execute(
                sql: """
                    CREATE TABLE waiver_event (position INTEGER PRIMARY KEY, event BLOB NOT NULL);
                    CREATE TABLE look (resource TEXT PRIMARY KEY, at INTEGER NOT NULL, advisories_at INTEGER) WITHOUT ROWID;
                    CREATE TABLE sighting (
                        resource TEXT NOT NULL, source TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
                        first_seen_at INTEGER NOT NULL, last_seen_at INTEGER NOT NULL, gone_at INTEGER,
                        outcome TEXT NOT NULL, listed_due_at INTEGER,
                        PRIMARY KEY (resource, source, kind, name)
                    ) WITHOUT ROWID;
                    CREATE INDEX sighting_gone ON sighting (gone_at) WHERE gone_at IS NOT NULL;
                    """)
        }
        migrator.registerMigration("3") { database in
            try database.execute(sql: "ALTER TABLE reservation ADD COLUMN carries BLOB")
        }
        migrator.registerMigration("4") { database in
            // The third trigger is for INSERT OR REPLACE, too: what it replaces is deleted without a word to the second.
            try database.execute(
                sql: """
                    CREATE TABLE log (sequence INTEGER PRIMARY KEY, entry BLOB NOT NULL, link TEXT NOT NULL);
                    CREATE TRIGGER log_is_not_altered BEFORE UPDATE ON log
                        BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
                    CREATE TRIGGER log_is_not_shortened BEFORE DELETE ON log
                        BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
                    CREATE TRIGGER log_has_no_gaps BEFORE INSERT ON log
                        WHEN NEW.sequence IS NOT (SELECT coalesce(max(sequence), 0) + 1 FROM log)
                        BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
                    """)
        }
        migrator.registerMigration("6") { database in
            try database.execute(
                sql: """
                    CREATE TABLE message_cursor (receiver TEXT PRIMARY KEY, sequence INTEGER NOT NULL) WITHOUT ROWID;
                    CREATE TABLE message (
                        id INTEGER PRIMARY KEY AUTOINCREMENT, receiver TEXT NOT NULL, event TEXT NOT NULL, change TEXT,
                        is_waiting INTEGER NOT NULL, created_at INTEGER NOT NULL, version INTEGER NOT NULL DEFAULT 1,
                        message BLOB NOT NULL, UNIQUE (receiver, event)
                    );
                    CREATE INDEX message_waiting ON message (id) WHERE is_waiting = 1;
                    CREATE INDEX message_about ON message (change, receiver, id);
                    """)
        }
        return migrator
    }
}
