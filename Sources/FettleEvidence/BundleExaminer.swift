import FettleModel
import FettleStore
import Foundation

/// Whether the parts of a bundle agree: that each stage is the one that its child names, that the votes are for the plan that ran,
/// and that the log says of all of them what they are.
///
/// The signature says who vouches for the bytes; this says that they tell one story.
public struct BundleExaminer {
    let bundle: EvidenceBundle
    /// What does not agree, each in one sentence.
    public private(set) var faults: [String] = []
    public private(set) var story: BundleStory?

    /// - Throws: `malformed` or `altered` for a part that cannot be read at all.
    public init(_ bundle: EvidenceBundle) throws(EvidenceError) {
        self.bundle = bundle
        let change = try decode(Change.self, .change)
        let plan = try decode(Plan.self, .plan)
        let selection = try decode(Selection.self, .selection)
        let findings = try decode(FindingSet.self, .findings)
        let journal: [JournalRecord]
        do throws(StoreError) {
            journal = try JournalLine.records(in: bytes(.journal))
        } catch {
            throw EvidenceError(.malformed, error.message)
        }
        compareStages(change, plan, selection, findings)
        comparePatchSet(change, selection)
        compareJournal(journal, change)
        let log = try LogExtract(bytes(.log))
        try compareLog(log, change, selection, findings)
        try compareVotes(log, change, journal)
        var story = BundleStory(bundle.manifest, change, plan, findings, journal)
        story.factsAfter = try factsAfter()
        story.waivers = try waivers()
        story.patchSet = selection.patchSet
        story.promotion = try comparePromotion(log, change, plan, startedAt: journal.first?.at)
        story.logEntries = try log.entries().count
        self.story = story
    }

    func bytes(_ part: BundlePart) -> [UInt8] { bundle.bytes(of: part).map { [UInt8]($0) } ?? [] }

    func decode<Value: Decodable>(_ type: Value.Type, _ part: BundlePart) throws(EvidenceError) -> Value {
        guard let data = bundle.bytes(of: part), let value = try? CanonicalJSON.decode(type, from: Data(data)) else {
            throw EvidenceError(.malformed, "the part \(part.rawValue) cannot be read; a newer Fettle wrote it?")
        }
        return value
    }

    func digest(_ part: BundlePart) -> FettleModel.Digest? {
        bundle.manifest.parts.first { $0.name == part }?.digest
    }

    mutating func expect(_ holds: Bool, _ fault: String) {
        if !holds { faults.append(fault) }
    }

    // MARK: Stages

    private mutating func compareStages(
        _ change: Change, _ plan: Plan, _ selection: Selection, _ findings: FindingSet
    ) {
        let run = bundle.manifest.run
        expect(change.run == nil || change.run == run, "the change is carried out by another run than \(run)")
        expect(
            change.plan.id == plan.id.rawValue && change.plan.digest == digest(.plan),
            "the change is for another plan than the one that is here")
        expect(
            change.state == .approved && change.votes.allSatisfy { $0.digest == change.plan.digest },
            "the change is not approved with exactly this plan's digest")
        expect(plan.selection.digest == digest(.selection), "the plan was made from another selection")
        expect(selection.findings.digest == digest(.findings), "the selection was made from other findings")
        expect(findings.facts.digest == digest(.facts), "the findings were judged on other facts")
    }

    private mutating func comparePatchSet(_ change: Change, _ selection: Selection) {
        let (named, here) = (selection.patchSet, digest(.patchset))
        expect(
            named?.digest == here,
            here == nil
                ? "the selection was made from \(named?.id ?? "a patch set"), which is not here"
                : "the selection was made from another patch set, or from none")
        expect(change.promotion?.set == named, "the change is for another patch set than its plan was made from")
    }

    private mutating func compareJournal(_ journal: [JournalRecord], _ change: Change) {
        guard case .started(let id, let plan, _)? = journal.first?.event else {
            return expect(false, "the journal does not begin with the start of a run")
        }
        expect(id == change.id && plan == change.plan, "the journal is of another change or plan")
        let epochs = journal.map(\.epoch)
        expect(epochs == epochs.sorted(), "the journal's epochs go back")
    }

    // MARK: The log

    private mutating func compareLog(
        _ log: LogExtract, _ change: Change, _ selection: Selection, _ findings: FindingSet
    ) throws(EvidenceError) {
        let head = log.head
        expect(
            head.sequence == bundle.manifest.head.sequence && head.link == bundle.manifest.head.link,
            "the entries of the log do not lead to the head that was signed")
        let subjects = subjects(change, selection, findings)
        let events = try waiverLines()
        let own = Set(subjects.map(\.subject) + events.map { LogSubject.waiver($0.0) })
        let digests = try digests(log, of: own)
        for (subject, part) in subjects where !bundle.manifest.notInLog.contains(subject.description) {
            expect(
                digests[subject] == digest(part),
                digests[subject] == nil
                    ? "the log has no entry of \(subject)" : "the log knows \(subject) with another digest")
        }
        for (position, event) in events {
            let subject = LogSubject.waiver(position)
            guard !bundle.manifest.notInLog.contains(subject.description) else { continue }
            expect(
                digests[subject] == LogChain.sha256.digest(event), "the log knows \(subject) with another digest")
        }
    }

