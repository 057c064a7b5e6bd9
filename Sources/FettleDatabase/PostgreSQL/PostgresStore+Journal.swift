public import FettleModel
public import FettleStore
import Foundation

extension PostgresStore {
    public func createRun(_ run: RunID, change: ChangeID, at time: Timestamp) async throws(StoreError) {
        try await createRun(run, change: change, by: nil, at: time)
    }

    public func createRun(
        _ run: RunID, change: ChangeID, by person: Person?, at time: Timestamp
    ) async throws(StoreError) {
        try await session.write { database in
            let written = try database.execute(
                """
                INSERT INTO fettle.run (id, change, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING
                """,
                [.text(run.rawValue), .text(change.rawValue), .integer(time.milliseconds)])
            guard written.affected == 1 else { throw StoreError.isThere(run) }
            try Self.note(LogRules.of(made: run, for: change, by: person, at: time), in: database)
        }
    }

    public func claim(
        _ run: RunID, executor: String, at time: Timestamp, leaseSeconds: Int, takeOver: Bool
    ) async throws(StoreError) -> RunClaim {
        try await session.write { database in
            let present = try Self.locked(run, in: database)
            if let holder = present.executor, let end = present.leaseUntil, end > time, holder != executor, !takeOver {
                throw StoreError.held(run, by: holder, until: end)
            }
            try database.execute(
                "UPDATE fettle.run SET epoch = $2, executor = $3, lease_until = $4 WHERE id = $1",
                [
                    .text(run.rawValue), .integer(present.epoch + 1), .text(executor),
                    .integer(time.adding(seconds: leaseSeconds).milliseconds),
                ])
            return RunClaim(run: run, executor: executor, epoch: present.epoch + 1)
        }
    }

    public func renew(_ claim: RunClaim, at time: Timestamp, leaseSeconds: Int) async throws(StoreError) {
        try await session.write { database in
            let written = try database.execute(
                "UPDATE fettle.run SET lease_until = $3 WHERE id = $1 AND epoch = $2",
                [
                    .text(claim.run.rawValue), .integer(claim.epoch),
                    .integer(time.adding(seconds: leaseSeconds).milliseconds),
                ])
            guard written.affected == 1 else { throw StoreError.fenced(claim.run, epoch: claim.epoch) }
        }
    }

    public func release(_ claim: RunClaim) async throws(StoreError) {
        try await session.write { database in
            _ = try database.execute(
                "UPDATE fettle.run SET executor = NULL, lease_until = NULL WHERE id = $1 AND epoch = $2",
                [.text(claim.run.rawValue), .integer(claim.epoch)])
        }
    }

    public func append(_ records: [JournalRecord], to run: RunID) async throws(StoreError) {
        guard !records.isEmpty else { return }
        try await session.write { database in
            let present = try Self.locked(run, in: database)
            var last = present.lastSequence
            let encoder = JSONEncoder()
            for record in records {
                guard record.epoch == present.epoch else { throw StoreError.fenced(run, epoch: record.epoch) }
                guard record.sequence == last + 1 else {
                    throw StoreError.outOfOrder(run, sequence: record.sequence, last: last)
                }
                last = record.sequence
                try database.execute(
                    """
                    INSERT INTO fettle.journal (run, sequence, epoch, at, schema, event)
                    VALUES ($1, $2, $3, $4, $5, $6)
                    """,
                    [
                        .text(run.rawValue), .integer(record.sequence), .integer(record.epoch),
                        .integer(record.at.milliseconds), .integer(record.event.schema),
                        .bytes([UInt8](try encoder.encode(record.event))),
                    ])
            }
            try database.execute(
                "UPDATE fettle.run SET last_sequence = $2 WHERE id = $1", [.text(run.rawValue), .integer(last)])
            let entries = try LogRules.of(records, of: run) { try Self.digest(ofJournal: run, in: database) }
            try Self.note(entries, in: database)
        }
    }

    public func records(of run: RunID, after sequence: Int) async throws(StoreError) -> [JournalRecord] {
        var records: [JournalRecord] = []
        // Asked first: what is written meanwhile comes on top of it.
        let written = try await session.read { try Self.written(of: run, in: $0) }
        while true {
            let last = records.last?.sequence ?? sequence
            let page = try await session.read { try Self.page(of: run, after: last, in: $0) }
            records += page
            if page.count < Self.pageSize {
                try StoreError.requireWhole(run, read: records.last?.sequence ?? sequence, written: written)
                return records
            }
        }
    }

