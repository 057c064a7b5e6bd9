import FettleModel
import FettleStore
import Foundation

@testable import FettleEvidence

/// A small bundle of a run that patched one host, with all that it goes back to, as a store would have kept it.
struct BundleSample {
    var key: SigningKey
    var change: Change
    var plan: Plan
    var selection: Selection
    var findings: FindingSet
    var facts: FactSet
    var journal: [JournalRecord]
    /// Written to the log beside the run's own entries: before, in the middle, and behind.
    var others = 2
    /// Whose approval the log tells of.
    var approver: Person = "bob"
    /// How often the log tells that the change was submitted.
    var submissions = 0
    /// The log tells of it behind the run's end.
    var approvesLate = false

    static let time = Timestamp(milliseconds: 1_800_000_000_000)

    init() throws {
        key = try SigningKey()
        facts = FactSet(id: "facts-1", observedAt: Self.time, hosts: [])
        findings = FindingSet(
            id: "findings-1", facts: try Self.reference("facts-1", facts), assessedAt: Self.time,
            feeds: FeedCoverage(feeds: [.init(name: "tracker", kind: .advisories, publishedAt: Self.time, records: 1)]),
            findings: [], notJudged: [])
        selection = Selection(
            id: "selection-1", findings: try Self.reference("findings-1", findings), selectedAt: Self.time, hosts: [],
            leftOut: [])
        plan = Plan(
            id: "plan-1", title: "t", selection: try Self.reference("selection-1", selection), createdAt: Self.time,
            environments: ["dev"], targets: [PlanTarget(resource: "web-1", address: .local, environment: "dev")],
            groups: [],
            steps: [
                Step(
                    id: "web-1/gate", resource: "web-1", wave: 0, action: .gate(probes: []), after: [],
                    availability: .requiresOut, rollbackClass: .nothingToUndo,
                    estimate: DurationEstimate(medianSeconds: 1, p95Seconds: 2), timeoutSeconds: 60)
            ], rollback: [], order: [], limits: PlanLimits())
        let reference = try Self.reference("plan-1", plan)
        change = Change(
            id: "change-1", plan: reference, kind: .normal, reason: "security", requestedBy: "alice",
            requestedAt: Self.time, rule: ApprovalRule(approvals: 1, requesterMayApprove: false),
            votes: [
                .init(
                    person: "bob", approves: true, digest: reference.digest, at: Self.time, note: "", isOwnChange: false
                )
            ], run: "run-1")
        let pass = Observation(verdict: .pass, summary: "healthy", observedAt: Self.time)
        let events: [RunEvent] = [
            .started(change: "change-1", plan: reference, by: "alice"),
            .stepDone(step: "web-1/gate", attempt: 1, observation: pass), .ended(outcome: .succeeded),
        ]
        journal = events.enumerated().map {
            JournalRecord(sequence: $0.offset + 1, epoch: 1, at: Self.time, event: $0.element)
        }
    }

    static func bytes(_ value: some Encodable) throws -> [UInt8] { [UInt8](try CanonicalJSON.encode(value)) }

    static func reference(_ id: String, _ value: some Encodable) throws -> StageReference {
        StageReference(id: id, digest: LogChain.sha256.digest(try bytes(value)))
    }

    func parts() throws -> [BundlePart: [UInt8]] {
        var parts: [BundlePart: [UInt8]] = [
            .facts: try Self.bytes(facts), .findings: try Self.bytes(findings),
            .selection: try Self.bytes(selection), .plan: try Self.bytes(plan), .change: try Self.bytes(change),
        ]
        parts[.journal] = try journal.flatMap {
            JournalLine.bytes(
                $0.sequence, epoch: $0.epoch, milliseconds: $0.at.milliseconds, schema: $0.event.schema,
                event: try Self.bytes($0.event))
        }
        parts[.log] = try extract(parts).bytes
        return parts
    }

    /// The log that the run has written, with entries of others.
    func records(_ parts: [BundlePart: [UInt8]]) throws -> [LogRecord] {
        let told: [(LogEntry.What, LogSubject, BundlePart)?] = [
            (.kept, .document(.facts, id: "facts-1"), .facts),
            (.kept, .document(.findings, id: "findings-1"), .findings),
            (.kept, .document(.selection, id: "selection-1"), .selection),
            (.planMade, .document(.plan, id: "plan-1"), .plan),
            (.changeApproved, .document(.change, id: "change-1"), .change), nil,
            (.runEnded, .journal("run-1"), .journal),
        ]
        var entries: [LogEntry] = []
        for told in told {
            for _ in 0..<others { entries.append(LogEntry(.runMade, run: "run-of-others")) }
            guard let (what, subject, part) = told else {
                entries.append(LogEntry(.runStarted, by: "alice", change: "change-1", run: "run-1"))
                continue
            }
            var entry = LogEntry(what, subject: subject, digest: parts[part].map(LogChain.sha256.digest))
            if what == .changeApproved {
                entry.by = approver
                for _ in 0..<submissions {
                    entries.append(LogEntry(.changeSubmitted, subject: subject, digest: entry.digest))
                }
            }
            entries.append(entry)
        }
        if approvesLate { entries.swapAt(entries.count - 1, (others + 1) * 5 - 1) }
        return try LogChain.sha256.records(entries, after: nil)
    }

    private func extract(_ parts: [BundlePart: [UInt8]]) throws -> LogExtract {
        let records = try records(parts)
        let before = others == 0 ? nil : records[others - 1]
        return LogExtract(
            after: before?.sequence ?? 0, link: before?.link ?? LogChain.beginning,
            lines: records.dropFirst(others).map { record in
                let isOfOthers = String(decoding: record.entry, as: UTF8.self).contains("run-of-others")
                return .init(
                    digest: LogChain.sha256.digest(record.entry), entry: isOfOthers ? nil : record.entry)
            })
    }

    func manifest(_ parts: [BundlePart: [UInt8]]) throws -> BundleManifest {
        let head = try LogExtract(parts[.log] ?? []).head
        return BundleManifest(
            run: "run-1", madeAt: Self.time, madeBy: "alice", signer: key.verifying.name,
            head: .init(sequence: head.sequence, link: head.link), notInLog: [], parts: [])
    }

    func file() throws -> [UInt8] {
        let parts = try parts()
        return try EvidenceBundle.write(try manifest(parts), parts: parts, key: key)
    }

    func faults() throws -> [String] {
        try BundleExaminer(EvidenceBundle(Data(file()), trusting: [key.verifying])).faults
    }
}
