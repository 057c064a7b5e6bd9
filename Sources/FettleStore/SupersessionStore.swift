public import FettleModel

/// One run put in another's place.
public protocol SupersessionStore: Sendable {
    /// One atomic write: makes the new run, fences and ends the old one, and gives the new one its reservations and closes its
    /// quarantine entries. All or nothing, so that at every moment exactly one run answers for each host. What the old run holds beside
    /// these, and does not keep in quarantine, was granted and never begun: it is given back.
    ///
    /// - Throws: `conflict` if the old run is not as it was when the plan was made, if a host is not held by it or not in quarantine as
    ///   is said, or if the new run is there already.
    func supersede(_ order: SupersessionOrder) async throws(StoreError)
}

public struct SupersessionOrder: Sendable, Equatable {
    public var new: RunID
    /// What the new run carries out.
    public var change: ChangeID
    public var old: RunID
    /// Where the old run stood when the plan was made.
    public var sequence: Int
    /// Of the old run, as it was read: its executor is fenced by the next one.
    public var epoch: Int
    /// Hosts whose reservations change hands.
    public var hosts: [ResourceID]
    /// Those of them whose entries in the quarantine ledger are closed.
    public var quarantined: [ResourceID]
    /// To be written behind the old run's journal with the epoch after its own; empty for one that has ended.
    public var ending: [RunEvent]
    public var person: Person
    public var at: Timestamp

    public init(
        new: RunID, change: ChangeID, old: RunID, sequence: Int, epoch: Int, hosts: [ResourceID],
        quarantined: [ResourceID], ending: [RunEvent], person: Person, at: Timestamp
    ) {
        self.new = new
        self.change = change
        self.old = old
        self.sequence = sequence
        self.epoch = epoch
        self.hosts = hosts
        self.quarantined = quarantined
        self.ending = ending
        self.person = person
        self.at = at
    }

    /// What the quarantine ledger says of the entries that are closed.
    public var note: String { "taken over by \(new)" }

    /// What is written behind the old run's journal.
    public var records: [JournalRecord] {
        ending.enumerated().map { offset, event in
            JournalRecord(sequence: sequence + 1 + offset, epoch: epoch + 1, at: at, event: event)
        }
    }

    /// What the old run holds beside the hosts that change hands, and keeps in no quarantine: it was granted and never begun. By resource.
    ///
    /// - Parameters:
    ///   - held: every reservation there is, before they change hands.
    ///   - open: open entries of the quarantine ledger, before any is closed.
    public func neverBegun(
        held: some Collection<Reservation>, open: some Collection<QuarantineEntry>
    ) -> [ResourceID] {
        let kept = Set(open.lazy.filter { $0.run == old }.map(\.resource)).union(hosts)
        return held.filter { $0.run == old && !kept.contains($0.resource) }.map(\.resource).sorted()
    }

    /// Why it cannot be done; nil if it can. To be asked inside the transaction, so that every store goes by the same rule.
    ///
    /// - Parameters:
    ///   - epoch: the old run's, as it is now.
    ///   - sequence: of the last line of its journal.
    ///   - held: every reservation there is.
    ///   - open: open entries of the quarantine ledger.
    public func refusal(
        epoch: Int, sequence: Int, held: some Collection<Reservation>, open: some Collection<QuarantineEntry>
    ) -> StoreError? {
        guard epoch == self.epoch, sequence == self.sequence else {
            return StoreError(.conflict, "run \(old) has come on since the plan was made")
        }
        for host in hosts where !held.contains(where: { $0.resource == host && $0.run == old }) {
            return StoreError(.conflict, "\(host) is not held by run \(old) any more")
        }
        for host in quarantined where !open.contains(where: { $0.resource == host && $0.run == old }) {
            return StoreError(.conflict, "\(host) is not in quarantine by run \(old) any more")
        }
        return nil
    }
}

extension InMemoryStore {
    public func supersede(_ order: SupersessionOrder) throws(StoreError) {
        guard var old = journals[order.old] else { throw StoreError(.notFound, "there is no run \(order.old)") }
        let refusal = order.refusal(
            epoch: old.summary.epoch, sequence: old.records.last?.sequence ?? 0, held: try reservations(),
            open: try quarantined())
        if let refusal { throw refusal }
        guard journals[order.new] == nil else {
            throw StoreError(.conflict, "run \(order.new) is there already")
        }
        journals[order.new] = Journal(
            summary: RunSummary(
                run: order.new, change: order.change, createdAt: order.at, epoch: 0, executor: nil, leaseUntil: nil))
        if !order.ending.isEmpty {
            old.records += order.records
            old.summary.epoch = order.epoch + 1
            old.summary.executor = nil
            old.summary.leaseUntil = nil
            journals[order.old] = old
        }
        for host in order.neverBegun(held: held.values, open: try quarantined()) { held[host] = nil }
        for host in order.hosts { held[host]?.run = order.new }
        for place in ledger.indices where ledger[place].settlement == nil {
            guard ledger[place].entry.run == order.old, order.quarantined.contains(ledger[place].entry.resource) else {
                continue
            }
            ledger[place].settlement = (order.person, order.at, order.note)
        }
        try enter { try LogRules.of(order) { try digest(ofJournal: order.old) } }
    }
}
