public import FettleEvidence
public import FettleModel
public import FettleStore
import Foundation

/// A run's evidence in one file that proves itself.
public struct BundleService: Sendable {
    let store: any Store
    let keeper: StageKeeper
    let gate: Gate
    let now: @Sendable () -> Timestamp

    public init(
        store: any Store, access: Access = .local, now: @escaping @Sendable () -> Timestamp = Timestamp.now
    ) {
        self.store = store
        keeper = StageKeeper(store: store)
        gate = Gate(keeper, access, now: now)
        self.now = now
    }

    public struct Exported: Sendable {
        public var bytes: [UInt8]
        public var story: BundleStory
    }

    /// Gathers what is kept of an ended run, signs it, and judges the result as a stranger would before anybody gets it.
    ///
    /// - Parameters:
    ///   - run: one that has ended.
    ///   - person: who exports it.
    ///   - key: signs it.
    ///   - secrets: a bundle that holds one of them is not made.
    /// - Throws: `notFound`; `conflict` while the run goes on; `drift` if what is kept is not what the log tells; `blocked` if a secret
    ///   is in it.
    public func export(
        _ run: RunID, by person: Person, key: SigningKey, secrets: SecretMask
    ) async throws(ControlError) -> Exported {
        try await gate.require(.exportEvidence, by: person, saying: .nothing) { () throws(ControlError) in
            let change = try await keeper.load(Change.self, .change, id: try await summary(of: run).change.rawValue)
                .value
            return ActScope(try await keeper.load(Plan.self, .plan, id: change.plan.id).value)
        }
        let (exported, time) = try await made(run, by: person, key, secrets)
        // Before anybody gets it: none is out of which the log does not know.
        do throws(StoreError) {
            try await store.note(
                .evidenceExported(run: run, bundle: LogChain.sha256.digest(exported.bytes), by: person, at: time))
        } catch {
            throw ControlError(store: error)
        }
        return exported
    }

    private func made(
        _ run: RunID, by person: Person, _ key: SigningKey, _ secrets: SecretMask
    ) async throws(ControlError) -> (Exported, at: Timestamp) {
        do throws(ControlError) {
            return try await madeOnce(run, by: person, key, secrets)
        } catch {
            // Somebody may have signed the set off, or looked at the change again, between the reading of that and of the
            // log: that is no tampering, and the second time both are there.
            guard error.code == .drift else { throw error }
        }
        return try await madeOnce(run, by: person, key, secrets)
    }

    private func madeOnce(
        _ run: RunID, by person: Person, _ key: SigningKey, _ secrets: SecretMask
    ) async throws(ControlError) -> (Exported, at: Timestamp) {
        var parts: [BundlePart: [UInt8]] = [:]
        let subjects = try await stages(of: run, into: &parts)
        let (extract, head, notInLog, begunAt) = try await extract(run, subjects)
        parts[.log] = extract.bytes
        try await requireOlder(notInLog, than: begunAt)
        try requireNoSecret(parts, secrets)
        var manifest = BundleManifest(
            run: run, madeAt: now(), madeBy: person, signer: key.verifying.name, head: head,
            notInLog: notInLog.map(\.description).sorted(), parts: [])
        manifest.logBeganAt = begunAt
        do throws(EvidenceError) {
            let bytes = try EvidenceBundle.write(manifest, parts: parts, key: key)
            let examiner = try BundleExaminer(EvidenceBundle(Data(bytes), trusting: [key.verifying]))
            guard examiner.faults.isEmpty, let story = examiner.story else {
                throw EvidenceError(.altered, examiner.faults.joined(separator: "; "))
            }
            return (Exported(bytes: bytes, story: story), manifest.madeAt)
        } catch {
            throw ControlError(
                .drift, "what is kept of \(run) does not agree: \(error.message)",
                hint: "`fettle evidence check` tells what was altered")
        }
    }

