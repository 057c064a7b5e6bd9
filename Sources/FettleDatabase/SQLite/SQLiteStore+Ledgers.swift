public import FettleModel
public import FettleStore
import Foundation
import GRDB

extension SQLiteStore {
    public func reserve(
        _ request: ReservationRequest, epoch: Int
    ) async throws(StoreError) -> ReservationDecision {
        let wantOfRoom = wantOfRoom
        return try await write { database in
            try Self.require(epoch: epoch, of: request.run, in: database)
            let held = try Row.fetchAll(database, sql: "SELECT * FROM reservation ORDER BY resource")
                .map(Self.reservation)
            let decision = request.decision(held: held)
            if decision == .granted, !held.contains(where: { $0.resource == request.resource }) {
                if let wantOfRoom { return .refused(reason: wantOfRoom) }
                let carries = try JSONEncoder().encode(request.carries)
                try database.execute(
                    sql: "INSERT INTO reservation (resource, run, since, carries) VALUES (?, ?, ?, ?)",
                    arguments: [
                        request.resource.rawValue, request.run.rawValue, request.at.milliseconds, carries,
                    ])
            }
            return decision
        }
    }

    public func release(_ resource: ResourceID, by run: RunID, epoch: Int) async throws(StoreError) {
        try await write { database in
            try Self.require(epoch: epoch, of: run, in: database)
            try database.execute(
                sql: "DELETE FROM reservation WHERE resource = ? AND run = ?",
                arguments: [resource.rawValue, run.rawValue])
        }
    }

    public func reservations() async throws(StoreError) -> [Reservation] {
        try await read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM reservation ORDER BY resource").map(Self.reservation)
        }
    }

    static func reservation(_ row: Row) throws -> Reservation {
        // Written by a Fettle that knew nothing of it: nothing.
        let carries: Data? = row["carries"]
        return Reservation(
            run: RunID(row["run"]), resource: ResourceID(row["resource"]),
            carries: try carries.map { try JSONDecoder().decode([ResourceID].self, from: $0) } ?? [],
            since: Timestamp(milliseconds: row["since"]))
    }

    public func quarantine(_ entry: QuarantineEntry) async throws(StoreError) {
        try await write { database in
            let kept = try Data.fetchAll(
                database, sql: "SELECT entry FROM quarantine WHERE resource = ?", arguments: [entry.resource.rawValue])
            let isKnown = try kept.contains { bytes in
                let known = try JSONDecoder().decode(QuarantineEntry.self, from: bytes)
                return known.run == entry.run && known.since == entry.since
            }
            // Filed again after a crash: what a person has settled since stays settled.
            guard !isKnown else { return }
            try database.execute(
                sql: "INSERT OR REPLACE INTO quarantine (resource, entry) VALUES (?, ?)",
                arguments: [entry.resource.rawValue, try JSONEncoder().encode(entry)])
        }
    }

    public func quarantined() async throws(StoreError) -> [QuarantineEntry] {
        try await read { database in
            try Data.fetchAll(database, sql: "SELECT entry FROM quarantine WHERE settled_at IS NULL ORDER BY id")
                .map { try JSONDecoder().decode(QuarantineEntry.self, from: $0) }
        }
    }

    public func settle(
        _ resource: ResourceID, by person: Person, at time: Timestamp, note: String
    ) async throws(StoreError) -> QuarantineEntry {
        try await write { database in
            guard
                let bytes = try Data.fetchOne(
                    database, sql: "SELECT entry FROM quarantine WHERE resource = ? AND settled_at IS NULL",
                    arguments: [resource.rawValue])
            else { throw StoreError.notQuarantined(resource) }
            try database.execute(
                sql: """
                    UPDATE quarantine SET settled_by = ?, settled_at = ?, note = ?
                    WHERE resource = ? AND settled_at IS NULL
                    """,
                arguments: [person.rawValue, time.milliseconds, note, resource.rawValue])
            let entry = try JSONDecoder().decode(QuarantineEntry.self, from: bytes)
            try database.execute(
                sql: "DELETE FROM reservation WHERE resource = ? AND run = ?",
                arguments: [resource.rawValue, entry.run.rawValue])
            try Self.note(LogRules.of(settled: entry, by: person, at: time), in: database)
            return entry
        }
    }

    public func submit(_ request: RunRequest, to run: RunID) async throws(StoreError) {
        try await write { database in
            _ = try Self.runRow(run, in: database)
            try database.execute(
                sql: "INSERT INTO request (run, request) VALUES (?, ?)",
                arguments: [run.rawValue, try JSONEncoder().encode(request)])
            try Self.note(LogRules.of(request, to: run), in: database)
        }
    }

    public func requests(to run: RunID) async throws(StoreError) -> [StoredRunRequest] {
        try await read { database in
            try Row.fetchAll(
                database, sql: "SELECT id, request FROM request WHERE run = ? ORDER BY id", arguments: [run.rawValue]
            ).map { row in
                StoredRunRequest(
                    id: row["id"], run: run,
                    request: try JSONDecoder().decode(RunRequest.self, from: row["request"] as Data))
            }
        }
    }

    public func remove(_ request: StoredRunRequest, epoch: Int) async throws(StoreError) {
        try await write { database in
            try Self.require(epoch: epoch, of: request.run, in: database)
            try database.execute(sql: "DELETE FROM request WHERE id = ?", arguments: [request.id])
        }
    }
}
