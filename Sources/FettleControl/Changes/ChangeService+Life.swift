public import FettleModel
import FettleStore

/// A change before and after its run.
extension ChangeService {
    /// Says when a change is to be carried out.
    ///
    /// - Parameter window: it does not start before, and is over if nobody started it by the end; nil: whenever somebody starts it.
    /// - Throws: `blocked` for anybody but the requester, `conflict` once somebody has voted on it.
    public func schedule(
        _ id: ChangeID, for window: TimeWindow?, by person: Person
    ) async throws(ControlError) -> Change {
        try await require(.submit, on: id, by: person)
        return try await alter(id) { change throws(ControlError) in
            try change.take(.schedule(by: person, window: window), at: now())
        }
    }

    /// Writes down what somebody found who looked at a change after its run.
    ///
    /// - Throws: `blocked` for the requester, `conflict` if there is nothing to review.
    public func review(_ id: ChangeID, text: String, by person: Person) async throws(ControlError) -> Change {
        try await require(.review, on: id, by: person)
        return try await alter(id) { change throws(ControlError) in
            let end = try await runEnd(of: change)
            try change.take(.review(by: person, text: text), at: now(), runEnd: end)
        }
    }

    /// How far it is, by what is kept of its run.
    public func phase(of change: Change) async throws(ControlError) -> ChangePhase {
        change.phase(at: now(), runEnd: try await runEnd(of: change))
    }

    /// nil: it has no run, or its run goes on.
    public func runEnd(of change: Change) async throws(ControlError) -> Change.RunEnd? {
        guard let run = try await run(of: change) else { return nil }
        do throws(StoreError) {
            guard try await keeper.store.summary(of: run)?.change == change.id else { return nil }
            for record in try await keeper.store.records(of: run, after: 0).reversed() {
                switch record.event {
                case .ended(let outcome): return outcome == .succeeded ? .succeeded : .otherwise
                case .superseded: return .otherwise
                default: continue
                }
            }
            return nil
        } catch {
            // What cannot be read is for a person to look at, and no reason not to show the others.
            if error.code == .conflict { return .otherwise }
            throw ControlError(store: error)
        }
    }

    /// An emergency goes past people once, and is looked at afterwards: while that is overdue, the next one does not go past them.
    func requireReviews(
        among kept: [DocumentSummary], _ policy: Policy, at time: Timestamp
    ) async throws(ControlError) {
        let limit = time.adding(seconds: -policy.changes.emergency.reviewWithinSeconds)
        for summary in kept where summary.createdAt < limit {
            let change = try await change(ChangeID(summary.id))
            guard change.kind == .emergency, change.review == nil,
                change.phase(at: time, runEnd: try await runEnd(of: change)) == .review
            else { continue }
            throw ControlError(
                .blocked, "the emergency \(change.id) of \(change.requestedAt.day) was not reviewed in time",
                hint: "`fettle change review \(change.id) --note '…'` by somebody other than \(change.requestedBy)")
        }
    }
}
