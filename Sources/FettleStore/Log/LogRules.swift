public import FettleModel
import Foundation

/// What the log says of each write, in the one place where every store takes it from. To be called inside the transaction that
/// writes it; the log's own lock is taken last.
public enum LogRules {
    // MARK: Documents

    /// A document that was not there before.
    public static func of(_ document: StoredDocument) -> [LogEntry] {
        var entry = entry(.kept, document)
        switch document.kind {
        case .plan:
            entry.what = .planMade
            entry.by = document.writtenBy
        case .change:
            entry.what = .changeSubmitted
            entry.change = ChangeID(document.id)
            entry.by = change(document.bytes)?.requestedBy
        case .evidence: entry.run = RunID(document.id)
        case .user:
            entry.what = .userAdded
            entry.by = decoded(User.self, document.bytes)?.createdBy
        case .token:
            let token = decoded(AccessToken.self, document.bytes)
            entry.what = .tokenMade
            entry.by = token?.createdBy
            entry.word = token?.isByTheStore == true ? "enrolmentByTheStore" : token?.kind.rawValue
        case .trust:
            entry.what = .policyAccepted
            entry.by = decoded(TrustPin.self, document.bytes)?.acceptedBy
        case .image:
            entry.by = decoded(ImageRecord.self, document.bytes)?.addedBy
        case .imagenote:
            let note = decoded(ImageNote.self, document.bytes)
            entry.by = note?.by
            entry.word = note?.kind.rawValue
        case .note:
            let note = decoded(PatchSetNote.self, document.bytes)
            entry.by = note?.by
            entry.word = note?.kind.rawValue
            entry.set = note.map { PatchSetID($0.set.id) }
        case .patchset: entry.by = decoded(PatchSet.self, document.bytes)?.madeBy
        case .statement: entry.by = document.writtenBy
        case .fleet, .facts, .findings, .selection, .submitted: break
        }
        return [entry]
    }

    /// A document that replaced another one of its name.
    ///
    /// - Parameters:
    ///   - document: as it stands now.
    ///   - old: the bytes that were there.
    ///   - before: their digest: taken over them now, and not what is written beside them.
    public static func of(_ document: StoredDocument, replacing old: [UInt8], before: Digest) -> [LogEntry] {
        var entries = of(document, replacing: old)
        if !entries.isEmpty { entries[0].before = before }
        return entries
    }

    private static func of(_ document: StoredDocument, replacing old: [UInt8]) -> [LogEntry] {
        var altered = entry(.documentAltered, document)
        altered.at = nil
        switch document.kind {
        case .user: return of(user: document, replacing: old, altered)
        case .token: return of(token: document, replacing: old, altered)
        default: break
        }
        guard document.kind == .change, let before = change(old), let after = change(document.bytes) else {
            return [altered]
        }
        altered.change = after.id
        var entries: [LogEntry] = []
        var expected = before
        expected.votes += after.votes.dropFirst(before.votes.count)
        for vote in after.votes.dropFirst(before.votes.count) {
            entries.append(altered.with(vote.approves ? .changeApproved : .changeRejected, vote.at, vote.person))
        }
        if before.withdrawnAt == nil, let time = after.withdrawnAt {
            expected.withdrawnAt = time
            entries.append(altered.with(.changeWithdrawn, time, after.requestedBy))
        }
        if after.run != before.run {
            expected.run = after.run
            var assigned = altered.with(after.run == nil ? .changeUnassigned : .changeAssigned, nil, nil)
            assigned.run = after.run ?? before.run
            entries.append(assigned)
        }
        if after.schedule != before.schedule {
            expected.schedule = after.schedule
            entries.append(altered.with(.changeScheduled, nil, after.requestedBy))
        }
        if before.review == nil, let review = after.review {
            expected.review = review
            entries.append(altered.with(.changeReviewed, review.at, review.by))
        }
        // Whatever else is different was altered by nobody who may.
        return expected == after && !entries.isEmpty ? entries : entries + [altered]
    }

    private static func entry(_ what: LogEntry.What, _ document: StoredDocument) -> LogEntry {
        LogEntry(
            what, at: document.createdAt, subject: .document(document.kind, id: document.id), digest: document.digest)
    }

    private static func change(_ bytes: [UInt8]) -> Change? { decoded(Change.self, bytes) }

