import FettleEvidence
public import FettleModel
public import FettleStore
import Foundation
import GRDB

extension SQLiteStore {
    public func log(after sequence: Int, limit: Int) async throws(StoreError) -> [LogRecord] {
        try await read { database in
            try Row.fetchAll(
                database, sql: "\(Self.columns) WHERE sequence > ? ORDER BY sequence LIMIT ?",
                arguments: [sequence, max(0, limit)]
            ).map(Self.record)
        }
    }

    public func logHead() async throws(StoreError) -> LogRecord? { try await read(Self.head) }

    public func logBeganAt() async throws(StoreError) -> Timestamp? {
        try await read { database in
            try Int64.fetchOne(database, sql: "SELECT at FROM log_begin").map { Timestamp(milliseconds: $0) }
        }
    }

    public func bytes(of subject: LogSubject) async throws(StoreError) -> [UInt8]? {
        try await read { database in
            switch subject {
            case .document(let kind, let id):
                try Data.fetchOne(
                    database, sql: "SELECT CAST(bytes AS BLOB) FROM document WHERE kind = ? AND id = ?",
                    arguments: [kind.rawValue, id]
                ).map { [UInt8]($0) }
            case .waiver(let position):
                try Data.fetchOne(
                    database, sql: "SELECT CAST(event AS BLOB) FROM waiver_event WHERE position = ?",
                    arguments: [position]
                ).map { [UInt8]($0) }
            case .journal(let run): try Self.journal(of: run, in: database)
            }
        }
    }

    /// Adds to the log, in the transaction of what the entries tell.
    public func note(_ act: NotedAct) async throws(StoreError) {
        try await writeNew { database in try Self.note(LogRules.of(act), in: database) }
    }

    static func note(_ entries: [LogEntry], in database: Database) throws {
        guard !entries.isEmpty else { return }
        let head = try head(database)
        for record in try LogChain.sha256.records(entries, after: head.map { ($0.sequence, $0.link) }) {
            try database.execute(
                sql: "INSERT INTO log (sequence, entry, link) VALUES (?, ?, ?)",
                arguments: [record.sequence, Data(record.entry), record.link.rawValue])
        }
    }

    static func digest(ofJournal run: RunID, in database: Database) throws -> Digest {
        LogChain.sha256.digest(try journal(of: run, in: database) ?? [])
    }

    /// Whatever stands there is read as what should: a check of the log has to tell of it, and not to end at it.
    private static let columns = "SELECT sequence, CAST(entry AS BLOB) AS entry, CAST(link AS TEXT) AS link FROM log"

    private static func head(_ database: Database) throws -> LogRecord? {
        try Row.fetchOne(database, sql: "\(columns) ORDER BY sequence DESC LIMIT 1").map(record)
    }

    private static func record(_ row: Row) -> LogRecord {
        LogRecord(
            sequence: row["sequence"], entry: [UInt8](row["entry"] as Data), link: Digest(rawValue: row["link"]))
    }

    /// nil: there is none.
    private static func journal(of run: RunID, in database: Database) throws -> [UInt8]? {
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT sequence, CAST(epoch AS INTEGER) AS epoch, CAST(at AS INTEGER) AS at,
                    CAST(schema AS INTEGER) AS schema, CAST(event AS BLOB) AS event
                FROM journal WHERE run = ? ORDER BY sequence
                """,
            arguments: [run.rawValue])
        var bytes: [UInt8] = []
        while let row = try rows.next() {
            bytes += JournalLine.bytes(
                row["sequence"], epoch: row["epoch"], milliseconds: row["at"], schema: row["schema"],
                event: row["event"] as Data)
        }
        return bytes.isEmpty ? nil : bytes
    }
}
