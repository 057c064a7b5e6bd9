public import FettleModel
public import FettleStore
import Foundation

extension PostgresStore {
    public func reserve(
        _ request: ReservationRequest, epoch: Int
    ) async throws(StoreError) -> ReservationDecision {
        try await session.write { database in
            try Self.require(epoch: epoch, of: request.run, in: database)
            // The rule is about a sum over rows that are not there yet, so no row can be locked for it. The table's own number
            // keeps the lock apart from other programs' in the same database.
            try database.execute(
                """
                SELECT pg_catalog.pg_advisory_xact_lock(
                    'pg_class'::pg_catalog.regclass::oid::int, 'fettle.reservation'::pg_catalog.regclass::oid::int)
                """)
            let held = try Self.reservations(database)
            let decision = request.decision(held: held)
            if decision == .granted, !held.contains(where: { $0.resource == request.resource }) {
                try database.execute(
                    "INSERT INTO fettle.reservation (resource, run, since, carries) VALUES ($1, $2, $3, $4)",
                    [
                        .text(request.resource.rawValue), .text(request.run.rawValue),
                        .integer(request.at.milliseconds), .bytes([UInt8](try JSONEncoder().encode(request.carries))),
                    ])
            }
            return decision
        }
    }

    public func release(_ resource: ResourceID, by run: RunID, epoch: Int) async throws(StoreError) {
        try await session.write { database in
            try Self.require(epoch: epoch, of: run, in: database)
            _ = try database.execute(
                "DELETE FROM fettle.reservation WHERE resource = $1 AND run = $2",
                [.text(resource.rawValue), .text(run.rawValue)])
        }
    }

    public func reservations() async throws(StoreError) -> [Reservation] {
        try await session.read { try Self.reservations($0) }
    }

    static func reservations(_ database: PostgresConnection) throws -> [Reservation] {
        let rows = try database.execute(
            #"SELECT run, resource, since, carries FROM fettle.reservation ORDER BY resource COLLATE "C""#)
        return try (0..<rows.count).map { row in
            // Written by a Fettle that knew nothing of it: nothing.
            let carries = try rows.optionalBytes(row, 3)
            return Reservation(
                run: RunID(try rows.text(row, 0)), resource: ResourceID(try rows.text(row, 1)),
                carries: try carries.map { try JSONDecoder().decode([ResourceID].self, from: Data($0)) } ?? [],
                since: Timestamp(milliseconds: try rows.integer(row, 2)))
        }
    }

    public func quarantine(_ entry: QuarantineEntry) async throws(StoreError) {
        try await session.write { database in
            // Filed again after a crash: what a person has settled since stays settled.
            _ = try database.execute(
                """
                INSERT INTO fettle.quarantine (resource, run, since, entry)
                SELECT $1, $2, $3, $4 WHERE NOT EXISTS (
                    SELECT 1 FROM fettle.quarantine WHERE resource = $1 AND run = $2 AND since = $3)
                ON CONFLICT (resource) WHERE settled_at IS NULL
                DO UPDATE SET run = excluded.run, since = excluded.since, entry = excluded.entry
                """,
                [
                    .text(entry.resource.rawValue), .text(entry.run.rawValue), .integer(entry.since.milliseconds),
                    .bytes([UInt8](try JSONEncoder().encode(entry))),
                ])
        }
    }

    public func quarantined() async throws(StoreError) -> [QuarantineEntry] {
        try await session.read { database in
            let rows = try database.execute(
                "SELECT entry FROM fettle.quarantine WHERE settled_at IS NULL ORDER BY since, id")
            return try (0..<rows.count).map { row in
                try JSONDecoder().decode(QuarantineEntry.self, from: Data(try rows.bytes(row, 0)))
            }
        }
    }

    public func settle(
        _ resource: ResourceID, by person: Person, at time: Timestamp, note: String
    ) async throws(StoreError) -> QuarantineEntry {
        try await session.write { database in
            let settled = try database.execute(
                """
                UPDATE fettle.quarantine SET settled_by = $2, settled_at = $3, note = $4
                WHERE resource = $1 AND settled_at IS NULL RETURNING entry
                """,
                [
                    .text(resource.rawValue), .text(person.rawValue), .integer(time.milliseconds), .text(note),
                ])
            guard settled.count == 1 else { throw StoreError.notQuarantined(resource) }
            let entry = try JSONDecoder().decode(QuarantineEntry.self, from: Data(try settled.bytes(0, 0)))
            try database.execute(
                "DELETE FROM fettle.reservation WHERE resource = $1 AND run = $2",
                [.text(resource.rawValue), .text(entry.run.rawValue)])
            try Self.note(LogRules.of(settled: entry, by: person, at: time), in: database)
            return entry
        }
    }

    public func submit(_ request: RunRequest, to run: RunID) async throws(StoreError) {
        try await session.write { database in
            let written = try database.execute(
                "INSERT INTO fettle.request (run, request) SELECT id, $2 FROM fettle.run WHERE id = $1",
                [.text(run.rawValue), .bytes([UInt8](try JSONEncoder().encode(request)))])
            guard written.affected == 1 else { throw StoreError.noRun(run) }
            try Self.note(LogRules.of(request, to: run), in: database)
        }
    }

    public func requests(to run: RunID) async throws(StoreError) -> [StoredRunRequest] {
        try await session.read { database in
            let rows = try database.execute(
                "SELECT id, request FROM fettle.request WHERE run = $1 ORDER BY id", [.text(run.rawValue)])
            return try (0..<rows.count).map { row in
                StoredRunRequest(
                    id: try rows.integer(row, 0), run: run,
                    request: try JSONDecoder().decode(RunRequest.self, from: Data(try rows.bytes(row, 1))))
            }
        }
    }

    public func remove(_ request: StoredRunRequest, epoch: Int) async throws(StoreError) {
        try await session.write { database in
            try Self.require(epoch: epoch, of: request.run, in: database)
            _ = try database.execute("DELETE FROM fettle.request WHERE id = $1", [.integer(request.id)])
        }
    }
}
