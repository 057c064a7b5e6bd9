public import FettleEvidence
public import FettleModel
public import FettleStore
import Foundation

/// Whether the log still is what was written, and whether what is kept still is what it tells.
public struct LogService: Sendable {
    let store: any Store
    let now: @Sendable () -> Timestamp
    private let gate: Gate

    public init(
        store: any Store, access: Access = .local, now: @escaping @Sendable () -> Timestamp = Timestamp.now
    ) {
        self.store = store
        self.now = now
        gate = Gate(StageKeeper(store: store), access, now: now)
    }

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
            var examination = LogExamination(anchors: anchors, begunAt: try await store.logBeganAt())
            // Listed before the log is read: what is kept meanwhile has an entry that is not read any more.
            let kept = try await Kept(store)
            try await examination.readStrays(store)
            try await examination.read(store)
            examination.judgeAnchors()
            let examined = examination.latest.sorted { $0.value.sequence < $1.value.sequence }
            for (subject, _) in examined { try await examination.judge(subject, store, kept) }
            try await examination.judgeRuns(kept, store)
            try await examination.judgeAges(store)
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
    /// That heads were anchored is no news of its own: while nothing else happens the head stays the same, and each anchoring
    /// gives no reason for another.
    ///
    /// - Throws: as `signedHeads`.
    public func signedHead(_ key: SigningKey) async throws(ControlError) -> SignedHead {
        guard let head = try await signedHeads(key).last else {
            throw ControlError(.internal, "the log has no head")
        }
        return head
    }

    /// What an anchoring keeps: the newest entry's place and link, and before it, where the newest that happened is that
    /// evidence was exported, those of the entry before the exports. That one lies in the part of the log that each of those
    /// bundles holds; the newest covers that they were exported.
    ///
    /// - Throws: `notFound` while the log is empty; `drift` if the log does not hold: what is wrong must not be vouched for.
    public func signedHeads(_ key: SigningKey) async throws(ControlError) -> [SignedHead] {
        let report = try await check()
        guard report.holds else {
            throw ControlError(
                .drift, "the log does not hold, and its head is not signed: \(report.faults[0])",
                hint: "`fettle evidence check` tells all of it")
        }
        guard report.entries > 0 else {
            throw ControlError(.notFound, "the log has no entry yet", hint: "`fettle scan` is the first to write one")
        }
        let heads = try await headsBeforeAnchors(report)
        do throws(EvidenceError) {
            var signed: [SignedHead] = []
            for head in heads { signed.append(try SignedHead(sequence: head.sequence, link: head.link, key: key)) }
            return signed
        } catch {
            throw ControlError(.internal, error.message)
        }
    }
}

extension LogService {
    /// To be asked before a head leaves: whoever may take evidence out may have it kept elsewhere.
    ///
    /// - Throws: `blocked`.
    public func requireMayAnchor(by person: Person) async throws(ControlError) {
        try await gate.require(.exportEvidence, on: .nowhere, by: person, saying: .nothing)
    }

    /// Writes down that a head was kept elsewhere, once for each place's kind while nothing else happens.
    ///
    /// - Parameters:
    ///   - place: a fixed word for what kind of place that is.
    ///   - person: who had it kept there.
    public func anchored(_ head: SignedHead, at place: String, by person: Person) async throws(ControlError) {
        try await requireMayAnchor(by: person)
        do throws(StoreError) {
            for record in try await store.log(after: head.sequence, limit: 1_000) {
                guard let entry = try? CanonicalJSON.decode(LogEntry.self, from: Data(record.entry)) else { continue }
                if entry.what == .headAnchored, entry.digest == head.link, entry.word == place { return }
            }
            try await store.note(.headAnchored(link: head.link, place: place, by: person, at: now()))
        } catch {
            throw ControlError(store: error)
        }
    }

    /// The newest entry that tells of something else than an anchoring, and before it, if it is an export's, the one before the
    /// exports; oldest first, never none. What was written since the log was judged is not among them: nobody has judged it.
    private func headsBeforeAnchors(
        _ report: Report
    ) async throws(ControlError) -> [(sequence: Int, link: Digest)] {
        var heads: [(sequence: Int, link: Digest)] = []
        do throws(StoreError) {
            var end = report.entries
            while end > 0 {
                let start = max(0, end - 100)
                for record in try await store.log(after: start, limit: end - start).reversed() {
                    let entry = try? CanonicalJSON.decode(LogEntry.self, from: Data(record.entry))
                    if entry?.what == .headAnchored { continue }
                    let isExport = entry?.what == .evidenceExported
                    if !isExport || heads.isEmpty { heads.insert((record.sequence, record.link), at: 0) }
                    if !isExport { return heads }
                }
                end = start
            }
        } catch {
            throw ControlError(store: error)
        }
        if heads.isEmpty { heads.append((report.entries, report.link)) }
        return heads
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
