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
    /// - Parameters:
    ///   - change: as it is kept.
    ///   - afterAcceptance: users are kept: it has to be younger than the first policy that was accepted, for before that it was asked
    ///     for by whatever folder's rules, and people were told apart by what they called themselves.
    /// - Throws: `drift` with what the log tells otherwise; `blocked` for one that is too old.
    func require(_ change: Change, afterAcceptance: Bool = false) async throws(ControlError) {
        var told: Told
        do throws(StoreError) {
            told = try await self.told(of: change)
            // Somebody may have voted between the two looks.
            if told.fault != nil { told = try await self.told(of: change) }
        } catch {
            throw ControlError(store: error)
        }
        if let fault = told.fault {
            throw ControlError(
                .drift, "change \(change.id) is not what the log tells of it: \(fault)",
                hint:
                    "`fettle evidence check` tells all that was altered; `fettle change submit` asks for the plan anew")
        }
        guard !afterAcceptance || told.isAfterAcceptance else {
            throw ControlError(
                .blocked, "change \(change.id) is older than the first policy that was accepted here",
                hint: "`fettle change withdraw \(change.id)`, then `fettle change submit \(change.plan.id) --reason …`")
        }
    }

    /// What the log tells was made of it, and the database gives to another change, or has no more.
    private func lostRun(_ made: [RunID], of change: ChangeID) async throws(StoreError) -> String? {
        for run in made {
            let owner = try await store.summary(of: run)?.change
            guard owner != change else { continue }
            return "the log tells that \(run) was made for it, and "
                + (owner.map { "it is kept as that of \($0)" } ?? "there is no such run any more")
        }
        return nil
    }

    private struct Told {
        var fault: String?
        var isAfterAcceptance = true
    }

    private func told(of change: Change) async throws(StoreError) -> Told {
        let bytes = try await store.bytes(of: .document(.change, id: change.id.rawValue)) ?? []
        let (told, made, begunAt, acceptedAt) = try await entries(of: change.id)
        // No log is kept here.
        guard let begunAt else { return Told() }
        let submitted = told.first { $0.entry.what == .changeSubmitted }?.sequence
        let isAfter = acceptedAt.flatMap { accepted in submitted.map { $0 > accepted } } ?? false
        let lost = try await lostRun(made, of: change.id)
        return Told(
            fault: lost ?? Self.fault(of: change, LogChain.sha256.digest(bytes), told, begunAt: begunAt),
            isAfterAcceptance: isAfter)
    }

    private static func fault(
        of change: Change, _ digest: Digest, _ told: [Placed], begunAt: Timestamp
    ) -> String? {
        let isYounger = change.requestedAt >= begunAt
        guard let last = told.last else { return isYounger ? "it has no entry of it" : nil }
        if isYounger, told.first?.entry.what != .changeSubmitted {
            return "it has no entry of its submission"
        }
        let submissions = told.filter { $0.entry.what == .changeSubmitted }
        guard submissions.count < 2 else {
            return
                "it was submitted by entry \(submissions[0].sequence) and, made anew, by entry \(submissions[1].sequence)"
        }
        for (earlier, later) in zip(told, told.dropFirst()) {
            // A vote that is lawful itself must not cover what somebody wrote before it.
            guard let before = later.entry.before, before != earlier.entry.digest else { continue }
            return "it was altered between entry \(earlier.sequence) and entry \(later.sequence)"
        }
        guard last.entry.digest == digest else { return "it was altered since the log's last entry of it" }
        guard !told.contains(where: { $0.entry.what == .documentAltered }) else {
            return "the log tells that it was altered, by nothing that Fettle does"
        }
        for vote in change.votes where vote.at >= begunAt {
            let isTold = told.contains {
                $0.entry.what == (vote.approves ? .changeApproved : .changeRejected) && $0.entry.by == vote.person
                    && $0.entry.at == vote.at
            }
            guard isTold else { return "it has no entry of the vote of \(vote.person)" }
        }
        return nil
    }

    private typealias Placed = (sequence: Int, entry: LogEntry)

    /// The entries that tell of the change, in their order; the runs that were made for it; since when there is a log, nil: there is none; and the place of the first entry
    /// that tells that a policy was accepted, nil: none was.
    private func entries(
        of change: ChangeID
    ) async throws(StoreError) -> (entries: [Placed], made: [RunID], begunAt: Timestamp?, acceptedAt: Int?) {
        var entries: [Placed] = []
        var made: [RunID] = []
        var begunAt = try await store.logBeganAt()
        var acceptedAt: Int?
        let name = Array("\(change)\"".utf8)
        let acceptance = Array(LogEntry.What.policyAccepted.rawValue.utf8)
        let subject = LogSubject.document(.change, id: change.rawValue)
        try await store.readLog { record in
            let isWanted =
                begunAt == nil || record.entry.firstRange(of: name) != nil
                || (acceptedAt == nil && record.entry.firstRange(of: acceptance) != nil)
            guard isWanted, let entry = try? CanonicalJSON.decode(LogEntry.self, from: Data(record.entry)) else {
                return
            }
            begunAt = begunAt ?? entry.at
            if entry.what == .policyAccepted { acceptedAt = acceptedAt ?? record.sequence }
            if entry.subject == subject { entries.append((record.sequence, entry)) }
            if entry.what == .runMade, entry.change == change, let run = entry.run { made.append(run) }
        }
        return (entries, made, begunAt, acceptedAt)
    }
}
