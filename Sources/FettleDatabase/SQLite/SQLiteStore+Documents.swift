import FettleEvidence
public import FettleModel
public import FettleStore
import Foundation
import GRDB

extension SQLiteStore {
    public func put(_ document: StoredDocument) async throws(StoreError) {
        try await writeNew { database in
            let digest = try String.fetchOne(
                database, sql: "SELECT digest FROM document WHERE kind = ? AND id = ?",
                arguments: [document.kind.rawValue, document.id])
            if let digest {
                guard digest == document.digest.rawValue else { throw StoreError.otherContent(document) }
                return
            }
            try database.execute(
                sql: "INSERT INTO document (kind, id, digest, created_at, bytes) VALUES (?, ?, ?, ?, ?)",
                arguments: [
                    document.kind.rawValue, document.id, document.digest.rawValue, document.createdAt.milliseconds,
                    Data(document.bytes),
                ])
            try Self.note(LogRules.of(document), in: database)
        }
    }

    public func replace(_ document: StoredDocument, expecting digest: Digest) async throws(StoreError) {
        try await writeNew { database in
            let old = try Data.fetchOne(
                database, sql: "SELECT CAST(bytes AS BLOB) FROM document WHERE kind = ? AND id = ?",
                arguments: [document.kind.rawValue, document.id])
            try database.execute(
                sql: "UPDATE document SET digest = ?, bytes = ? WHERE kind = ? AND id = ? AND digest = ?",
                arguments: [
                    document.digest.rawValue, Data(document.bytes), document.kind.rawValue, document.id,
                    digest.rawValue,
                ])
            guard database.changesCount == 1 else {
                let isThere = try Bool.fetchOne(
                    database, sql: "SELECT EXISTS (SELECT 1 FROM document WHERE kind = ? AND id = ?)",
                    arguments: [document.kind.rawValue, document.id])
                throw isThere == true ? StoreError.alteredMeanwhile(document) : .noDocument(document)
            }
            let before = [UInt8](old ?? Data())
            try Self.note(
                LogRules.of(document, replacing: before, before: LogChain.sha256.digest(before)), in: database)
        }
    }

    public func document(_ kind: DocumentKind, id: String) async throws(StoreError) -> StoredDocument? {
        try await read { database in
            try Row.fetchOne(
                database,
                sql:
                    "SELECT \(Self.summaryColumns), CAST(bytes AS BLOB) AS bytes FROM document WHERE kind = ? AND id = ?",
                arguments: [kind.rawValue, id]
            ).map { row in
                StoredDocument(
                    kind: kind, id: row["id"], digest: Digest(rawValue: row["digest"]),
                    createdAt: Timestamp(milliseconds: row["created_at"]), bytes: [UInt8](row["bytes"] as Data))
            }
        }
    }

    public func documents(_ kind: DocumentKind, limit: Int) async throws(StoreError) -> [DocumentSummary] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT \(Self.summaryColumns) FROM document WHERE kind = ?
                    ORDER BY document.created_at DESC, rowid DESC LIMIT ?
                    """,
                arguments: [kind.rawValue, limit]
            ).map { row in
                DocumentSummary(
                    kind: kind, id: row["id"], digest: Digest(rawValue: row["digest"]),
                    createdAt: Timestamp(milliseconds: row["created_at"]))
            }
        }
    }

    /// Whatever stands there is read as what should: what was altered is told, and nothing ends at it.
    private static let summaryColumns =
        "CAST(id AS TEXT) AS id, CAST(digest AS TEXT) AS digest, CAST(created_at AS INTEGER) AS created_at"
}