    static func decoded<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) -> Value? {
        try? CanonicalJSON.decode(type, from: Data(bytes))
    }

    // MARK: Runs

    /// - Parameters:
    ///   - run: that was made.
    ///   - change: that it carries out.
    ///   - person: who made it; nil: nobody is known.
    ///   - time: when.
    public static func of(
        made run: RunID, for change: ChangeID, by person: Person? = nil, at time: Timestamp
    ) -> [LogEntry] {
        [LogEntry(.runMade, at: time, by: person, change: change, run: run)]
    }

    public static func of(_ act: NotedAct) -> [LogEntry] {
        switch act {
        case .evidenceExported(let run, let bundle, let person, let time):
            [LogEntry(.evidenceExported, at: time, by: person, run: run, digest: bundle)]
        case .headAnchored(let link, let place, let person, let time):
            [LogEntry(.headAnchored, at: time, by: person, word: place, digest: link)]
        }
    }

    /// Lines that were added to a run's journal. What steps did stands in the journal alone, which the end covers.
    ///
    /// - Parameters:
    ///   - records: the lines, in their order.
    ///   - run: whose journal it is.
    ///   - journal: the digest of all of it, with these lines; asked for once, if they close it.
    public static func of(
        _ records: [JournalRecord], of run: RunID, journal: () throws -> Digest
    ) rethrows -> [LogEntry] {
        var digest: Digest?
        return try records.compactMap { record in
            guard var entry = entry(record.event) else { return nil }
            entry.at = record.at
            entry.run = run
            if entry.what == .runEnded || entry.what == .runSuperseded {
                entry.subject = .journal(run)
                let closed = try digest ?? journal()
                digest = closed
                entry.digest = closed
            }
            return entry
        }
    }

    private static func entry(_ event: RunEvent) -> LogEntry? {
        switch event {
        case .stepIntended, .stepDone, .stepFailed: nil
        case .started(let change, _, let person): LogEntry(.runStarted, by: person, change: change)
        case .claimed: LogEntry(.runClaimed)
        case .stepSkipped(let step, let person, _): LogEntry(.stepSkipped, by: person, step: step)
        case .gateAnswered(let step, let person, let verdict, _):
            LogEntry(.gateAnswered, by: person, step: step, word: verdict.rawValue)
        case .paused(let person, _): LogEntry(.runPaused, by: person)
        case .resumed(let person): LogEntry(.runResumed, by: person)
        case .retried(let person): LogEntry(.runRetried, by: person)
        case .failedRetried(_, let person): LogEntry(.runRetried, by: person, word: "failed")
        case .abortRequested(let person, _): LogEntry(.abortRequested, by: person)
        case .rollbackRequested(let person, _): LogEntry(.rollbackRequested, by: person)
        case .partRollbackRequested(_, let person, _): LogEntry(.partRollbackRequested, by: person)
        case .handOverRequested(let person, _): LogEntry(.handOverRequested, by: person)
        case .superseded(_, _, let person): LogEntry(.runSuperseded, by: person)
        case .quarantined(let quarantine): LogEntry(.hostQuarantined, resource: quarantine.resource)
        case .awaitingHuman: LogEntry(.personAwaited)
        case .ended(let outcome): LogEntry(.runEnded, word: outcome.word)
        }
    }

    public static func of(_ request: RunRequest, to run: RunID) -> [LogEntry] {
        let (word, person, step): (String, Person, StepID?) =
            switch request {
            case .pause(let person, _): ("pause", person, nil)
            case .resume(let person): ("resume", person, nil)
            case .abort(let person, _): ("abort", person, nil)
            case .rollback(let person, _): ("rollback", person, nil)
            case .retry(let person): ("retry", person, nil)
            case .skip(let step, let person, _): ("skip", person, step)
            case .rollbackPart(_, let person, _): ("rollbackPart", person, nil)
            case .retryFailed(_, let person): ("retryFailed", person, nil)
            case .handOver(let person, _, _): ("handOver", person, nil)
            case .answer(let step, let person, let verdict, _): ("answer \(verdict.rawValue)", person, step)
            }
        return [LogEntry(.runAsked, by: person, run: run, step: step, word: word)]
    }

    /// One run that took the place of another.
    ///
    /// - Parameters:
    ///   - order: both runs, and what the old one left.
    ///   - journal: the digest of the old run's, with the lines that closed it; asked for if there are any.
    public static func of(_ order: SupersessionOrder, journal: () throws -> Digest) rethrows -> [LogEntry] {
        let made = LogEntry(.runMade, at: order.at, by: order.person, change: order.change, run: order.new)
        let ended = try of(order.records, of: order.old, journal: journal)
        let settled = order.quarantined.sorted().map { host in
            LogEntry(
                .quarantineSettled, at: order.at, by: order.person, run: order.old, resource: host, word: "takenOver")
        }
        return [made] + ended + settled
    }

    // MARK: Ledgers

    public static func of(settled entry: QuarantineEntry, by person: Person, at time: Timestamp) -> [LogEntry] {
        [LogEntry(.quarantineSettled, at: time, by: person, run: entry.run, resource: entry.resource)]
    }

    /// - Parameters:
    ///   - events: what was added to the ledger of waivers.
    ///   - length: of the ledger before.
    ///   - digest: of an event's bytes as they are kept.
    public static func of(
        _ events: [WaiverEvent], after length: Int, digest: (Int) throws -> Digest
    ) rethrows -> [LogEntry] {
        try events.enumerated().map { offset, event in
            var entry =
                switch event {
                case .granted(let waiver): LogEntry(.waiverGranted, at: waiver.createdAt, by: waiver.createdBy)
                case .ended(_, let ending): LogEntry(.waiverEnded, at: ending.at, by: ending.by)
                }
            entry.subject = .waiver(length + offset + 1)
            entry.digest = try digest(offset)
            return entry
        }
    }
}

extension LogEntry {
    func with(_ what: What, _ time: Timestamp?, _ person: Person?) -> LogEntry {
        var entry = self
        entry.what = what
        entry.at = time
        entry.by = person
        return entry
    }
}

extension RunOutcome {
    fileprivate var word: String {
        switch self {
        case .succeeded: "succeeded"
        case .rolledBack: "rolledBack"
        case .failed: "failed"
        }
    }
}
