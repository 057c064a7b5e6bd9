import FettleEvidence
import FettleModel
import FettleStore
import Foundation

extension StoreConformance {
    /// The log tells of every write, in its order, and of nothing that was not written.
    static let logs: [Check] = [
        Check("the log is empty at first") { store in
            try expect(try await store.logHead() == nil, "it has a head")
            try expect(try await store.log(after: 0, limit: 10).isEmpty, "it has entries")
        },
        Check("each decision and each effect has its entry, in order, and the chain holds") { store in
            try await playThrough(store)
            let entries = try await requireChain(store)
            try expect(entries.map(\.what) == played, "entries: \(entries.map(\.what))")
            try expect(entries.map(\.by?.rawValue) == playedBy, "by: \(entries.map { $0.by?.rawValue ?? "nobody" })")
            let words = entries.compactMap(\.word)
            try expect(words == ["pause", "succeeded"], "words: \(words)")
        },
        Check("each digest in the log is taken over what is kept") { store in
            try await playThrough(store)
            var latest: [LogSubject: Digest] = [:]
            for entry in try await requireChain(store) {
                guard let subject = entry.subject, let digest = entry.digest else { continue }
                latest[subject] = digest
            }
            try expect(latest.count == 5, "subjects: \(latest.keys.map(\.description).sorted())")
            for (subject, digest) in latest {
                let bytes = try await store.bytes(of: subject)
                try expect(bytes.map(LogChain.sha256.digest) == digest, "\(subject) is not what the log tells")
            }
            let journal = try JournalLine.records(in: await store.bytes(of: .journal("run-1")) ?? [])
            try expect(try await store.records(of: "run-1", after: 0) == journal, "the journal reads as another")
            for subject in [LogSubject.journal("run-9"), .waiver(2), .waiver(0), .document(.plan, id: "plan-9")] {
                try expect(try await store.bytes(of: subject) == nil, "there is a \(subject)")
            }
        },
        Check("what is replaced is told with the digest of what was there") { store in
            let first = kept(.change, "change-1", bytes: Array("{}".utf8))
            try await store.put(first)
            let second = kept(.change, "change-1", bytes: Array("[]".utf8))
            try await store.replace(second, expecting: first.digest)
            try await store.replace(first, expecting: second.digest)
            let before = try await requireChain(store).map(\.before)
            try expect(before == [nil, first.digest, second.digest], "before: \(before)")
        },
        Check("a write that was refused has no entry, and one that changes nothing none either") { store in
            try await playThrough(store)
            let head = try await store.logHead()
            let plan = kept(.plan, "plan-1", bytes: Array("{}".utf8))
            try await store.put(plan)
            try await expectRefusal(.conflict, "other bytes") { () throws(StoreError) in
                try await store.put(kept(.plan, "plan-1", bytes: Array("[]".utf8)))
            }
            try await expectRefusal(.conflict, "another change") { () throws(StoreError) in
                try await store.replace(kept(.change, "change-1", bytes: [1]), expecting: plan.digest)
            }
            try await expectRefusal(.conflict, "the run again") { () throws(StoreError) in
                try await store.createRun("run-1", change: "change-1", at: time(9))
            }
            try await expectRefusal(.fenced, "an older epoch") { () throws(StoreError) in
                try await store.append([record(5, epoch: 0, .paused(by: alice, reason: "x"))], to: "run-1")
            }
            try await expectRefusal(.notFound, "no such run") { () throws(StoreError) in
                try await store.submit(.resume(by: alice), to: "run-9")
            }
            try await expectRefusal(.conflict, "an older ledger") { () throws(StoreError) in
                try await store.append([.granted(logWaiver)], after: 0)
            }
            try expect(try await store.logHead() == head, "something was written into the log")
        },
        Check("of many that write at once each entry gets a place of its own") { store in
            await withTaskGroup(of: Void.self) { group in
                for number in 1...20 {
                    group.addTask { try? await store.createRun(RunID("run-\(number)"), change: "c", at: time(number)) }
                }
            }
            let runs = try await requireChain(store).compactMap(\.run?.rawValue)
            try expect(Set(runs) == Set((1...20).map { "run-\($0)" }) && runs.count == 20, "runs: \(runs)")
        },
        Check("a run in another's place is in the log with the end of the old one") { store in
            let claim = try await heldRun("run-1", in: store)
            try await store.append([record(1, epoch: claim.epoch)], to: "run-1")
            try await store.supersede(
                SupersessionOrder(
                    new: "run-2", change: "change-2", old: "run-1", sequence: 1, epoch: claim.epoch, hosts: [],
                    quarantined: [], ending: [.superseded(by: "run-2", hosts: [], person: "bob")], person: "bob",
                    at: time(3)))
            let entries = try await requireChain(store)
            try expect(
                entries.map(\.what) == [.runMade, .personAwaited, .runMade, .runSuperseded],
                "entries: \(entries.map(\.what))")
            let digest = try await store.bytes(of: .journal("run-1")).map(LogChain.sha256.digest)
            try expect(entries.last?.digest == digest, "the old run's journal is not covered")
        },
        Check("who made a plan and a run, exported evidence and anchored the head is in the log") { store in
            var plan = kept(.plan, "plan-1", bytes: Array("{}".utf8))
            plan.writtenBy = "olga"
            try await store.put(plan)
            try await store.createRun("run-1", change: "change-1", by: "carol", at: time(1))
            let link = try await store.logHead()?.link ?? LogChain.beginning
            try await store.note(.evidenceExported(run: "run-1", bundle: plan.digest, by: "erin", at: time(2)))
            try await store.note(.headAnchored(link: link, place: "file", by: "dora", at: time(3)))
            let entries = try await requireChain(store)
            try expect(
                entries.map(\.what) == [.planMade, .runMade, .evidenceExported, .headAnchored],
                "entries: \(entries.map(\.what))")
            try expect(entries.map(\.by) == ["olga", "carol", "erin", "dora"], "by: \(entries.map(\.by))")
            try expect(
                entries[2].digest == plan.digest && entries[2].run == "run-1" && entries[3].digest == link
                    && entries[3].word == "file", "digests: \(entries)")
            let read = try await store.document(.plan, id: "plan-1")
            try expect(read?.writtenBy == nil, "who wrote it is kept beside the document")
        },
    ]

