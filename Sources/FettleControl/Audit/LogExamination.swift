import FettleEvidence
import FettleModel
import FettleStore

/// All that is kept beside the log, as it was listed before the log was read.
struct Kept {
    /// What an entry has to tell of, and since when it is there.
    var subjects: [(subject: LogSubject, at: Timestamp)] = []
    var documents: [LogSubject: DocumentSummary] = [:]
    var runs: [RunSummary] = []

    init(_ store: any Store) async throws(StoreError) {
        for kind in DocumentKind.allCases {
            for summary in try await store.documents(kind, limit: .max) {
                let subject = LogSubject.document(kind, id: summary.id)
                subjects.append((subject, summary.createdAt))
                documents[subject] = summary
            }
        }
        for (place, event) in try await store.waiverEvents().enumerated() {
            switch event {
            case .granted(let waiver): subjects.append((.waiver(place + 1), waiver.createdAt))
            case .ended(_, let ending): subjects.append((.waiver(place + 1), ending.at))
            }
        }
        runs = try await store.runs(limit: .max)
        for summary in runs {
            guard let end = try await store.endOfJournal(of: summary.run) else { continue }
            subjects.append((.journal(summary.run), end.at))
        }
    }
}

/// One check, on its way through the log.
struct LogExamination {
    var log = LogExaminer()
    /// The newest digest of each subject, and the entry that tells it.
    var latest: [LogSubject: (sequence: Int, digest: Digest)] = [:]
    /// Subjects of which the log tells first that they were replaced, and where.
    private var unmade: [LogSubject: Int] = [:]
    /// Runs that the log tells of, as it tells that they were made.
    private(set) var made: [RunID: MadeRun] = [:]
    /// By the entries that tell that something was made: when.
    private var madeAt: [LogSubject: Timestamp] = [:]
    /// The times at which findings were kept.
    private(set) var assessedAt: Set<Timestamp> = []
    private var anchors: [Int: SignedHead]
    private var begunAt: Timestamp?

    struct MadeRun {
        var sequence: Int
        var change: ChangeID?
        var at: Timestamp?
    }

    /// - Parameter time: since when there is a log; nil: since its first entry.
    init(anchors: [SignedHead], begunAt time: Timestamp?) {
        begunAt = time
        self.anchors = [:]
        // Of two heads at one place that differ one is wrong, which shows at whichever is held against the log.
        for anchor in anchors { self.anchors[anchor.sequence] = anchor }
        for anchor in anchors where self.anchors[anchor.sequence]?.link != anchor.link {
            log.fault(anchor.sequence, "was anchored twice, with different links")
        }
    }

    private static let page = 1_000

    /// Rows where no entry can be: before the first.
    mutating func readStrays(_ store: any Store) async throws(StoreError) {
        for record in try await store.log(after: .min, limit: 10) where record.sequence < 1 {
            log.fault(record.sequence, "is none: the first is entry 1; somebody has put it there")
        }
    }

    /// All entries after those that were read before.
    mutating func read(_ store: any Store) async throws(StoreError) {
        while true {
            let records = try await store.log(after: log.sequence, limit: Self.page)
            for record in records { take(record) }
            if records.count < Self.page { return }
        }
    }

    private mutating func take(_ record: LogRecord) {
        let entry = log.take(record)
        if let anchor = anchors[record.sequence], anchor.link != record.link {
            log.fault(record.sequence, "is not the one that was anchored: the log was written anew")
        }
        if let at = entry?.at { begunAt = min(begunAt ?? at, at) }
        if let entry, entry.what == .runMade, let run = entry.run {
            if let known = made[run] {
                log.fault(
                    record.sequence,
                    "tells that \(run) was made anew, though entry \(known.sequence) tells of it: it was deleted in between"
                )
            }
            made[run] = MadeRun(sequence: record.sequence, change: entry.change, at: entry.at)
        }
        guard let subject = entry?.subject, let digest = entry?.digest else { return }
        if entry?.what == .documentAltered {
            log.fault(record.sequence, "tells that \(subject) was altered, and not by anything that Fettle does")
        } else if let known = latest[subject], known.digest != digest, !subject.isEverReplaced {
            log.fault(record.sequence, "tells of another \(subject) than entry \(known.sequence): it is never replaced")
        } else if let known = latest[subject], entry?.makesItsSubject == true {
            log.fault(
                record.sequence,
                "tells that \(subject) was made anew, though entry \(known.sequence) tells of it: it was deleted in between"
            )
        }
        if let before = entry?.before {
            if let known = latest[subject] {
                // What was lawfully written on top of it must not cover it.
                if known.digest != before {
                    log.fault(
                        record.sequence,
                        "replaced another \(subject) than entry \(known.sequence) tells of: it was altered in between")
                }
            } else {
                unmade[subject] = record.sequence
            }
        }
        latest[subject] = (record.sequence, digest)
        if let at = entry?.at, entry?.makesItsSubject == true {
            madeAt[subject] = madeAt[subject] ?? at
            if case .document(.findings, _) = subject { assessedAt.insert(at) }
        }
    }

