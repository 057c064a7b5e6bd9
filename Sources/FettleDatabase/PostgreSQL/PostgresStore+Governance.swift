import FettleEvidence
public import FettleModel
public import FettleStore
import Foundation

extension PostgresStore {
    public func append(_ events: [WaiverEvent], after length: Int) async throws(StoreError) {
        try await session.write { database in
            // The number of the next event is a sum over rows: no row can be locked for it.
            try Self.lock("fettle.waiver_event", in: database)
            let present = Int(try database.execute("SELECT count(*) FROM fettle.waiver_event").integer(0, 0))
            guard present == length else { throw StoreError.ledgerMoved(present, expected: length) }
            let encoded = try events.map { [UInt8](try JSONEncoder().encode($0)) }
            for (offset, event) in encoded.enumerated() {
                try database.execute(
                    "INSERT INTO fettle.waiver_event (position, event) VALUES ($1, $2)",
                    [.integer(length + offset + 1), .bytes(event)])
            }
            let entries = LogRules.of(events, after: length) { LogChain.sha256.digest(encoded[$0]) }
            try Self.note(entries, in: database)
        }
    }

    public func waiverEvents() async throws(StoreError) -> [WaiverEvent] {
        try await session.read { database in
            let rows = try database.execute("SELECT event FROM fettle.waiver_event ORDER BY position")
            return try (0..<rows.count).map { row in
                try JSONDecoder().decode(WaiverEvent.self, from: Data(try rows.bytes(row, 0)))
            }
        }
    }

    public func record(_ look: FindingLook) async throws(StoreError) {
        try await session.write { database in
            // Two looks at once would each write what the other has not seen.
            try Self.lock("fettle.look", in: database)
            let looks = try Self.looks(in: database)
            var rows: [SightingRow] = []
            var lastLooks: [LookRow] = []
            for (resource, part) in look.parts.sorted(by: { $0.key < $1.key }) {
                let known = try Self.sightings("WHERE resource = $1", [.text(resource.rawValue)], in: database)
                guard let changes = look.changes(to: known, by: part, last: looks[resource]) else { continue }
                rows += changes.rows.map(SightingRow.init)
                lastLooks.append(LookRow(resource, changes.look))
            }
            for part in rows.inPieces { try SightingRow.write(part, to: database) }
            for part in lastLooks.inPieces { try LookRow.write(part, to: database) }
            _ = try database.execute(
                "DELETE FROM fettle.sighting WHERE gone_at IS NOT NULL AND gone_at < $1",
                [.integer(look.forgetsGoneBefore.milliseconds)])
        }
    }

    public func sightings() async throws(StoreError) -> [Sighting] {
        try await session.read { database in
            let looks = try Self.looks(in: database)
            return try Self.sightings("", [], in: database).map { sighting in
                var sighting = sighting
                if sighting.goneAt == nil, let look = looks[sighting.key.resource] {
                    sighting.lastSeenAt = look.lastSeen(sighting.key.kind)
                }
                return sighting
            }
        }
    }

    /// Held until the transaction ends. The table's own number keeps the lock apart from other programs' in the same database.
    static func lock(_ table: String, in database: PostgresConnection) throws {
        try database.execute(
            """
            SELECT pg_catalog.pg_advisory_xact_lock(
                'pg_class'::pg_catalog.regclass::oid::int, '\(table)'::pg_catalog.regclass::oid::int)
            """)
    }

    private static func looks(in database: PostgresConnection) throws -> [ResourceID: LastLook] {
        let rows = try database.execute("SELECT resource, at, advisories_at FROM fettle.look")
        var looks: [ResourceID: LastLook] = [:]
        for row in 0..<rows.count {
            looks[ResourceID(try rows.text(row, 0))] = LastLook(
                at: Timestamp(milliseconds: try rows.integer(row, 1)),
                advisoriesAt: try rows.optionalInteger(row, 2).map(Timestamp.init(milliseconds:)))
        }
        return looks
    }

    private static func sightings(
        _ condition: String, _ values: [PostgresValue], in database: PostgresConnection
    ) throws -> [Sighting] {
        let rows = try database.execute(
            """
            SELECT resource, source, kind, name, first_seen_at, last_seen_at, gone_at, outcome, listed_due_at
            FROM fettle.sighting \(condition)
            ORDER BY resource COLLATE "C", source COLLATE "C", kind COLLATE "C", name COLLATE "C"
            """, values)
        return try (0..<rows.count).map { row in
            let kind = try rows.text(row, 2)
            let key = SightingKey(
                resource: ResourceID(try rows.text(row, 0)), source: try rows.text(row, 1),
                kind: SightingKey.Kind(rawValue: kind) ?? .state, name: try rows.text(row, 3))
            guard key.kind.rawValue == kind, let outcome = Outcome(rawValue: try rows.text(row, 7)) else {
                throw StoreError.malformedSighting(key)
            }
            return Sighting(
                key: key, firstSeenAt: Timestamp(milliseconds: try rows.integer(row, 4)),
                lastSeenAt: Timestamp(milliseconds: try rows.integer(row, 5)),
                goneAt: try rows.optionalInteger(row, 6).map(Timestamp.init(milliseconds:)), outcome: outcome,
                listedDueAt: try rows.optionalInteger(row, 8).map(Timestamp.init(milliseconds:)))
        }
    }
}
