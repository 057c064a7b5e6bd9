import FettleModel
import FettleStore

/// What is durable of one run: its journal with its fence, its lease, the reservations, the quarantine ledger. By the rules of
/// `Store`, without its waiting.
struct SimulatedStore: Sendable {
    enum Refusal: Error {
        /// The epoch is no longer the run's, or the line is not the next one.
        case fenced
    }

    private(set) var journal: [JournalRecord] = []
    private(set) var epoch = 0
    private(set) var leaseEnds = Timestamp(milliseconds: .min)
    private(set) var held: [ResourceID: Reservation] = [:]
    private(set) var ledger: [ResourceID: QuarantineEntry] = [:]

    static let leaseSeconds = 30

    mutating func claim(at now: Timestamp) -> Int {
        epoch += 1
        leaseEnds = now.adding(seconds: Self.leaseSeconds)
        return epoch
    }

    mutating func append(_ records: [JournalRecord]) throws(Refusal) {
        for (offset, record) in records.enumerated() {
            guard record.epoch == epoch, record.sequence == journal.count + 1 + offset else { throw .fenced }
        }
        journal += records
    }

    mutating func renew(_ claimed: Int, at now: Timestamp) throws(Refusal) {
        guard claimed == epoch else { throw .fenced }
        leaseEnds = now.adding(seconds: Self.leaseSeconds)
    }

    mutating func reserve(_ request: ReservationRequest) -> ReservationDecision {
        let decision = request.decision(held: held.values.sorted { $0.resource < $1.resource })
        if decision == .granted, held[request.resource] == nil { held[request.resource] = request.reservation }
        return decision
    }

    mutating func release(_ resource: ResourceID, by run: RunID) {
        if held[resource]?.run == run { held[resource] = nil }
    }

    mutating func file(_ entry: QuarantineEntry) { ledger[entry.resource] = entry }
}
