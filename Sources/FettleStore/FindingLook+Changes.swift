public import FettleModel

extension FindingLook {
    /// The rule of the ledger, in the one place where every store takes it from: what to write for a resource. What is there and
    /// stays as it was is not written again, so that a look at a fleet of which nothing changed writes a row a resource.
    ///
    /// To be called inside the transaction that writes it.
    ///
    /// - Parameters:
    ///   - known: every row of the resource; for those that are there, `lastSeenAt` does not matter.
    ///   - part: what this look judged and saw of the resource.
    ///   - last: the resource's last look; nil: this is the first.
    /// - Returns: rows to write over those with the same key; and the resource's last look. nil: this look is older.
    public func changes(
        to known: [Sighting], by part: Part, last: LastLook?
    ) -> (rows: [Sighting], look: LastLook)? {
        if let last, at < last.at { return nil }
        var rows: [Sighting] = []
        let known = Dictionary(known.map { ($0.key, $0) }) { first, _ in first }
        for (key, judged) in part.seen {
            let row = row(key, judged, known: known[key])
            if row != known[key] { rows.append(row) }
        }
        for (key, sighting) in known where sighting.goneAt == nil && part.seen[key] == nil {
            guard part.judged.contains(key.kind) else { continue }
            var row = sighting
            row.lastSeenAt = last?.lastSeen(key.kind) ?? sighting.firstSeenAt
            row.goneAt = at
            rows.append(row)
        }
        rows.sort { $0.key < $1.key }
        return (rows, LastLook(at: at, advisoriesAt: part.judged.contains(.advisory) ? at : last?.advisoriesAt))
    }

    private func row(_ key: SightingKey, _ judged: Seen, known: Sighting?) -> Sighting {
        guard var row = known else {
            return Sighting(
                key: key, firstSeenAt: at, lastSeenAt: at, outcome: judged.outcome, listedDueAt: judged.listedDueAt)
        }
        if let gone = row.goneAt {
            let limit = gone.adding(seconds: Sighting.returnsWithinDays * 86_400)
            if limit < at { row.firstSeenAt = at }
            row.goneAt = nil
            row.lastSeenAt = at
        }
        // Without the list, that it is not listed is not known.
        row.outcome = exploitedChecked ? judged.outcome : min(judged.outcome, row.outcome)
        row.listedDueAt = exploitedChecked ? judged.listedDueAt : judged.listedDueAt ?? row.listedDueAt
        return row
    }

    /// What a look says of one resource.
    public struct Part: Sendable, Equatable {
        public var judged: Set<SightingKey.Kind>
        public var seen: [SightingKey: Seen]

        public init(judged: Set<SightingKey.Kind>, seen: [SightingKey: Seen] = [:]) {
            self.judged = judged
            self.seen = seen
        }
    }

    public var parts: [ResourceID: Part] {
        var parts = judged.mapValues { Part(judged: $0) }
        for (key, judged) in seen { parts[key.resource]?.seen[key] = judged }
        return parts
    }

    /// What is gone for longer than this is forgotten.
    public var forgetsGoneBefore: Timestamp { at.adding(seconds: -Sighting.rememberedDays * 86_400) }
}
