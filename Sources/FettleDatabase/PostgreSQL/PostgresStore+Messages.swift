import FettleModel
public import FettleStore
import Foundation

/// The outbox.
extension PostgresStore {
    public func messageCursor(of receiver: String) async throws(StoreError) -> Int? {
        try await session.read { try Self.cursor(of: receiver, in: $0) }
    }

    public func queue(_ batch: MessageBatch) async throws(StoreError) {
        try await session.write { database in
            try Self.lock("fettle.message_cursor", in: database)
            let present = try Self.cursor(of: batch.receiver, in: database)
            guard present == batch.after else { throw StoreError.cursorMoved(batch, present: present) }
            if let limit = batch.forgetsBefore {
                try database.execute(
                    "DELETE FROM fettle.message WHERE is_waiting = 0 AND created_at < $1",
                    [.integer(limit.milliseconds)])
            }
            for message in batch.messages { try Self.add(message, in: database) }
            try database.execute(
                """
                INSERT INTO fettle.message_cursor (receiver, sequence) VALUES ($1, $2)
                ON CONFLICT (receiver) DO UPDATE SET sequence = excluded.sequence
                """, [.text(batch.receiver), .integer(batch.upTo)])
        }
    }

    private static func add(_ message: OutboxMessage, in database: PostgresConnection) throws {
        // An empty name of a change is none: there is no NULL to bind.
        try database.execute(
            """
            INSERT INTO fettle.message (receiver, event, change, is_waiting, created_at, message)
            VALUES ($1, $2, nullif($3, ''), $4, $5, $6) ON CONFLICT (receiver, event) DO NOTHING
            """,
            [
                .text(message.receiver), .text(message.event.id), .text(message.event.change?.id.rawValue ?? ""),
                .integer(message.state == .waiting ? 1 : 0), .integer(message.createdAt.milliseconds),
                .bytes([UInt8](try JSONEncoder().encode(message))),
            ])
    }

    public func message(_ id: Int64) async throws(StoreError) -> StoredMessage? {
        try await session.read { database in
            let rows = try database.execute("\(messageColumns) WHERE id = $1", [.integer(id)])
            return rows.count == 1 ? try Self.stored(rows, 0) : nil
        }
    }

    public func messages(_ selection: MessageSelection) async throws(StoreError) -> [StoredMessage] {
        let (sql, values): (String, [PostgresValue]) =
            switch selection {
            case .waiting(let limit):
                ("\(messageColumns) WHERE is_waiting = 1 ORDER BY id LIMIT $1", [.integer(max(0, limit))])
            case .newest(let limit): ("\(messageColumns) ORDER BY id DESC LIMIT $1", [.integer(max(0, limit))])
            case .about(let change, let receiver):
                (
                    "\(messageColumns) WHERE change = $1 AND receiver = $2 ORDER BY id",
                    [.text(change.rawValue), .text(receiver)]
                )
            }
        return try await session.read { database in
            let rows = try database.execute(sql, values)
            return try (0..<rows.count).map { try Self.stored(rows, $0) }
        }
    }

    public func replace(_ message: StoredMessage) async throws(StoreError) -> StoredMessage {
        try await session.write { database in
            let written = try database.execute(
                """
                UPDATE fettle.message SET message = $1, is_waiting = $2, version = version + 1
                WHERE id = $3 AND version = $4
                """,
                [
                    .bytes([UInt8](try JSONEncoder().encode(message.message))),
                    .integer(message.message.state == .waiting ? 1 : 0), .integer(message.id),
                    .integer(message.version),
                ])
            guard written.affected == 1 else {
                let there = try database.execute(
                    "SELECT EXISTS (SELECT 1 FROM fettle.message WHERE id = $1)", [.integer(message.id)])
                throw try there.bool(0, 0) ? StoreError.messageMoved(message.id) : .noMessage(message.id)
            }
            var next = message
            next.version += 1
            return next
        }
    }

    private static func cursor(of receiver: String, in database: PostgresConnection) throws -> Int? {
        let rows = try database.execute(
            "SELECT sequence FROM fettle.message_cursor WHERE receiver = $1", [.text(receiver)])
        return rows.count == 1 ? Int(try rows.integer(0, 0)) : nil
    }

    private static func stored(_ rows: PostgresRows, _ row: Int) throws -> StoredMessage {
        StoredMessage(
            id: try rows.integer(row, 0), version: Int(try rows.integer(row, 1)),
            message: try JSONDecoder().decode(OutboxMessage.self, from: Data(try rows.bytes(row, 2))))
    }
}

private let messageColumns = "SELECT id, version, message FROM fettle.message"