    /// How many lines were ever written; nil: there is no such run.
    private static func written(of run: RunID, in database: PostgresConnection) throws -> Int? {
        let rows = try database.execute(
            "SELECT last_sequence FROM fettle.run WHERE id = $1", [.text(run.rawValue)])
        return rows.count == 0 ? nil : Int(try rows.integer(0, 0))
    }

    /// libpq holds a whole answer in memory, beside what is made of it: a long journal comes in pieces.
    static let pageSize = 500

    private static func page(
        of run: RunID, after sequence: Int, in database: PostgresConnection
    ) throws -> [JournalRecord] {
        let rows = try database.execute(
            """
            SELECT sequence, epoch, at, schema, event FROM fettle.journal WHERE run = $1 AND sequence > $2
            ORDER BY sequence LIMIT $3
            """,
            [.text(run.rawValue), .integer(sequence), .integer(pageSize)])
        let reader = RunEventReader()
        return try (0..<rows.count).map { row in
            guard try rows.integer(row, 3) <= JournalRecord.currentSchema else { throw StoreError.newerJournal(run) }
            let line = Int(try rows.integer(row, 0))
            let bytes = Data(try rows.bytes(row, 4))
            guard let event = try? reader.event(from: bytes) else { throw StoreError.damagedJournal(run, line: line) }
            return JournalRecord(
                sequence: line, epoch: Int(try rows.integer(row, 1)),
                at: Timestamp(milliseconds: try rows.integer(row, 2)), event: event)
        }
    }

    public func runs(limit: Int) async throws(StoreError) -> [RunSummary] {
        try await session.read { database in
            let rows = try database.execute(
                """
                SELECT id, change, created_at, epoch, executor, lease_until FROM fettle.run
                ORDER BY created_at DESC, position DESC LIMIT $1
                """, [.integer(max(0, limit))])
            return try (0..<rows.count).map { try Self.summary(rows, $0) }
        }
    }

    public func summary(of run: RunID) async throws(StoreError) -> RunSummary? {
        try await session.read { database in
            let rows = try database.execute(
                "SELECT id, change, created_at, epoch, executor, lease_until FROM fettle.run WHERE id = $1",
                [.text(run.rawValue)])
            return rows.count == 1 ? try Self.summary(rows, 0) : nil
        }
    }

    private static func summary(_ rows: PostgresRows, _ row: Int) throws -> RunSummary {
        RunSummary(
            run: RunID(try rows.text(row, 0)), change: ChangeID(try rows.text(row, 1)),
            createdAt: Timestamp(milliseconds: try rows.integer(row, 2)), epoch: Int(try rows.integer(row, 3)),
            executor: try rows.optionalText(row, 4),
            leaseUntil: try rows.optionalInteger(row, 5).map(Timestamp.init(milliseconds:)))
    }

    struct PresentRun {
        var epoch: Int
        var lastSequence: Int
        var executor: String?
        var leaseUntil: Timestamp?
    }

    /// Nobody claims the run until this transaction ends.
    static func require(epoch: Int, of run: RunID, in database: PostgresConnection) throws {
        let rows = try database.execute(
            "SELECT epoch FROM fettle.run WHERE id = $1 FOR SHARE", [.text(run.rawValue)])
        guard rows.count == 1 else { throw StoreError.noRun(run) }
        guard Int(try rows.integer(0, 0)) == epoch else { throw StoreError.fenced(run, epoch: epoch) }
    }

    /// The run as it is now, and nobody else alters it until this transaction ends.
    static func locked(_ run: RunID, in database: PostgresConnection) throws -> PresentRun {
        let rows = try database.execute(
            "SELECT epoch, last_sequence, executor, lease_until FROM fettle.run WHERE id = $1 FOR UPDATE",
            [.text(run.rawValue)])
        guard rows.count == 1 else { throw StoreError.noRun(run) }
        return PresentRun(
            epoch: Int(try rows.integer(0, 0)), lastSequence: Int(try rows.integer(0, 1)),
            executor: try rows.optionalText(0, 2),
            leaseUntil: try rows.optionalInteger(0, 3).map(Timestamp.init(milliseconds:)))
    }
}
