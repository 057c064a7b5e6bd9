import FettleModel
import FettleStore

/// What is durable of one run: its journal with its fence, its lease, the reservations, the quarantine ledger. By the rules of
/// `Store`, without its waiting.
struct SimulatedStore: Sendable {
    enum Refusal: Error {
        /// The epoch is no longer the run's, or the line is not the next one.
        case fenced
        /// The disk is full, and what was set aside for the journal is used up.
        case full
    }

    /// Of the run that is carried out now.
    private(set) var journal: [JournalRecord] = []
    /// Journals of the runs that it has taken the place of, one behind the other.
    private(set) var past: [JournalRecord] = []
    private(set) var epoch = 0
    private(set) var claimedAt = Timestamp(milliseconds: .min)
    private(set) var leaseEnds = Timestamp(milliseconds: .min)
    private(set) var held: [ResourceID: Reservation] = [:]
    private(set) var ledger: [ResourceID: QuarantineEntry] = [:]
    private var fullUntil = Timestamp(milliseconds: .min)
    private var fullSince = Timestamp(milliseconds: .max)
    /// How many writes what is set aside has room for (decision 13): made small here, so that its end is met too.
    private var reserve = 0
    /// A rule that is left out, for tests of the oracle.
    var defect: Defect?

    /// Deliberate faults: see `OracleTests`.
    enum Defect: Sendable, CaseIterable {
        case fencesNobody, grantsEverything, losesLedger, losesLastLine, reservesForAnybody
    }

    static let leaseSeconds = 30

    mutating func fillDisk(at now: Timestamp, until time: Timestamp, reserve writes: Int) {
        if !isFull(at: now) { fullSince = now }
        fullUntil = max(fullUntil, time)
        reserve = writes
    }

    func isFull(at now: Timestamp) -> Bool { now < fullUntil }

    /// And it was before this moment: what was granted in it is granted.
    func wasFull(before now: Timestamp) -> Bool { isFull(at: now) && fullSince < now }

    /// A write that a run cannot do without: on a full disk it takes of what was set aside.
    private mutating func write(_ lines: Int, at now: Timestamp) throws(Refusal) {
        guard isFull(at: now) else { return }
        guard reserve >= lines else { throw .full }
        reserve -= lines
    }

    mutating func claim(at now: Timestamp) throws(Refusal) -> Int {
        try write(1, at: now)
        epoch += 1
        claimedAt = now
        leaseEnds = now.adding(seconds: Self.leaseSeconds)
        return epoch
    }

    mutating func append(_ records: [JournalRecord], at now: Timestamp) throws(Refusal) {
        for (offset, record) in records.enumerated() where defect != .fencesNobody {
            guard record.epoch == epoch, record.sequence == journal.count + 1 + offset else { throw .fenced }
        }
        try write(records.count, at: now)
        journal += records
    }

    mutating func renew(_ claimed: Int, at now: Timestamp) throws(Refusal) {
        guard claimed == epoch else { throw .fenced }
        try write(1, at: now)
        leaseEnds = now.adding(seconds: Self.leaseSeconds)
    }

    /// The run is there for whoever asks for it next.
    /// - Returns: false if it could not be written: the lease runs out by itself.
    mutating func giveUpLease(of claimed: Int, at now: Timestamp) -> Bool {
        guard claimed == epoch else { return true }
        guard (try? write(1, at: now)) != nil else { return false }
        leaseEnds = now
        return true
    }

    /// One run in another's place, in one write: by the rule of every store.
    mutating func supersede(_ order: SupersessionOrder, at now: Timestamp) throws(StoreError) {
        let refusal = order.refusal(
            epoch: epoch, sequence: journal.count, held: held.values.sorted { $0.resource < $1.resource },
            open: ledger.values.sorted { $0.resource < $1.resource })
        if let refusal { throw refusal }
        if isFull(at: now) { throw StoreError(.unavailable, "the journal's disk is full: nothing new begins") }
        // The next to claim the new run has a later one: whoever has carried the old run out is fenced.
        epoch = order.epoch + 1
        leaseEnds = now
        past += journal + order.records
        journal = []
        for host in order.neverBegun(held: held.values, open: ledger.values) { held[host] = nil }
        for host in order.hosts { held[host]?.run = order.new }
        for host in order.quarantined { ledger[host] = nil }
    }

    /// On a full disk nothing new begins, whatever is set aside.
    /// - Returns: nil if another has claimed the run since.
    mutating func reserve(
        _ request: ReservationRequest, by claimed: Int, at now: Timestamp
    ) -> ReservationDecision? {
        guard claimed == epoch || defect == .reservesForAnybody else { return nil }
        if defect == .grantsEverything {
            held[request.resource] = request.reservation
            return .granted
        }
        let decision = request.decision(held: held.values.sorted { $0.resource < $1.resource })
        guard decision == .granted else { return decision }
        if isFull(at: now) { return .refused(reason: "the journal's disk is full: nobody is taken out") }
        if held[request.resource] == nil { held[request.resource] = request.reservation }
        return decision
    }

    /// - Returns: false if it could not be written, or another has claimed the run since.
    mutating func release(_ resource: ResourceID, of run: RunID, by claimed: Int, at now: Timestamp) -> Bool {
        guard claimed == epoch || defect == .reservesForAnybody else { return false }
        guard (try? write(1, at: now)) != nil else { return false }
        if held[resource]?.run == run { held[resource] = nil }
        return true
    }

    /// - Returns: false if it could not be written.
    mutating func file(_ entry: QuarantineEntry, at now: Timestamp) -> Bool {
        guard (try? write(1, at: now)) != nil else { return false }
        if defect != .losesLedger { ledger[entry.resource] = entry }
        return true
    }

    /// What was not durable after all is gone with its writer.
    mutating func crash() {
        if defect == .losesLastLine, journal.count > 2 { journal.removeLast() }
    }
}