    /// What the log tells last of each. Of others nothing is judged: what was done to another change says nothing of this
    /// run.
    private mutating func digests(
        _ log: LogExtract, of own: Set<LogSubject>
    ) throws(EvidenceError) -> [LogSubject: FettleModel.Digest] {
        var digests: [LogSubject: FettleModel.Digest] = [:]
        for (_, entry) in try log.entries() {
            guard let subject = entry.subject, let digest = entry.digest, own.contains(subject) else { continue }
            expect(
                entry.what != .documentAltered, "the log tells that \(subject) was altered, by nothing that Fettle does"
            )
            expect(
                subject.isEverReplaced || (digests[subject] ?? digest) == digest,
                "the log tells of two different \(subject)")
            expect(
                !entry.makesItsSubject || digests[subject] == nil,
                "the log tells that \(subject) was made anew, after an entry that tells of it")
            if let before = entry.before, let known = digests[subject] {
                expect(before == known, "\(subject) was altered between two entries of the log that tell of it")
            }
            digests[subject] = digest
        }
        return digests
    }

    /// What the log has to tell of, and the part that holds it.
    private func subjects(
        _ change: Change, _ selection: Selection, _ findings: FindingSet
    ) -> [(subject: LogSubject, part: BundlePart)] {
        var subjects: [(subject: LogSubject, part: BundlePart)] = [
            (.document(.facts, id: findings.facts.id), .facts), (.document(.findings, id: findings.id), .findings),
            (.document(.selection, id: selection.id), .selection),
            (.document(.change, id: change.id.rawValue), .change),
            (.document(.plan, id: change.plan.id), .plan),
            (.journal(bundle.manifest.run), .journal),
        ]
        if let set = selection.patchSet { subjects.append((.document(.patchset, id: set.id), .patchset)) }
        if digest(.evidence) != nil {
            subjects.append((.document(.evidence, id: bundle.manifest.run.rawValue), .evidence))
        }
        return subjects
    }

    /// That each who approved did so before the run was started. What was decided before there was a log is not in it.
    private mutating func compareVotes(
        _ log: LogExtract, _ change: Change, _ journal: [JournalRecord]
    ) throws(EvidenceError) {
        let began = bundle.manifest.logBeganAt
        func isOlder(_ time: Timestamp?) -> Bool {
            guard let began, let time else { return false }
            return time < began
        }
        let subject = LogSubject.document(.change, id: change.id.rawValue)
        guard !bundle.manifest.notInLog.contains(subject.description) else { return }
        let entries = try log.entries()
        let start = entries.first { $0.entry.what == .runStarted && $0.entry.run == bundle.manifest.run }
        expect(start != nil || isOlder(journal.first?.at), "the log does not tell that the run was started")
        for vote in change.votes where vote.approves && !isOlder(vote.at) {
            let approval = entries.first { _, entry in
                entry.what == .changeApproved && entry.subject == subject && entry.by == vote.person
            }
            expect(
                approval.map { $0.sequence < start?.sequence ?? .max } == true,
                "the log does not tell that \(vote.person) approved the change before the run was started")
        }
    }

    // MARK: What else is told

    private func factsAfter() throws(EvidenceError) -> Timestamp? {
        guard digest(.evidence) != nil else { return nil }
        return try decode(Evidence.self, .evidence).after?.observedAt
    }

    private func waivers() throws(EvidenceError) -> [WaiverID] {
        try waiverLines().compactMap { _, event in
            guard case .granted(let waiver)? = try? CanonicalJSON.decode(WaiverEvent.self, from: Data(event)) else {
                return nil
            }
            return waiver.id
        }
    }

    private func waiverLines() throws(EvidenceError) -> [(Int, [UInt8])] {
        var lines: [(Int, [UInt8])] = []
        for line in bytes(.waivers).split(separator: 0x0A) {
            let parts = line.split(separator: 0x20, maxSplits: 1)
            guard parts.count == 2, let position = Int(String(decoding: parts[0], as: UTF8.self)), position > 0 else {
                throw EvidenceError(.malformed, "the part waivers has a line that is none")
            }
            lines.append((position, Array(parts[1])))
        }
        return lines
    }
}

extension BundleExaminer {
    /// Holds the bundle's part of the log against heads that were kept elsewhere.
    ///
    /// - Returns: how many of them fall into it, and what is wrong.
    public func hold(against anchors: [SignedHead]) -> (met: Int, faults: [String]) {
        guard let bytes = bundle.bytes(of: .log), let log = try? LogExtract(bytes) else { return (0, []) }
        let links = log.links(at: Set(anchors.map(\.sequence)))
        var (met, faults) = (0, [String]())
        for anchor in anchors {
            guard let link = links[anchor.sequence] else { continue }
            if link == anchor.link {
                met += 1
            } else {
                faults.append("entry \(anchor.sequence) of the log is not the one that was anchored")
            }
        }
        return (met, faults)
    }
}
