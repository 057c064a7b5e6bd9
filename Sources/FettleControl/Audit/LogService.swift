public import FettleEvidence
public import FettleModel
public import FettleStore
import Foundation

/// Whether the log still is what was written, and whether what is kept still is what it tells.
public struct LogService: Sendable {
    let store: any Store

    public init(store: any Store) { self.store = store }

    public struct Report: Codable, Sendable, Equatable {
        /// Entries of the log.
        public var entries: Int
        /// Of the last one; as `LogChain.beginning` where there is none.
        public var link: Digest
        /// What is wrong, in the log's order; entry 0 is for what the log has no entry of.
        public var faults: [LogFault]
        /// Beyond those.
        public var faultsBeyond: Int
        /// What was kept before there was a log, so that no entry tells of it; sorted.
        public var notInLog: [String]
        /// Heads from outside that were held against it.
        public var anchors: Int

        public var holds: Bool { faults.isEmpty }
    }

    /// Reads the whole log, and all that it tells digests of.
    ///
    /// - Parameter anchors: heads that were kept elsewhere; without one a log whose end is cut off, or that was written anew from
    ///   some place on, can look whole.
    public func check(anchors: [SignedHead] = []) async throws(ControlError) -> Report {
        do throws(StoreError) {
            var examination = Examination(anchors: anchors, begunAt: try await store.logBeganAt())
            // Listed before the log is read: what is kept meanwhile has an entry that is not read any more.
            let kept = try await kept()
            try await examination.read(store)
            examination.judgeAnchors()
            let examined = examination.latest.sorted { $0.value.sequence < $1.value.sequence }
            for (subject, _) in examined { try await examination.judge(subject, store) }
            let notInLog = examination.unlogged(kept)
            return Report(
                entries: examination.log.sequence, link: examination.log.link, faults: examination.log.faults,
                faultsBeyond: examination.log.faultsBeyond, notInLog: notInLog, anchors: anchors.count)
        } catch {
            throw ControlError(store: error)
        }
    }

    /// Entries of the log, for people; what cannot be read is left out, and `check` tells of it.
    ///
    /// - Parameters:
    ///   - sequence: those after it.
    ///   - limit: entries at most.
    public func entries(after sequence: Int, limit: Int) async throws(ControlError) -> [PlacedEntry] {
        do throws(StoreError) {
            return try await store.log(after: sequence, limit: limit).compactMap { record in
                (try? CanonicalJSON.decode(LogEntry.self, from: Data(record.entry))).map {
                    PlacedEntry(sequence: record.sequence, link: record.link, entry: $0)
                }
            }
        } catch {
            throw ControlError(store: error)
        }
    }

    public struct PlacedEntry: Codable, Sendable, Equatable {
        public var sequence: Int
        public var link: Digest
        public var entry: LogEntry
    }

    /// The newest entry's place and link, signed.
    ///
    /// - Throws: `notFound` while the log is empty; `drift` if the log does not hold: what is wrong must not be vouched for.
    public func signedHead(_ key: SigningKey) async throws(ControlError) -> SignedHead {
        let report = try await check()
        guard report.holds else {
            throw ControlError(
                .drift, "the log does not hold, and its head is not signed: \(report.faults[0])",
                hint: "`fettle evidence check` tells all of it")
        }
        guard report.entries > 0 else {
            throw ControlError(.notFound, "the log has no entry yet", hint: "`fettle scan` is the first to write one")
        }
        do throws(EvidenceError) {
            return try SignedHead(sequence: report.entries, link: report.link, key: key)
        } catch {
            throw ControlError(.internal, error.message)
        }
    }

    private func kept() async throws(StoreError) -> [(subject: LogSubject, at: Timestamp)] {
        var kept: [(subject: LogSubject, at: Timestamp)] = []
        for kind in DocumentKind.allCases {
            kept += try await store.documents(kind, limit: .max).map { (.document(kind, id: $0.id), $0.createdAt) }
        }
        for (place, event) in try await store.waiverEvents().enumerated() {
            switch event {
            case .granted(let waiver): kept.append((.waiver(place + 1), waiver.createdAt))
            case .ended(_, let ending): kept.append((.waiver(place + 1), ending.at))
            }
        }
        for summary in try await store.runs(limit: .max) {
            guard let end = try await store.endOfJournal(of: summary.run) else { continue }
            kept.append((.journal(summary.run), end.at))
        }
        return kept
    }
}

extension Store {
    /// The line that closes a run's journal; nil: it is open.
    func endOfJournal(of run: RunID) async throws(StoreError) -> JournalRecord? {
        try await records(of: run, after: 0).last { record in
            switch record.event {
            case .ended, .superseded: true
            default: false
            }
        }
    }
}

/// One check, on its way through the log.
private struct Examination {
    var log = LogExaminer()
    /// The newest digest of each subject, and the entry that tells it.
    var latest: [LogSubject: (sequence: Int, digest: Digest)] = [:]
    /// Subjects of which the log tells first that they were replaced, and where.
    private var unmade: [LogSubject: Int] = [:]
    private var anchors: [Int: SignedHead]
    private var begunAt: Timestamp?

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
    }

    mutating func judgeAnchors() {
        let last = anchors.keys.max() ?? 0
        if last > log.sequence { log.fault(log.sequence + 1, "to \(last) are missing: they were anchored") }
    }

    /// Whether what is kept is what the log tells last of it.
    mutating func judge(_ subject: LogSubject, _ store: any Store) async throws(StoreError) {
        for isAgain in [false, true] {
            guard let known = latest[subject] else { return }
            let bytes = try await store.bytes(of: subject)
            if let bytes, LogChain.sha256.digest(bytes) == known.digest { return }
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

    /// What the log has no entry of. Older than the log: told. Younger: a fault.
    mutating func unlogged(_ kept: [(subject: LogSubject, at: Timestamp)]) -> [String] {
        var older: [String] = []
        for (subject, time) in kept {
            guard let sequence = unmade[subject], begunAt.map({ $0 <= time }) ?? false || subject.isIdentity else {
                continue
            }
            log.fault(sequence, "replaced a \(subject) that no entry tells of: it was put there past Fettle")
        }
        for (subject, time) in kept where latest[subject] == nil {
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
