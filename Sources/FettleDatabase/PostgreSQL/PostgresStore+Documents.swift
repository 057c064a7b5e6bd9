import FettleEvidence
public import FettleModel
public import FettleStore

extension PostgresStore {
    public func put(_ document: StoredDocument) async throws(StoreError) {
        try await session.write { database in
            // Waits for whoever puts the same name at the same time, and then sees what they put.
            let written = try database.execute(
                """
                INSERT INTO fettle.document (kind, id, digest, created_at, bytes) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (kind, id) DO NOTHING
                """,
                [
                    .text(document.kind.rawValue), .text(document.id), .text(document.digest.rawValue),
                    .integer(document.createdAt.milliseconds), .bytes(document.bytes),
                ])
            guard written.affected == 0 else { return try Self.note(LogRules.of(document), in: database) }
            let same = try database.execute(
                "SELECT digest = $3 AND bytes = $4 FROM fettle.document WHERE kind = $1 AND id = $2",
                [
                    .text(document.kind.rawValue), .text(document.id), .text(document.digest.rawValue),
                    .bytes(document.bytes),
                ])
            guard same.count == 1, try same.bool(0, 0) else { throw StoreError.otherContent(document) }
        }
    }

    public func replace(_ document: StoredDocument, expecting digest: Digest) async throws(StoreError) {
        try await session.write { database in
            let old = try database.execute(
                "SELECT bytes FROM fettle.document WHERE kind = $1 AND id = $2 AND digest = $3 FOR UPDATE",
                [.text(document.kind.rawValue), .text(document.id), .text(digest.rawValue)])
            let written = try database.execute(
                "UPDATE fettle.document SET digest = $3, bytes = $4 WHERE kind = $1 AND id = $2 AND digest = $5",
                [
                    .text(document.kind.rawValue), .text(document.id), .text(document.digest.rawValue),
                    .bytes(document.bytes), .text(digest.rawValue),
                ])
            guard written.affected == 1 else {
                let there = try database.execute(
                    "SELECT EXISTS (SELECT 1 FROM fettle.document WHERE kind = $1 AND id = $2)",
                    [.text(document.kind.rawValue), .text(document.id)])
                throw try there.bool(0, 0) ? StoreError.alteredMeanwhile(document) : .noDocument(document)
            }
            let before = try old.bytes(0, 0)
            try Self.note(
                LogRules.of(document, replacing: before, before: LogChain.sha256.digest(before)), in: database)
        }
    }

    public func document(_ kind: DocumentKind, id: String) async throws(StoreError) -> StoredDocument? {
        try await session.read { database in
            let rows = try database.execute(
                "SELECT digest, created_at, bytes FROM fettle.document WHERE kind = $1 AND id = $2",
                [.text(kind.rawValue), .text(id)])
            guard rows.count == 1 else { return nil }
            return StoredDocument(
                kind: kind, id: id, digest: Digest(rawValue: try rows.text(0, 0)),
                createdAt: Timestamp(milliseconds: try rows.integer(0, 1)), bytes: try rows.bytes(0, 2))
        }
    }

    public func documents(_ kind: DocumentKind, limit: Int) async throws(StoreError) -> [DocumentSummary] {
        try await session.read { database in
            let rows = try database.execute(
                """
                SELECT id, digest, created_at FROM fettle.document WHERE kind = $1
                ORDER BY created_at DESC, position DESC LIMIT $2
                """,
                [.text(kind.rawValue), .integer(max(0, limit))])
            return try (0..<rows.count).map { row in
                DocumentSummary(
                    kind: kind, id: try rows.text(row, 0), digest: Digest(rawValue: try rows.text(row, 1)),
                    createdAt: Timestamp(milliseconds: try rows.integer(row, 2)))
            }
        }
    }
}
