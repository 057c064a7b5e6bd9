import FettleModel
public import FettleStore
import Foundation
import GRDB

/// The outbox. It can wait for room on the disk: what it tells stands in the log.
extension SQLiteStore {
    public func messageCursor(of receiver: String) async throws(StoreError) -> Int? {
        try await read { try Self.cursor(of: receiver, in: $0) }
    }

    public func queue(_ batch: MessageBatch) async throws(StoreError) {
        try await writeNew { database in
            let present = try Self.cursor(of: batch.receiver, in: database)
            guard present == batch.after else { throw StoreError.cursorMoved(batch, present: present) }
            if let limit = batch.forgetsBefore {
                try database.execute(
                    sql: "DELETE FROM message WHERE is_waiting = 0 AND created_at < ?", arguments: [limit.milliseconds])
            }
            for message in batch.messages {
                try database.execute(
                    sql: """
                        INSERT INTO message (receiver, event, change, is_waiting, created_at, message)
                        VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (receiver, event) DO NOTHING
                        """,
                    arguments: [
                        message.receiver, message.event.id, message.event.change?.id.rawValue,
                        message.state == .waiting ? 1 : 0, message.createdAt.milliseconds,
                        try JSONEncoder().encode(message),
                    ])
            }
            try database.execute(
                sql: """
                    INSERT INTO message_cursor (receiver, sequence) VALUES (?, ?)
                    ON CONFLICT (receiver) DO UPDATE SET sequence = excluded.sequence
                    """,
                arguments: [batch.receiver, batch.upTo])
        }
    }

    public func message(_ id: Int64) async throws(StoreError) -> StoredMessage? {
        try await read { database in
            try Row.fetchOne(database, sql: "\(messageColumns) WHERE id = ?", arguments: [id])
                .map(Self.stored)
        }
    }

    public func messages(_ selection: MessageSelection) async throws(StoreError) -> [StoredMessage] {
        try await read { database in
            let rows =
                switch selection {
                case .waiting(let limit):
                    try Row.fetchAll(
                        database, sql: "\(messageColumns) WHERE is_waiting = 1 ORDER BY id LIMIT ?",
                        arguments: [max(0, limit)])
                case .newest(let limit):
                    try Row.fetchAll(
                        database, sql: "\(messageColumns) ORDER BY id DESC LIMIT ?", arguments: [max(0, limit)])
                case .about(let change, let receiver):
                    try Row.fetchAll(
                        database, sql: "\(messageColumns) WHERE change = ? AND receiver = ? ORDER BY id",
                        arguments: [change.rawValue, receiver])
                }
            return try rows.map(Self.stored)
        }
    }

    public func replace(_ message: StoredMessage) async throws(StoreError) -> StoredMessage {
        try await writeNew { database in
            try database.execute(
                sql:
                    "UPDATE message SET message = ?, is_waiting = ?, version = version + 1 WHERE id = ? AND version = ?",
                arguments: [
                    try JSONEncoder().encode(message.message), message.message.state == .waiting ? 1 : 0, message.id,
                    message.version,
                ])
            guard database.changesCount == 1 else {
                let isThere = try Bool.fetchOne(
                    database, sql: "SELECT EXISTS (SELECT 1 FROM message WHERE id = ?)", arguments: [message.id])
                throw isThere == true ? StoreError.messageMoved(message.id) : .noMessage(message.id)
            }
            var written = message
            written.version += 1
            return written
        }
    }

    private static func cursor(of receiver: String, in database: Database) throws -> Int? {
        try Int.fetchOne(
            database, sql: "SELECT sequence FROM message_cursor WHERE receiver = ?", arguments: [receiver])
    }

    private static func stored(_ row: Row) throws -> StoredMessage {
        StoredMessage(
            id: row["id"], version: row["version"],
            message: try JSONDecoder().decode(OutboxMessage.self, from: row["message"] as Data))
    }
}

private let messageColumns = "SELECT id, version, message FROM message"
