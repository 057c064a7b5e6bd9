import FettleModel
public import FettleStore
import Foundation

extension PostgresStore {
    public func supersede(_ order: SupersessionOrder) async throws(StoreError) {
        try await session.write { database in
            let old = try Self.locked(order.old, in: database)
            let held = try Self.reservations(database)
            let rows = try database.execute(
                "SELECT entry FROM fettle.quarantine WHERE settled_at IS NULL FOR UPDATE")
            let open = try (0..<rows.count).map { row in
                try JSONDecoder().decode(QuarantineEntry.self, from: Data(try rows.bytes(row, 0)))
            }
            let refusal = order.refusal(epoch: old.epoch, sequence: old.lastSequence, held: held, open: open)
            if let refusal { throw refusal }
            let made = try database.execute(
                "INSERT INTO fettle.run (id, change, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
                [.text(order.new.rawValue), .text(order.change.rawValue), .integer(order.at.milliseconds)])
            guard made.affected == 1 else { throw StoreError.isThere(order.new) }
            try Self.end(order, in: database)
            for host in order.hosts {
                let moved = try database.execute(
                    "UPDATE fettle.reservation SET run = $1 WHERE resource = $2 AND run = $3",
                    [.text(order.new.rawValue), .text(host.rawValue), .text(order.old.rawValue)])
                // Given back between the look and now.
                guard moved.affected == 1 else {
                    throw StoreError(.conflict, "\(host) is not held by run \(order.old) any more")
                }
            }
            for host in order.neverBegun(held: held, open: open) {
                _ = try database.execute(
                    "DELETE FROM fettle.reservation WHERE resource = $1 AND run = $2",
                    [.text(host.rawValue), .text(order.old.rawValue)])
            }
            for host in order.quarantined {
                try database.execute(
                    """
                    UPDATE fettle.quarantine SET settled_by = $2, settled_at = $3, note = $4
                    WHERE resource = $1 AND settled_at IS NULL
                    """,
                    [
                        .text(host.rawValue), .text(order.person.rawValue), .integer(order.at.milliseconds),
                        .text(order.note),
                    ])
            }
            let entries = try LogRules.of(order) { try Self.digest(ofJournal: order.old, in: database) }
            try Self.note(entries, in: database)
        }
    }

    private static func end(_ order: SupersessionOrder, in database: PostgresConnection) throws {
        let records = order.records
        guard let last = records.last else { return }
        let encoder = JSONEncoder()
        for record in records {
            try database.execute(
                """
                INSERT INTO fettle.journal (run, sequence, epoch, at, schema, event) VALUES ($1, $2, $3, $4, $5, $6)
                """,
                [
                    .text(order.old.rawValue), .integer(record.sequence), .integer(record.epoch),
                    .integer(record.at.milliseconds), .integer(record.event.schema),
                    .bytes([UInt8](try encoder.encode(record.event))),
                ])
        }
        try database.execute(
            """
            UPDATE fettle.run SET epoch = $2, last_sequence = $3, executor = NULL, lease_until = NULL WHERE id = $1
            """, [.text(order.old.rawValue), .integer(last.epoch), .integer(last.sequence)])
    }
}
