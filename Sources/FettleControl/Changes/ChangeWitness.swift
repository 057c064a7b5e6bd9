import FettleEvidence
import FettleModel
import FettleStore
import Foundation

/// Whether a change is what the log tells of it. Votes that somebody wrote into the database past Fettle start no run, even with the
/// right digests: they would have to be in the log, too, and there an anchor finds them.
struct ChangeWitness {
    let store: any Store

    /// What was kept before there was a log is taken as it is.
    ///
    /// - Throws: `drift` with what the log tells otherwise.
    func require(_ change: Change) async throws(ControlError) {
        var fault: String?
        do throws(StoreError) {
            fault = try await self.fault(of: change)
            // Somebody may have voted between the two looks.
            if fault != nil { fault = try await self.fault(of: change) }
        } catch {
            throw ControlError(store: error)
        }
        guard let fault else { return }
        throw ControlError(
            .drift, "change \(change.id) is not what the log tells of it: \(fault)",
            hint: "`fettle evidence check` tells all that was altered; `fettle change submit` asks for the plan anew")
    }

    private func fault(of change: Change) async throws(StoreError) -> String? {
        let subject = LogSubject.document(.change, id: change.id.rawValue)
        let bytes = try await store.bytes(of: subject) ?? []
        let (entries, begunAt) = try await entries(of: change.id)
        // No log is kept here.
        guard let begunAt else { return nil }
        let told = entries.filter { $0.subject == subject }
        guard let last = told.last else {
            return change.requestedAt < begunAt ? nil : "it has no entry of it"
        }
        guard last.digest == LogChain.sha256.digest(bytes) else {
            return "it was altered since the log's last entry of it"
        }
        guard !told.contains(where: { $0.what == .documentAltered }) else {
            return "the log tells that it was altered, by nothing that Fettle does"
        }
        for vote in change.votes where vote.at >= begunAt {
            let isTold = told.contains {
                $0.what == (vote.approves ? .changeApproved : .changeRejected) && $0.by == vote.person
                    && $0.at == vote.at
            }
            guard isTold else { return "it has no entry of the vote of \(vote.person)" }
        }
        return nil
    }

    /// The entries that name the change, in their order; and since when there is a log, nil: there is none.
    private func entries(
        of change: ChangeID
    ) async throws(StoreError) -> (entries: [LogEntry], begunAt: Timestamp?) {
        var entries: [LogEntry] = []
        var begunAt = try await store.logBeganAt()
        let name = Array("\(change)\"".utf8)
        var last = 0
        while true {
            let records = try await store.log(after: last, limit: 1_000)
            for record in records {
                last = record.sequence
                guard begunAt == nil || record.entry.firstRange(of: name) != nil,
                    let entry = try? CanonicalJSON.decode(LogEntry.self, from: Data(record.entry))
                else { continue }
                begunAt = begunAt ?? entry.at
                if entry.subject == .document(.change, id: change.rawValue) { entries.append(entry) }
            }
            if records.count < 1_000 { return (entries, begunAt) }
        }
    }
}