    /// Whether a key that signs may be made here.
    public func requireKeyMaking() async throws(ControlError) {
        try await gate.require(.makeSigningKey, on: .nowhere, saying: .nothing)
    }

    /// Everything that the run goes back to, and its journal.
    ///
    /// - Returns: what the log has to tell of, in the order of the flow.
    private func stages(
        of run: RunID, into parts: inout [BundlePart: [UInt8]]
    ) async throws(ControlError) -> [LogSubject] {
        let summary = try await summary(of: run)
        let change = try await keeper.load(Change.self, .change, id: summary.change.rawValue).value
        let plan = try await keeper.load(Plan.self, .plan, id: change.plan.id).value
        let selection = try await keeper.load(Selection.self, .selection, id: plan.selection.id).value
        let findings = try await keeper.load(FindingSet.self, .findings, id: selection.findings.id).value
        var documents: [(BundlePart, DocumentKind, String)] = [
            (.facts, .facts, findings.facts.id), (.findings, .findings, findings.id),
            (.selection, .selection, selection.id), (.plan, .plan, change.plan.id),
            (.change, .change, change.id.rawValue), (.evidence, .evidence, run.rawValue),
        ]
        if let set = selection.patchSet { documents.append((.patchset, .patchset, set.id)) }
        var subjects: [LogSubject] = []
        for (part, kind, id) in documents {
            do throws(ControlError) {
                parts[part] = try await keeper.bytes(of: kind, id: id).bytes
                subjects.append(.document(kind, id: id))
            } catch {
                guard part == .evidence, error.code == .notFound else { throw error }
            }
        }
        let (journal, startedAt) = try await journal(of: run)
        parts[.journal] = journal
        subjects.append(.journal(run))
        for subject in try await promotion(of: change, plan, startedAt: startedAt ?? summary.createdAt, into: &parts)
        where !subjects.contains(subject) { subjects.append(subject) }
        let targets = Set(plan.targets.map(\.resource))
        let waivers = findings.findings.filter { targets.contains($0.resource) }.flatMap { $0.waivers ?? [] }
        let events = try await ledger(of: Set(waivers.map(\.waiver)))
        if !events.isEmpty {
            parts[.waivers] = events.flatMap { Array("\($0.position) ".utf8) + $0.bytes + [0x0A] }
            subjects += events.map { .waiver($0.position) }
        }
        return subjects
    }

    private func summary(of run: RunID) async throws(ControlError) -> RunSummary {
        do throws(StoreError) {
            if let summary = try await store.summary(of: run) { return summary }
        } catch {
            throw ControlError(store: error)
        }
        throw ControlError(.notFound, "there is no run '\(run)'", hint: "`fettle run list` shows those there are")
    }

    private func journal(of run: RunID) async throws(ControlError) -> (bytes: [UInt8], startedAt: Timestamp?) {
        do throws(StoreError) {
            let bytes = try await store.bytes(of: .journal(run)) ?? []
            let records = try JournalLine.records(in: bytes)
            let hasEnded = records.contains { record in
                switch record.event {
                case .ended, .superseded: true
                default: false
                }
            }
            guard hasEnded else {
                throw StoreError(.conflict, "run \(run) has not ended: its evidence is not complete")
            }
            return (bytes, records.first?.at)
        } catch {
            throw ControlError(store: error)
        }
    }

    private func ledger(of waivers: Set<WaiverID>) async throws(ControlError) -> [(position: Int, bytes: [UInt8])] {
        guard !waivers.isEmpty else { return [] }
        do throws(StoreError) {
            var events: [(position: Int, bytes: [UInt8])] = []
            for (place, event) in try await store.waiverEvents().enumerated() {
                let id =
                    switch event {
                    case .granted(let waiver): waiver.id
                    case .ended(let waiver, _): waiver
                    }
                guard waivers.contains(id), let bytes = try await store.bytes(of: .waiver(place + 1)) else { continue }
                events.append((place + 1, bytes))
            }
            return events
        } catch {
            throw ControlError(store: error)
        }
    }

