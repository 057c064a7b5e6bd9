import FettleEvidence
public import FettleModel
public import FettleStore
import Foundation
import GRDB

extension SQLiteStore {
    public func append(_ events: [WaiverEvent], after length: Int) async throws(StoreError) {
        try await writeNew { database in
            let present = try Int.fetchOne(database, sql: "SELECT count(*) FROM waiver_event") ?? 0
            guard present == length else { throw StoreError.ledgerMoved(present, expected: length) }
            let encoded = try events.map { try JSONEncoder().encode($0) }
            for (offset, event) in encoded.enumerated() {
                try database.execute(
                    sql: "INSERT INTO waiver_event (position, event) VALUES (?, ?)",
                    arguments: [length + offset + 1, event])
            }
            let entries = LogRules.of(events, after: length) { LogChain.sha256.digest([UInt8](encoded[$0])) }
            try Self.note(entries, in: database)
        }
    }

    public func waiverEvents() async throws(StoreError) -> [WaiverEvent] {
        try await read { database in
            try Data.fetchAll(database, sql: "SELECT event FROM waiver_event ORDER BY position")
                .map { try JSONDecoder().decode(WaiverEvent.self, from: $0) }
        }
    }

    public func record(_ look: FindingLook) async throws(StoreError) {
        try await writeNew { database in
            for (resource, part) in look.parts.sorted(by: { $0.key < $1.key }) {
                let last = try Row.fetchOne(
                    database, sql: "\(Self.lookColumns) FROM look WHERE resource = ?",
                    arguments: [resource.rawValue]
                ).map(Self.look)
                let known = try Row.fetchAll(
                    database, sql: "\(Self.sightingColumns) FROM sighting WHERE resource = ?",
                    arguments: [resource.rawValue]
                ).map(Self.sighting)
                guard let changes = look.changes(to: known, by: part, last: last) else { continue }
                for row in changes.rows { try Self.write(row, to: database) }
                try database.execute(
                    sql: "INSERT OR REPLACE INTO look (resource, at, advisories_at) VALUES (?, ?, ?)",
                    arguments: [
                        resource.rawValue, changes.look.at.milliseconds, changes.look.advisoriesAt?.milliseconds,
                    ])
            }
            try database.execute(
                sql: "DELETE FROM sighting WHERE gone_at IS NOT NULL AND gone_at < ?",
                arguments: [look.forgetsGoneBefore.milliseconds])
        }
    }

    public func sightings() async throws(StoreError) -> [Sighting] {
        try await read { database in
            var looks: [String: LastLook] = [:]
            for row in try Row.fetchAll(database, sql: "\(Self.lookColumns) FROM look") {
                looks[row["resource"]] = Self.look(row)
            }
            return try Row.fetchAll(
                database, sql: "\(Self.sightingColumns) FROM sighting ORDER BY resource, source, kind, name"
            ).map {
                var sighting = try Self.sighting($0)
                if sighting.goneAt == nil, let look = looks[sighting.key.resource.rawValue] {
                    sighting.lastSeenAt = look.lastSeen(sighting.key.kind)
                }
                return sighting
            }
        }
    }

    private static func write(_ row: Sighting, to database: Database) throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO sighting
                (resource, source, kind, name, first_seen_at, last_seen_at, gone_at, outcome, listed_due_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        try statement.execute(arguments: [
            row.key.resource.rawValue, row.key.source, row.key.kind.rawValue, row.key.name,
            row.firstSeenAt.milliseconds, row.lastSeenAt.milliseconds, row.goneAt?.milliseconds, row.outcome.rawValue,
            row.listedDueAt?.milliseconds,
        ])
    }

    /// Whatever stands there is read as what should: what was altered is told, and nothing ends at it.
    private static let lookColumns =
        "SELECT resource, CAST(at AS INTEGER) AS at, CAST(advisories_at AS INTEGER) AS advisories_at"
    private static let sightingColumns = """
        SELECT resource, source, kind, name, CAST(first_seen_at AS INTEGER) AS first_seen_at,
            CAST(last_seen_at AS INTEGER) AS last_seen_at, CAST(gone_at AS INTEGER) AS gone_at,
            CAST(outcome AS TEXT) AS outcome, CAST(listed_due_at AS INTEGER) AS listed_due_at
        """

    private static func look(_ row: Row) -> LastLook {
        LastLook(at: Timestamp(milliseconds: row["at"]), advisoriesAt: time(row["advisories_at"]))
    }

    private static func sighting(_ row: Row) throws -> Sighting {
        let (kind, outcome): (String, String) = (row["kind"], row["outcome"])
        let key = SightingKey(
            resource: ResourceID(row["resource"]), source: row["source"],
            kind: SightingKey.Kind(rawValue: kind) ?? .state, name: row["name"])
        guard key.kind.rawValue == kind, let outcome = Outcome(rawValue: outcome) else {
            throw StoreError.malformedSighting(key)
        }
        return Sighting(
            key: key, firstSeenAt: Timestamp(milliseconds: row["first_seen_at"]),
            lastSeenAt: Timestamp(milliseconds: row["last_seen_at"]), goneAt: time(row["gone_at"]), outcome: outcome,
            listedDueAt: time(row["listed_due_at"]))
    }

    private static func time(_ milliseconds: Int64?) -> Timestamp? { milliseconds.map(Timestamp.init(milliseconds:)) }
}
