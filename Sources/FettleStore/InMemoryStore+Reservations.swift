public import FettleModel

extension InMemoryStore {
    public func reserve(_ request: ReservationRequest, epoch: Int) throws(StoreError) -> ReservationDecision {
        try requireEpoch(epoch, of: request.run)
        let decision = request.decision(held: try reservations())
        if decision == .granted, held[request.resource] == nil { held[request.resource] = request.reservation }
        return decision
    }

    public func release(_ resource: ResourceID, by run: RunID, epoch: Int) throws(StoreError) {
        try requireEpoch(epoch, of: run)
        if held[resource]?.run == run { held[resource] = nil }
    }

    public func reservations() throws(StoreError) -> [Reservation] {
        held.values.sorted { $0.resource < $1.resource }
    }

    public func quarantine(_ entry: QuarantineEntry) throws(StoreError) {
        let isKnown = ledger.contains { known in
            known.entry.run == entry.run && known.entry.resource == entry.resource && known.entry.since == entry.since
        }
        // Filed again after a crash: what a person has settled meanwhile stays settled.
        if isKnown { return }
        ledger.append(LedgerEntry(entry: entry))
    }

    public func quarantined() throws(StoreError) -> [QuarantineEntry] {
        ledger.filter { $0.settlement == nil }.map(\.entry)
            .sorted { ($0.since, $0.resource) < ($1.since, $1.resource) }
    }

    public func settle(
        _ resource: ResourceID, by person: Person, at time: Timestamp, note: String
    ) throws(StoreError) -> QuarantineEntry {
        let open = ledger.firstIndex { $0.entry.resource == resource && $0.settlement == nil }
        guard let open else { throw StoreError(.notFound, "\(resource) is not quarantined") }
        ledger[open].settlement = (person, time, note)
        let entry = ledger[open].entry
        if held[resource]?.run == entry.run { held[resource] = nil }
        try enter { LogRules.of(settled: entry, by: person, at: time) }
        return entry
    }
}