    // MARK: The log

    private func extract(
        _ run: RunID, _ subjects: [LogSubject]
    ) async throws(ControlError) -> (
        LogExtract, BundleManifest.Head, notInLog: [LogSubject], begunAt: Timestamp?
    ) {
        let wanted = Set(subjects)
        let change = subjects.compactMap { subject -> ChangeID? in
            if case .document(.change, let id) = subject { ChangeID(id) } else { nil }
        }.first
        // What was said of the set, all of it: what is left out is missed.
        let set = subjects.compactMap { subject -> String? in
            if case .document(.patchset, let id) = subject { id } else { nil }
        }.first
        var lines: [LogExtract.Line] = []
        var before = (sequence: 0, link: LogChain.beginning)
        var last = before
        var told: Set<LogSubject> = []
        var begunAt: Timestamp?
        do throws(StoreError) {
            begunAt = try await store.logBeganAt()
            while true {
                let records = try await store.log(after: last.sequence, limit: 1_000)
                for record in records {
                    let entry = try? CanonicalJSON.decode(LogEntry.self, from: Data(record.entry))
                    begunAt = begunAt ?? entry?.at
                    // That it was exported before is no part of the run, and an older binary could not read the entry.
                    let isOfRun = entry?.run == run && entry?.what != .evidenceExported
                    let isConcerned =
                        isOfRun || (change != nil && entry?.change == change)
                        || entry?.subject.map(wanted.contains) == true
                        || set != nil && entry?.set?.rawValue == set
                    if isConcerned, let subject = entry?.subject { told.insert(subject) }
                    if lines.isEmpty, !isConcerned {
                        before = (record.sequence, record.link)
                    } else {
                        let digest = LogChain.sha256.digest(record.entry)
                        lines.append(.init(digest: digest, entry: isConcerned ? record.entry : nil))
                    }
                    last = (record.sequence, record.link)
                }
                if records.count < 1_000 { break }
            }
        } catch {
            throw ControlError(store: error)
        }
        return (
            LogExtract(after: before.sequence, link: before.link, lines: lines),
            BundleManifest.Head(sequence: last.sequence, link: last.link),
            subjects.filter { !told.contains($0) }, begunAt
        )
    }

    /// What the log has no entry of may only be older than the log: whatever else is not in it was taken out of it.
    private func requireOlder(_ subjects: [LogSubject], than begunAt: Timestamp?) async throws(ControlError) {
        guard let begunAt else { return }
        for subject in subjects {
            let time: Timestamp?
            do throws(StoreError) {
                time =
                    switch subject {
                    case .document(let kind, let id): try await store.document(kind, id: id)?.createdAt
                    case .journal(let run): try await store.endOfJournal(of: run)?.at
                    case .waiver(let position): Self.time(try await store.waiverEvents(), position)
                    }
            } catch {
                throw ControlError(store: error)
            }
            guard let time, time < begunAt else {
                throw ControlError(
                    .drift, "nothing in the log tells of \(subject), which is younger than the log",
                    hint: "`fettle evidence check` tells what was altered")
            }
        }
    }

    private static func time(_ events: [WaiverEvent], _ position: Int) -> Timestamp? {
        guard events.indices.contains(position - 1) else { return nil }
        return switch events[position - 1] {
        case .granted(let waiver): waiver.createdAt
        case .ended(_, let ending): ending.at
        }
    }

    private func requireNoSecret(
        _ parts: [BundlePart: [UInt8]], _ secrets: SecretMask
    ) throws(ControlError) {
        let found = BundlePart.allCases.flatMap { part in
            (parts[part].map(secrets.namesOfSecrets(in:)) ?? []).map { "the \(part.rawValue) holds the value of \($0)" }
        }
        guard found.isEmpty else {
            throw ControlError(
                .blocked, "no bundle is made, because a secret would be in it: \(found.joined(separator: "; "))",
                hint: "change that secret, as it has been written down; then export without it in the environment")
        }
    }
}
