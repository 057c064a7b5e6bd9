import FettleModel
import FettleStore
import Foundation

/// Rows that are written many at a time: one statement takes them as one JSON text, so that a look at a fleet does not take a
/// journey over the network for each finding.
struct SightingRow: Encodable {
    var resource: String
    var source: String
    var kind: String
    var name: String
    var firstSeenAt: Int64
    var lastSeenAt: Int64
    var goneAt: Int64?
    var outcome: String
    var listedDueAt: Int64?

    private enum CodingKeys: String, CodingKey {
        case resource, source, kind, name, outcome
        case firstSeenAt = "first_seen_at"
        case lastSeenAt = "last_seen_at"
        case goneAt = "gone_at"
        case listedDueAt = "listed_due_at"
    }

    init(_ sighting: Sighting) {
        resource = sighting.key.resource.rawValue
        source = sighting.key.source
        kind = sighting.key.kind.rawValue
        name = sighting.key.name
        firstSeenAt = sighting.firstSeenAt.milliseconds
        lastSeenAt = sighting.lastSeenAt.milliseconds
        goneAt = sighting.goneAt?.milliseconds
        outcome = sighting.outcome.rawValue
        listedDueAt = sighting.listedDueAt?.milliseconds
    }

    static func write(_ rows: ArraySlice<SightingRow>, to database: PostgresConnection) throws {
        _ = try database.execute(
            """
            INSERT INTO fettle.sighting
                (resource, source, kind, name, first_seen_at, last_seen_at, gone_at, outcome, listed_due_at)
            SELECT resource, source, kind, name, first_seen_at, last_seen_at, gone_at, outcome, listed_due_at
            FROM pg_catalog.jsonb_to_recordset($1::text::jsonb) AS row (
                resource text, source text, kind text, name text, first_seen_at bigint, last_seen_at bigint,
                gone_at bigint, outcome text, listed_due_at bigint)
            ON CONFLICT (resource, source, kind, name) DO UPDATE SET
                first_seen_at = excluded.first_seen_at, last_seen_at = excluded.last_seen_at,
                gone_at = excluded.gone_at, outcome = excluded.outcome, listed_due_at = excluded.listed_due_at
            """, [try .json(rows)])
    }
}

struct LookRow: Encodable {
    var resource: String
    var at: Int64
    var advisoriesAt: Int64?

    private enum CodingKeys: String, CodingKey {
        case resource, at
        case advisoriesAt = "advisories_at"
    }

    init(_ resource: ResourceID, _ look: LastLook) {
        self.resource = resource.rawValue
        at = look.at.milliseconds
        advisoriesAt = look.advisoriesAt?.milliseconds
    }

    static func write(_ rows: ArraySlice<LookRow>, to database: PostgresConnection) throws {
        _ = try database.execute(
            """
            INSERT INTO fettle.look (resource, at, advisories_at)
            SELECT resource, at, advisories_at
            FROM pg_catalog.jsonb_to_recordset($1::text::jsonb) AS row (resource text, at bigint, advisories_at bigint)
            ON CONFLICT (resource) DO UPDATE SET at = excluded.at, advisories_at = excluded.advisories_at
            """, [try .json(rows)])
    }
}

extension PostgresValue {
    /// Bound as text; the statement says `::text::jsonb`.
    fileprivate static func json(_ rows: ArraySlice<some Encodable>) throws -> PostgresValue {
        .text(String(decoding: try JSONEncoder().encode(Array(rows)), as: UTF8.self))
    }
}

extension Array {
    /// At most a thousand a time: some hundred kilobytes in a statement.
    var inPieces: [ArraySlice<Element>] {
        stride(from: 0, to: count, by: 1_000).map { self[$0..<Swift.min($0 + 1_000, count)] }
    }
}
