public import FettleModel

extension InMemoryStore {
    public func append(_ events: [WaiverEvent], after length: Int) throws(StoreError) {
        guard waiverLog.count == length else {
            throw StoreError(.conflict, "the ledger of waivers has \(waiverLog.count) events, not \(length)")
        }
        waiverLog += events
        try enter { try LogRules.of(events, after: length) { try digest(ofWaiver: length + $0 + 1) } }
    }

    public func waiverEvents() throws(StoreError) -> [WaiverEvent] { waiverLog }

    public func record(_ look: FindingLook) throws(StoreError) {
        for (resource, part) in look.parts {
            let known = Array(sightingRows[resource, default: [:]].values)
            guard let changes = look.changes(to: known, by: part, last: lastLooks[resource]) else { continue }
            for row in changes.rows { sightingRows[resource, default: [:]][row.key] = row }
            lastLooks[resource] = changes.look
        }
        let limit = look.forgetsGoneBefore
        for resource in sightingRows.keys {
            sightingRows[resource] = sightingRows[resource]?.filter { $0.value.goneAt.map { $0 >= limit } ?? true }
        }
    }

    public func sightings() throws(StoreError) -> [Sighting] {
        sightingRows.flatMap { resource, rows in
            rows.values.map { row in
                var row = row
                if row.goneAt == nil, let look = lastLooks[resource] { row.lastSeenAt = look.lastSeen(row.key.kind) }
                return row
            }
        }.sorted { $0.key < $1.key }
    }
}