    mutating func judgeAnchors() {
        let last = anchors.keys.max() ?? 0
        if last > log.sequence { log.fault(log.sequence + 1, "to \(last) are missing: they were anchored") }
    }

    /// Whether what is kept is what the log tells last of it.
    mutating func judge(_ subject: LogSubject, _ store: any Store, _ kept: Kept) async throws(StoreError) {
        for isAgain in [false, true] {
            guard let known = latest[subject] else { return }
            let bytes = try await store.bytes(of: subject)
            if let bytes, LogChain.sha256.digest(bytes) == known.digest {
                return try await judgeCells(beside: subject, store, kept)
            }
            // Somebody may have altered it, with an entry, since the log was read.
            if !isAgain {
                try await read(store)
                continue
            }
            log.fault(
                known.sequence,
                bytes == nil
                    ? "tells of \(subject), which is not there any more"
                    : "tells of \(subject), which is not what was kept: it was altered since")
        }
    }

    /// What stands beside a document and is read without its bytes: its digest, and when it was made.
    private mutating func judgeCells(
        beside subject: LogSubject, _ store: any Store, _ kept: Kept
    ) async throws(StoreError) {
        guard case .document(let kind, let id) = subject, var beside = kept.documents[subject] else { return }
        for isAgain in [false, true] {
            guard let known = latest[subject] else { return }
            guard beside.digest != known.digest else { break }
            guard !isAgain else {
                log.fault(
                    known.sequence,
                    "tells of \(subject), beside which another digest is kept than that of its bytes: it was altered since"
                )
                break
            }
            // Replaced since it was listed?
            try await read(store)
            guard let now = try await store.document(kind, id: id) else { return }
            beside = DocumentSummary(kind: kind, id: id, digest: now.digest, createdAt: now.createdAt)
        }
        if let at = madeAt[subject], let known = latest[subject], beside.createdAt != at {
            log.fault(
                known.sequence,
                "tells of \(subject), which was made at \(at); beside it \(beside.createdAt) is kept: it was altered since"
            )
        }
    }

    /// What the log has no entry of. Older than the log: told. Younger: a fault.
    mutating func unlogged(_ kept: Kept) -> [String] {
        var older: [String] = []
        for run in kept.runs where made[run.run] == nil {
            if begunAt.map({ $0 <= run.createdAt }) ?? false {
                log.fault(0, "is missing: nothing in the log tells that \(run.run) was made")
            } else {
                older.append("run:\(run.run)")
            }
        }
        for (subject, time) in kept.subjects {
            guard let sequence = unmade[subject], begunAt.map({ $0 <= time }) ?? false || subject.isIdentity else {
                continue
            }
            log.fault(sequence, "replaced a \(subject) that no entry tells of: it was put there past Fettle")
        }
        for (subject, time) in kept.subjects where latest[subject] == nil {
            // These were never kept without a log.
            if begunAt.map({ $0 <= time }) ?? false || subject.isIdentity {
                log.fault(0, "is missing: nothing in the log tells of \(subject)")
            } else {
                older.append(subject.description)
            }
        }
        return older.sorted()
    }
}

extension LogSubject {
    fileprivate var isIdentity: Bool {
        if case .document(.user, _) = self { return true }
        if case .document(.token, _) = self { return true }
        if case .document(.trust, _) = self { return true }
        return false
    }
}
