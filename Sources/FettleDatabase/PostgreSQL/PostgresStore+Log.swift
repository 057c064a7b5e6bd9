import FettleEvidence
public import FettleModel
public import FettleStore

extension PostgresStore {
    public func log(after sequence: Int, limit: Int) async throws(StoreError) -> [LogRecord] {
        try await session.read { database in
            let rows = try database.execute(
                "SELECT sequence, entry, link FROM fettle.log WHERE sequence > $1 ORDER BY sequence LIMIT $2",
                [.integer(sequence), .integer(max(0, limit))])
            return try (0..<rows.count).map { try Self.record(rows, $0) }
        }
    }

    public func logHead() async throws(StoreError) -> LogRecord? { try await session.read { try Self.head($0) } }

    public func logBeganAt() async throws(StoreError) -> Timestamp? {
        try await session.read { database in
            let rows = try database.execute(
                """
                SELECT pg_catalog.floor(extract(epoch FROM applied_at) * 1000)::bigint FROM fettle.migration WHERE version = $1
                """, [.integer(PostgresSchema.logMigration)])
            return rows.count == 1 ? Timestamp(milliseconds: try rows.integer(0, 0)) : nil
        }
    }

    public func bytes(of subject: LogSubject) async throws(StoreError) -> [UInt8]? {
        switch subject {
        case .document(let kind, let id): return try await document(kind, id: id)?.bytes
        case .waiver(let position):
            return try await session.read { database in
                let rows = try database.execute(
                    "SELECT event FROM fettle.waiver_event WHERE position = $1", [.integer(position)])
                return rows.count == 1 ? try rows.bytes(0, 0) : nil
            }
        case .journal(let run): return try await session.read { try Self.journal(of: run, in: $0) }
        }
    }

    /// Adds to the log, in the transaction of what the entries tell. The lock lasts until that ends, so it is the last one that a
    /// transaction takes: whoever holds it waits for nobody.
    public func note(_ act: NotedAct) async throws(StoreError) {
        try await session.write { database in try Self.note(LogRules.of(act), in: database) }
    }

    static func note(_ entries: [LogEntry], in database: PostgresConnection) throws {
        guard !entries.isEmpty else { return }
        try lock("fettle.log", in: database)
        let head = try head(database)
        for record in try LogChain.sha256.records(entries, after: head.map { ($0.sequence, $0.link) }) {
            try database.execute(
                "INSERT INTO fettle.log (sequence, entry, link) VALUES ($1, $2, $3)",
                [.integer(record.sequence), .bytes(record.entry), .text(record.link.rawValue)])
        }
    }

    static func digest(ofJournal run: RunID, in database: PostgresConnection) throws -> Digest {
        LogChain.sha256.digest(try journal(of: run, in: database) ?? [])
    }

    private static func head(_ database: PostgresConnection) throws -> LogRecord? {
        let rows = try database.execute("SELECT sequence, entry, link FROM fettle.log ORDER BY sequence DESC LIMIT 1")
        return rows.count == 1 ? try record(rows, 0) : nil
    }

    private static func record(_ rows: PostgresRows, _ row: Int) throws -> LogRecord {
        LogRecord(
            sequence: Int(try rows.integer(row, 0)), entry: try rows.bytes(row, 1),
            link: Digest(rawValue: try rows.text(row, 2)))
    }

    /// nil: there is none. In pieces, as for whoever reads it.
    private static func journal(of run: RunID, in database: PostgresConnection) throws -> [UInt8]? {
        var bytes: [UInt8] = []
        var last: Int64 = 0
        while true {
            let rows = try database.execute(
                """
                SELECT sequence, epoch, at, schema, event FROM fettle.journal WHERE run = $1 AND sequence > $2
                ORDER BY sequence LIMIT $3
                """, [.text(run.rawValue), .integer(last), .integer(pageSize)])
            for row in 0..<rows.count {
                last = try rows.integer(row, 0)
                bytes += JournalLine.bytes(
                    Int(last), epoch: Int(try rows.integer(row, 1)), milliseconds: try rows.integer(row, 2),
                    schema: Int(try rows.integer(row, 3)), event: try rows.bytes(row, 4))
            }
            if rows.count < pageSize { return bytes.isEmpty ? nil : bytes }
        }
    }
}
