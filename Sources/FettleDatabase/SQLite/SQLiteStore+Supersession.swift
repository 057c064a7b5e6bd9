import FettleModel
public import FettleStore
import Foundation
import GRDB

extension SQLiteStore {
    public func supersede(_ order: SupersessionOrder) async throws(StoreError) {
        try await writeNew { database in
            let old = try Self.runRow(order.old, in: database)
            let held = try Row.fetchAll(database, sql: "SELECT * FROM reservation").map(Self.reservation)
            let open = try Data.fetchAll(database, sql: "SELECT entry FROM quarantine WHERE settled_at IS NULL")
                .map { try JSONDecoder().decode(QuarantineEntry.self, from: $0) }
            let refusal = order.refusal(
                epoch: old["epoch"], sequence: old["last_sequence"], held: held, open: open)
            if let refusal { throw refusal }
            try database.execute(
                sql: "INSERT INTO run (id, change, created_at) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
                arguments: [order.new.rawValue, order.change.rawValue, order.at.milliseconds])
            guard database.changesCount == 1 else { throw StoreError.isThere(order.new) }
            try Self.end(order, in: database)
            for host in order.hosts {
                try database.execute(
                    sql: "UPDATE reservation SET run = ? WHERE resource = ? AND run = ?",
                    arguments: [order.new.rawValue, host.rawValue, order.old.rawValue])
            }
            for host in order.neverBegun(held: held, open: open) {
                try database.execute(
                    sql: "DELETE FROM reservation WHERE resource = ? AND run = ?",
                    arguments: [host.rawValue, order.old.rawValue])
            }
            for host in order.quarantined {
                try database.execute(
                    sql: """
                        UPDATE quarantine SET settled_by = ?, settled_at = ?, note = ?
                        WHERE resource = ? AND settled_at IS NULL
                        """,
                    arguments: [order.person.rawValue, order.at.milliseconds, order.note, host.rawValue])
            }
            let entries = try LogRules.of(order) { try Self.digest(ofJournal: order.old, in: database) }
            try Self.note(entries, in: database)
        }
    }

    private static func end(_ order: SupersessionOrder, in database: Database) throws {
        let records = order.records
        guard let last = records.last else { return }
        let encoder = JSONEncoder()
        for record in records {
            try database.execute(
                sql: "INSERT INTO journal (run, sequence, epoch, at, schema, event) VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [
                    order.old.rawValue, record.sequence, record.epoch, record.at.milliseconds, record.event.schema,
                    try encoder.encode(record.event),
                ])
        }
        try database.execute(
            sql: "UPDATE run SET epoch = ?, last_sequence = ?, executor = NULL, lease_until = NULL WHERE id = ?",
            arguments: [last.epoch, last.sequence, order.old.rawValue])
    }
}
