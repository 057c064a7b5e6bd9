public import FettleModel

extension InMemoryStore {
    public func createRun(_ run: RunID, change: ChangeID, at time: Timestamp) throws(StoreError) {
        try make(run, for: change, by: nil, at: time)
    }

    // Asynchronous though it need not be: the requirement's default would be preferred to it otherwise.
    public func createRun(
        _ run: RunID, change: ChangeID, by person: Person?, at time: Timestamp
    ) async throws(StoreError) {
        try make(run, for: change, by: person, at: time)
    }

    private func make(
        _ run: RunID, for change: ChangeID, by person: Person?, at time: Timestamp
    ) throws(StoreError) {
        guard journals[run] == nil else { throw StoreError(.conflict, "run \(run) is there already") }
        journals[run] = Journal(
            summary: RunSummary(
                run: run, change: change, createdAt: time, epoch: 0, executor: nil, leaseUntil: nil))
        try enter { LogRules.of(made: run, for: change, by: person, at: time) }
    }

    public func claim(
        _ run: RunID, executor: String, at time: Timestamp, leaseSeconds: Int, takeOver: Bool
    ) throws(StoreError) -> RunClaim {
        var summary = try journal(of: run).summary
        if !takeOver, let holder = summary.executor, holder != executor, let until = summary.leaseUntil, time < until {
            throw StoreError(.leaseHeld, "run \(run) is held by \(holder) until \(until)")
        }
        summary.epoch += 1
        summary.executor = executor
        summary.leaseUntil = time.adding(seconds: leaseSeconds)
        journals[run]?.summary = summary
        return RunClaim(run: run, executor: executor, epoch: summary.epoch)
    }

    public func renew(_ claim: RunClaim, at time: Timestamp, leaseSeconds: Int) throws(StoreError) {
        try requireEpoch(claim.epoch, of: claim.run)
        journals[claim.run]?.summary.executor = claim.executor
        journals[claim.run]?.summary.leaseUntil = time.adding(seconds: leaseSeconds)
    }

    public func release(_ claim: RunClaim) throws(StoreError) {
        // Somebody else's lease is not ours to give up.
        guard try journal(of: claim.run).summary.epoch == claim.epoch else { return }
        journals[claim.run]?.summary.executor = nil
        journals[claim.run]?.summary.leaseUntil = nil
    }

    public func append(_ records: [JournalRecord], to run: RunID) throws(StoreError) {
        let present = try journal(of: run)
        var last = present.records.last?.sequence ?? 0
        for record in records {
            try requireEpoch(record.epoch, of: run)
            guard record.sequence == last + 1 else {
                throw StoreError(.conflict, "line \(record.sequence) of \(run) doesn't follow line \(last)")
            }
            last = record.sequence
        }
        journals[run]?.records += records
        try enter { try LogRules.of(records, of: run) { try digest(ofJournal: run) } }
    }

    public func records(of run: RunID, after sequence: Int) throws(StoreError) -> [JournalRecord] {
        try journal(of: run).records.filter { $0.sequence > sequence }
    }

    public func runs(limit: Int) throws(StoreError) -> [RunSummary] {
        let newestFirst = journals.values.map(\.summary).sorted { ($1.createdAt, $1.run) < ($0.createdAt, $0.run) }
        return Array(newestFirst.prefix(max(0, limit)))
    }

    public func summary(of run: RunID) throws(StoreError) -> RunSummary? { journals[run]?.summary }

    private func journal(of run: RunID) throws(StoreError) -> Journal {
        guard let journal = journals[run] else { throw StoreError(.notFound, "there is no run \(run)") }
        return journal
    }

    func requireEpoch(_ epoch: Int, of run: RunID) throws(StoreError) {
        let present = try journal(of: run).summary.epoch
        guard epoch == present else {
            throw StoreError(.fenced, "run \(run) is at epoch \(present), not \(epoch): somebody else has claimed it")
        }
    }
}
