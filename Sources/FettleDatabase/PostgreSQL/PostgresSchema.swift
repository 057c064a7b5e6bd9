import FettleStore

/// The tables, all in a schema of their own, as numbered migrations that are never altered once released: a later change is a
/// migration of its own. Names are always written with their schema, so that no search path can lead elsewhere.
enum PostgresSchema {
    static let migrations: [String] = [
        """
        CREATE TABLE fettle.document (
            kind text NOT NULL, id text NOT NULL, digest text NOT NULL, created_at bigint NOT NULL,
            bytes bytea NOT NULL, position bigint GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (kind, id)
        );
        CREATE INDEX document_by_age ON fettle.document (kind, created_at DESC, position DESC);
        CREATE TABLE fettle.run (
            id text PRIMARY KEY, change text NOT NULL, created_at bigint NOT NULL,
            epoch bigint NOT NULL DEFAULT 0, last_sequence bigint NOT NULL DEFAULT 0,
            executor text, lease_until bigint, position bigint GENERATED ALWAYS AS IDENTITY
        );
        CREATE TABLE fettle.journal (
            run text NOT NULL REFERENCES fettle.run (id), sequence bigint NOT NULL, epoch bigint NOT NULL,
            at bigint NOT NULL, schema bigint NOT NULL, event bytea NOT NULL, PRIMARY KEY (run, sequence)
        );
        CREATE TABLE fettle.reservation (
            resource text PRIMARY KEY, run text NOT NULL, since bigint NOT NULL
        );
        CREATE TABLE fettle.quarantine (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, resource text NOT NULL, run text NOT NULL,
            since bigint NOT NULL, entry bytea NOT NULL, settled_by text, settled_at bigint, note text
        );
        CREATE UNIQUE INDEX quarantine_open ON fettle.quarantine (resource) WHERE settled_at IS NULL;
        CREATE INDEX quarantine_filed ON fettle.quarantine (resource, run, since);
        CREATE TABLE fettle.request (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, run text NOT NULL REFERENCES fettle.run (id),
            request bytea NOT NULL
        );
        CREATE INDEX request_by_run ON fettle.request (run, id);
        """,
        """
        CREATE TABLE fettle.waiver_event (position bigint PRIMARY KEY, event bytea NOT NULL);
        CREATE TABLE fettle.look (resource text PRIMARY KEY, at bigint NOT NULL, advisories_at bigint);
        CREATE TABLE fettle.sighting (
            resource text NOT NULL, source text NOT NULL, kind text NOT NULL, name text NOT NULL,
            first_seen_at bigint NOT NULL, last_seen_at bigint NOT NULL, gone_at bigint, outcome text NOT NULL,
            listed_due_at bigint, PRIMARY KEY (resource, source, kind, name)
        );
        CREATE INDEX sighting_gone ON fettle.sighting (gone_at) WHERE gone_at IS NOT NULL;
        """,
        "ALTER TABLE fettle.reservation ADD COLUMN carries bytea",
        // Always: a replication role would switch other triggers off.
        """
        CREATE TABLE fettle.log (sequence bigint PRIMARY KEY, entry bytea NOT NULL, link text NOT NULL);
        CREATE FUNCTION fettle.keep_log() RETURNS trigger LANGUAGE plpgsql AS $body$
            BEGIN
                IF TG_OP = 'INSERT' THEN
                    IF NEW.sequence = (SELECT coalesce(max(sequence), 0) + 1 FROM fettle.log) THEN RETURN NEW; END IF;
                END IF;
                RAISE EXCEPTION 'the log is append-only';
            END
        $body$;
        CREATE TRIGGER log_has_no_gaps BEFORE INSERT ON fettle.log
            FOR EACH ROW EXECUTE FUNCTION fettle.keep_log();
        CREATE TRIGGER log_is_not_altered BEFORE UPDATE OR DELETE OR TRUNCATE ON fettle.log
            FOR EACH STATEMENT EXECUTE FUNCTION fettle.keep_log();
        ALTER TABLE fettle.log ENABLE ALWAYS TRIGGER log_has_no_gaps;
        ALTER TABLE fettle.log ENABLE ALWAYS TRIGGER log_is_not_altered;
        """,
        """
        CREATE TABLE fettle.message_cursor (receiver text PRIMARY KEY, sequence bigint NOT NULL);
        CREATE TABLE fettle.message (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, receiver text NOT NULL, event text NOT NULL, change text,
            is_waiting bigint NOT NULL, created_at bigint NOT NULL, version bigint NOT NULL DEFAULT 1,
            message bytea NOT NULL, UNIQUE (receiver, event)
        );
        CREATE INDEX message_waiting ON fettle.message (id) WHERE is_waiting = 1;
        CREATE INDEX message_about ON fettle.message (change, receiver, id);
        """,
    ]

    /// The migration that made the log: when it was applied is since when there is one.
    static let logMigration: Int64 = 4

    static var latest: Int64 { Int64(migrations.count) }

    /// Any two numbers, as long as every Fettle takes the same: whoever holds this lock migrates.
    private static let lock: [PostgresValue] = [.integer(0x6665_7474_6c65)]

    /// Looks whether the tables are there and of this version, and brings them up to date if not. Several processes may do so
    /// at once: the lock lets one through, and the others then find the work done.
    ///
    /// - Throws: `StoreError` with `tooNew` if a later Fettle made them; `PostgresFailure`.
    static func bringUpToDate(_ connection: PostgresConnection, address: String) throws {
        if try version(connection, address: address) == latest { return }
        try connection.execute("BEGIN")
        do {
            try connection.execute("SELECT pg_catalog.pg_advisory_xact_lock($1)", lock)
            let present = try version(connection, address: address)
            if present < latest { try migrate(connection, from: present) }
            try connection.execute("COMMIT")
        } catch {
            _ = try? connection.execute("ROLLBACK")
            throw error
        }
    }

    /// The version of the tables; 0 if there are none.
    private static func version(_ connection: PostgresConnection, address: String) throws -> Int64 {
        // From the catalogue's rows: to_regclass answers from a cache that may be older than the lock.
        let isThere = try connection.execute(
            """
            SELECT EXISTS (
                SELECT 1 FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace AS schema ON schema.oid = relnamespace
                WHERE nspname = 'fettle' AND relname = 'migration')
            """)
        guard try isThere.bool(0, 0) else { return 0 }
        let version = try connection.execute(
            "SELECT coalesce(max(version), 0)::bigint FROM fettle.migration"
        ).integer(0, 0)
        guard version <= latest else {
            throw StoreError(
                .tooNew,
                "the tables in \(address) were made by a newer Fettle (version \(version), this one knows \(latest)); "
                    + "use that one")
        }
        return version
    }

    private static func migrate(_ connection: PostgresConnection, from present: Int64) throws {
        // A migration of a large table takes its time, and there is nobody to give way to: the lock is held.
        try connection.executeScript("SET LOCAL statement_timeout = '10min'")
        let hasSchema = try connection.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'fettle')"
        ).bool(0, 0)
        // Asked for only where it is missing: it takes a right that an administrator may keep to themselves.
        if !hasSchema { try connection.execute("CREATE SCHEMA fettle") }
        if present == 0 {
            try connection.execute(
                """
                CREATE TABLE fettle.migration (
                    version bigint PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT pg_catalog.now()
                )
                """)
        }
        for (index, migration) in migrations.enumerated() where Int64(index) >= present {
            try connection.executeScript(migration, seconds: 600)
            try connection.execute("INSERT INTO fettle.migration (version) VALUES ($1)", [.integer(index + 1)])
        }
    }
}
