public import FettleModel
public import FettleStore
import Foundation
import GRDB

extension SQLiteStore {
    public func createRun(_ run: RunID, change: ChangeID, at time: Timestamp) async throws(StoreError) {
        try await createRun(run, change: change, by: nil, at: time)
    }

    public func createRun(
        _ run: RunID, change: ChangeID, by person: Person?, at time: Timestamp
    ) async throws(StoreError) {
        try await writeNew { database in
            try database.execute(
                sql: "INSERT INTO run (id, change, created_at) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
                arguments: [run.rawValue, change.rawValue, time.milliseconds])
            guard database.changesCount == 1 else { throw StoreError.isThere(run) }
            try Self.note(LogRules.of(made: run, for: change, by: person, at: time), in: database)
        }
    }

    public func claim(
        _ run: RunID, executor: String, at time: Timestamp, leaseSeconds: Int, takeOver: Bool
    ) async throws(StoreError) -> RunClaim {
        try await write { database in
            let row = try Self.runRow(run, in: database)
            let holder: String? = row["executor"]
            let leaseUntil: Int64? = row["lease_until"]
            if let holder, let leaseUntil, leaseUntil > time.milliseconds, holder != executor, !takeOver {
                throw StoreError.held(run, by: holder, until: Timestamp(milliseconds: leaseUntil))
            }
            let epoch: Int = row["epoch"] + 1
            try database.execute(
                sql: "UPDATE run SET epoch = ?, executor = ?, lease_until = ? WHERE id = ?",
                arguments: [epoch, executor, time.adding(seconds: leaseSeconds).milliseconds, run.rawValue])
            return RunClaim(run: run, executor: executor, epoch: epoch)
        }
    }

    public func renew(_ claim: RunClaim, at time: Timestamp, leaseSeconds: Int) async throws(StoreError) {
        try await write { database in
            try database.execute(
                sql: "UPDATE run SET lease_until = ? WHERE id = ? AND epoch = ?",
                arguments: [time.adding(seconds: leaseSeconds).milliseconds, claim.run.rawValue, claim.epoch])
            guard database.changesCount == 1 else { throw StoreError.fenced(claim.run, epoch: claim.epoch) }
        }
    }

    public func release(_ claim: RunClaim) async throws(StoreError) {
        try await write { database in
            try database.execute(
                sql: "UPDATE run SET executor = NULL, lease_until = NULL WHERE id = ? AND epoch = ?",
                arguments: [claim.run.rawValue, claim.epoch])
        }
    }

    public func append(_ records: [JournalRecord], to run: RunID) async throws(StoreError) {
        guard !records.isEmpty else { return }
        try await write { database in
            let row = try Self.runRow(run, in: database)
            let epoch: Int = row["epoch"]
            var last: Int = row["last_sequence"]
            let encoder = JSONEncoder()
            for record in records {
                guard record.epoch == epoch else { throw StoreError.fenced(run, epoch: record.epoch) }
                guard record.sequence == last + 1 else {
                    throw StoreError.outOfOrder(run, sequence: record.sequence, last: last)
                }
                last = record.sequence
                try database.execute(
                    sql: "INSERT INTO journal (run, sequence, epoch, at, schema, event) VALUES (?, ?, ?, ?, ?, ?)",
                    arguments: [
                        run.rawValue, record.sequence, record.epoch, record.at.milliseconds,
                        record.event.schema, try encoder.encode(record.event),
                    ])
            }
            try database.execute(
                sql: "UPDATE run SET last_sequence = ? WHERE id = ?", arguments: [last, run.rawValue])
            let entries = try LogRules.of(records, of: run) { try Self.digest(ofJournal: run, in: database) }
            try Self.note(entries, in: database)
        }
    }

    public func records(of run: RunID, after sequence: Int) async throws(StoreError) -> [JournalRecord] {
        try await read { database in
            let reader = RunEventReader()
            let rows = try Row.fetchCursor(
                database, sql: "SELECT * FROM journal WHERE run = ? AND sequence > ? ORDER BY sequence",
                arguments: [run.rawValue, sequence])
            var records: [JournalRecord] = []
            while let row = try rows.next() {
                let schema: Int = row["schema"]
                guard schema <= JournalRecord.currentSchema else { throw StoreError.newerJournal(run) }
                let line: Int = row["sequence"]
                guard let event = try? reader.event(from: row["event"] as Data) else {
                    throw StoreError.damagedJournal(run, line: line)
                }
                records.append(
                    JournalRecord(
                        sequence: line, epoch: row["epoch"], at: Timestamp(milliseconds: row["at"]), event: event))
            }
            let written = try Int.fetchOne(
                database, sql: "SELECT last_sequence FROM run WHERE id = ?", arguments: [run.rawValue])
            try StoreError.requireWhole(run, read: records.last?.sequence ?? sequence, written: written)
            return records
        }
    }

    public func runs(limit: Int) async throws(StoreError) -> [RunSummary] {
        try await read { database in
            try Row.fetchAll(
                database, sql: "\(Self.summaryColumns) FROM run ORDER BY run.created_at DESC, rowid DESC LIMIT ?",
                arguments: [limit]
            ).map(Self.summary)
        }
    }

    public func summary(of run: RunID) async throws(StoreError) -> RunSummary? {
        try await read { database in
            try Row.fetchOne(database, sql: "\(Self.summaryColumns) FROM run WHERE id = ?", arguments: [run.rawValue])
                .map(Self.summary)
        }
    }

    /// Whatever stands there is read as what should: what was altered is told, and nothing ends at it.
    private static let summaryColumns = """
        SELECT CAST(id AS TEXT) AS id, CAST(change AS TEXT) AS change, CAST(created_at AS INTEGER) AS created_at,
            CAST(epoch AS INTEGER) AS epoch, CAST(executor AS TEXT) AS executor, CAST(lease_until AS INTEGER) AS lease_until
        """

    private static func summary(_ row: Row) -> RunSummary {
        RunSummary(
            run: RunID(row["id"]), change: ChangeID(row["change"]),
            createdAt: Timestamp(milliseconds: row["created_at"]),
            epoch: row["epoch"], executor: row["executor"],
            leaseUntil: (row["lease_until"] as Int64?).map(Timestamp.init(milliseconds:)))
    }

    static func runRow(_ run: RunID, in database: Database) throws -> Row {
        guard let row = try Row.fetchOne(database, sql: "SELECT * FROM run WHERE id = ?", arguments: [run.rawValue])
        else { throw StoreError.noRun(run) }
        return row
    }

    static func require(epoch: Int, of run: RunID, in database: Database) throws {
        guard try runRow(run, in: database)["epoch"] == epoch else { throw StoreError.fenced(run, epoch: epoch) }
    }
}