    private static let played: [LogEntry.What] = [
        .planMade, .changeSubmitted, .changeApproved, .changeAssigned, .runMade, .runStarted, .runAsked, .runPaused,
        .runEnded, .quarantineSettled, .waiverGranted, .kept,
    ]
    private static let playedBy: [String?] = [
        nil, "alice", "bob", nil, nil, "alice", "carol", "carol", nil, "alice", "dora", nil,
    ]

    /// A plan from its making to the end of its run, a waiver and a host that was settled.
    private static func playThrough(_ store: any Store) async throws {
        let plan = kept(.plan, "plan-1", bytes: Array("{}".utf8))
        try await store.put(plan)
        var change = Change(
            id: "change-1", plan: StageReference(id: "plan-1", digest: plan.digest), kind: .normal, reason: "r",
            requestedBy: alice, requestedAt: time(1), rule: ApprovalRule(approvals: 1, requesterMayApprove: false))
        var document = try kept(change)
        try await store.put(document)
        change.votes = [
            .init(person: "bob", approves: true, digest: plan.digest, at: time(2), note: "n", isOwnChange: false)
        ]
        for run in [nil, RunID("run-1")] {
            change.run = run
            let next = try kept(change)
            try await store.replace(next, expecting: document.digest)
            document = next
        }
        let claim = try await heldRun("run-1", in: store)
        let start = RunEvent.started(change: "change-1", plan: change.plan, by: alice)
        let done = RunEvent.stepDone(
            step: "s", attempt: 1, observation: Observation(verdict: .pass, summary: "s", observedAt: time(2)))
        try await store.append([record(1, epoch: claim.epoch, start)], to: "run-1")
        try await store.submit(.pause(by: "carol", reason: "lunch"), to: "run-1")
        try await store.append(
            [
                record(2, epoch: claim.epoch, .paused(by: "carol", reason: "lunch")),
                record(3, epoch: claim.epoch, done),
                record(4, epoch: claim.epoch, .ended(outcome: .succeeded)),
            ], to: "run-1")
        try await store.quarantine(entry("web-1", since: 1))
        _ = try await store.settle("web-1", by: alice, at: time(5), note: "fine")
        try await store.append([.granted(logWaiver)], after: 0)
        try await store.put(kept(.facts, "facts-1", bytes: [7]))
    }

    private static let logWaiver = Waiver(
        id: "waiver-1", scope: WaiverScope(.source("openssl")), kind: .accepted, reason: "r", owner: "dora",
        createdBy: "dora", createdAt: time(1), expiresAt: time(9))

    private static func kept(_ kind: DocumentKind, _ id: String, bytes: [UInt8]) -> StoredDocument {
        StoredDocument(kind: kind, id: id, digest: LogChain.sha256.digest(bytes), createdAt: time(0), bytes: bytes)
    }

    private static func kept(_ change: Change) throws -> StoredDocument {
        kept(.change, change.id.rawValue, bytes: [UInt8](try CanonicalJSON.encode(change)))
    }

    private static func requireChain(_ store: any Store) async throws -> [LogEntry] {
        var examiner = LogExaminer()
        let records = try await store.log(after: 0, limit: 1_000)
        let entries = records.compactMap { examiner.take($0) }
        try expect(examiner.faults.isEmpty && entries.count == records.count, "faults: \(examiner.faults)")
        try expect(try await store.logHead() == records.last, "the head is not the last entry")
        let second = try await store.log(after: 1, limit: 1)
        try expect(second == Array(records.dropFirst().prefix(1)), "a page is not what was asked for")
        return entries
    }
}
