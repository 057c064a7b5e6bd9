import FettleAssessment
import FettleEvidence
import FettleModel
import FettleTestSupport
import Foundation
import Testing

@testable import FettleControl
@testable import FettleStore

/// Cells that no digest of the log is taken over, and that it tells otherwise of.
@Suite struct AlteredBesideTests {
    private let world = AuditedRun()
    private var store: InMemoryStore { world.store }

    private func faults() async throws -> [String] {
        try await LogService(store: store).check().faults.map(\.description)
    }

    @Test func aRunThatWasGivenToAnotherChangeOrTakenAwayIsSeen() async throws {
        let run = try await RunService(store: store, tools: world.tools).create(for: world.approved().id)
        #expect(try await faults() == [])
        await store.give(run, to: "change-9")
        let given = try await faults()
        #expect(
            given.count == 1 && given[0].contains("\(run) was made for change-1, and it is kept as that of change-9"))
        await store.give(run, to: nil)
        let gone = try await faults()
        #expect(gone.count == 1 && gone[0].contains("\(run) was made, which is not there any more"), "\(gone)")
    }

    @Test func aRunThatNothingTellsOfIsSeen() async throws {
        _ = try await world.approved()
        let silent = InMemoryStore()
        try await silent.createRun("run-7", change: "change-1", at: .now())
        await store.takeRuns(of: silent)
        #expect(try await faults() == ["entry 0 is missing: nothing in the log tells that run-7 was made"])
    }

    @Test func theTimeOfARunIsWhatTheLogTells() async throws {
        let run = try await RunService(store: store, tools: world.tools).create(for: world.approved().id)
        await store.date(run, Timestamp(milliseconds: 0))
        let faults = try await faults()
        #expect(faults.count == 1 && faults[0].contains("that \(run) was made at"), "\(faults)")
    }

    @Test func theDigestAndTheTimeBesideADocumentAreWhatTheLogTells() async throws {
        try await world.carriedOut()
        for kind in [DocumentKind.facts, .findings, .selection, .plan, .change] {
            let id = "\(kind.rawValue)-1"
            let kept = try #require(try await store.document(kind, id: id))
            var altered = kept
            altered.digest = Digest(rawValue: String(repeating: "0", count: 64))
            await store.set(altered)
            let digest = try await faults()
            #expect(
                digest.count == 1 && digest[0].contains("\(kind.rawValue):\(id), beside which another digest"),
                "\(digest)")
            altered = kept
            altered.createdAt = kept.createdAt.adding(seconds: -1)
            await store.set(altered)
            let time = try await faults()
            #expect(time.count == 1 && time[0].contains("\(kind.rawValue):\(id), which was made at"), "\(time)")
            await store.set(kept)
        }
        #expect(try await faults() == [])
    }

    @Test func whatStandsBeforeTheFirstEntryIsSeen() async throws {
        try await world.carriedOut()
        let whole = try await store.log(after: 0, limit: 100)
        for place in [0, -1, Int.min + 1] {
            let stray = LogRecord(sequence: place, entry: Array("{}".utf8), link: LogChain.beginning)
            let altered = AlteredStore(inner: store, records: [stray] + whole)
            let faults = try await LogService(store: altered).check().faults
            #expect(faults.map(\.sequence) == [place] && faults[0].what.contains("is none"), "\(faults)")
        }
    }

    // MARK: First sightings

    private let day = 86_400

    /// Three looks at a host, a day apart: what each saw is kept and written into the ledger as a scan does.
    private func looked() async throws -> Timestamp {
        let start = Timestamp.now().adding(seconds: -10 * day)
        for (number, sources) in [["openssl"], ["openssl", "curl"], ["openssl", "curl", "zlib"]].enumerated() {
            let time = start.adding(seconds: number * day)
            let facts = FactSet(
                id: "facts-\(number + 1)", observedAt: time, hosts: [FactSample.host("web-1", packages: [], at: time)])
            let keeper = StageKeeper(store: store)
            let reference = try await keeper.keep(facts, as: .facts, id: facts.id, at: time)
            let judged = FindingSet(
                id: "findings-\(number + 1)", facts: reference, assessedAt: time, feeds: .none,
                findings: sources.map(finding), notJudged: [])
            let aged = FindingAges(try await store.sightings()).applied(to: judged, policy: Policy())
            try await keeper.keep(aged, as: .findings, id: aged.id, at: time)
            try await store.record(aged.look(at: facts))
        }
        #expect(try await faults() == [])
        return start
    }

    private func finding(_ source: String) -> Finding {
        Finding(
            id: FindingID("web-1/\(source)/2"), resource: "web-1", source: source, packages: [source], installed: "1",
            fixed: "2", updateClass: .security, advisories: [], state: .missing, owner: .us, outcome: .scheduled,
            dueAt: nil, explanation: [], isOffered: true, isHeld: false)
    }

    @Test func aFirstSightingThatWasMovedIsSeen() async throws {
        let start = try await looked()
        for time in [start.adding(seconds: 5 * day), start.adding(seconds: -1)] {
            try await store.alterSightings { if $0.key.source == "openssl" { $0.firstSeenAt = time } }
            let told = try await faults()
            #expect(
                told.count == 1 && told[0].contains("by which openssl on web-1 was first seen at \(start)"), "\(told)")
            try await store.alterSightings { if $0.key.source == "openssl" { $0.firstSeenAt = start } }
        }
        #expect(try await faults() == [])
    }

    /// What makes it due later is what somebody would do it for; beyond the newest assessment, too.
    @Test func aFirstSightingThatWasMovedToALaterTimeIsSeen() async throws {
        let start = try await looked()
        let sources = ["openssl", "curl", "zlib"]
        for (days, source) in sources.enumerated() {
            for later in [start.adding(seconds: 2 * day + 1), start.adding(seconds: 9 * day)] {
                try await store.alterSightings { if $0.key.source == source { $0.firstSeenAt = later } }
                let told = try await faults()
                #expect(told.count == 1 && told[0].contains("by which \(source) on web-1"), "\(told)")
            }
            try await store.alterSightings {
                if $0.key.source == source { $0.firstSeenAt = start.adding(seconds: days * day) }
            }
            #expect(try await faults() == [])
        }
        // The time of the newest assessment is no excuse either.
        try await store.alterSightings {
            if $0.key.source == "curl" { $0.firstSeenAt = start.adding(seconds: 2 * day) }
        }
        #expect(try await faults().count == 1)
    }

    /// The ledger goes by what was newer by the clock of that time.
    @Test func aClockThatWasSetBackIsNoFault() async throws {
        let start = try await looked()
        let facts = try await StageKeeper(store: store).load(FactSet.self, .facts, id: "facts-3")
        let time = start.adding(seconds: day + 1)
        let judged = FindingSet(
            id: "findings-4", facts: facts.reference, assessedAt: time, feeds: .none,
            findings: ["openssl", "curl", "zlib"].map(finding), notJudged: [])
        let aged = FindingAges(try await store.sightings()).applied(to: judged, policy: Policy())
        try await StageKeeper(store: store).keep(aged, as: .findings, id: aged.id, at: time)
        try await store.record(aged.look(at: facts.value))
        #expect(try await faults() == [])
    }

    @Test func aFirstSightingThatWasTakenAwayIsSeenWhileThereAreOthersOfTheHost() async throws {
        _ = try await looked()
        try await store.forgetSightings { $0.key.source == "curl" }
        let told = try await faults()
        #expect(told.count == 1 && told[0].contains("the ledger of first sightings says nothing of it"), "\(told)")
    }

    /// A scan that was killed between the two writes has not been tampered with.
    @Test func anAssessmentThatTheLedgerHasNotYetIsNoFault() async throws {
        let start = try await looked()
        let time = start.adding(seconds: 3 * day)
        let facts = try await StageKeeper(store: store).load(FactSet.self, .facts, id: "facts-3")
        let judged = FindingSet(
            id: "findings-4", facts: facts.reference, assessedAt: time, feeds: .none,
            findings: ["openssl", "curl", "zlib", "bash"].map(finding), notJudged: [])
        let aged = FindingAges(try await store.sightings()).applied(to: judged, policy: Policy())
        try await StageKeeper(store: store).keep(aged, as: .findings, id: aged.id, at: time)
        #expect(try await faults() == [])
        try await store.record(aged.look(at: facts.value))
        #expect(try await faults() == [])
    }

    /// Of a digest that does not fit it is told which of the two is what was approved, and nothing contradicts that.
    @Test func whatDoesNotFitItsDigestIsToldWithoutContradiction() async throws {
        let change = try await world.approved()
        let kept = try #require(try await store.document(.plan, id: "plan-1"))
        let changes = ChangeService(store: store)
        func told(_ bytes: [UInt8], _ digest: Digest) async throws -> ControlError? {
            var altered = kept
            altered.bytes = bytes
            altered.digest = digest
            await store.set(altered)
            return await #expect(throws: ControlError.self) { try await changes.plan(of: change) }
        }
        let other = Digest(rawValue: String(repeating: "0", count: 64))
        let cell = try await told(kept.bytes, other)
        #expect(cell?.code == .drift && cell?.message.contains("the content is what was approved, to the byte") == true)
        for digest in [kept.digest, LogChain.sha256.digest(kept.bytes + [0x20])] {
            let blank = try await told(kept.bytes + [0x20], digest)
            #expect(blank?.message.contains("but is written otherwise") == true, "\(blank?.message ?? "")")
            #expect(blank?.message.contains("would do the same; ") == false)
            #expect(blank?.message.contains("plan-1 and plan-1") == false)
        }
        let text = String(decoding: kept.bytes, as: UTF8.self)
        let version = try await told(Array(text.replacing("timeoutSeconds\":", with: "timeoutSeconds\":1").utf8), other)
        #expect(
            version?.message.contains("what was approved against what is kept") == true, "\(version?.message ?? "")")
        #expect(version?.hint.contains("nothing is carried out") == true)
    }
}

extension InMemoryStore {
    fileprivate func set(_ document: StoredDocument) {
        storedDocuments[DocumentKey(kind: document.kind, id: document.id)] = document
    }

    fileprivate func date(_ run: RunID, _ time: Timestamp) { journals[run]?.summary.createdAt = time }

    fileprivate func takeRuns(of other: InMemoryStore) async {
        for (run, journal) in await other.journals { journals[run] = journal }
    }

    fileprivate func alterSightings(_ alter: (inout Sighting) -> Void) throws {
        for (resource, rows) in sightingRows {
            sightingRows[resource] = rows.mapValues { row in
                var row = row
                alter(&row)
                return row
            }
        }
    }

    fileprivate func forgetSightings(_ isGone: (Sighting) -> Bool) throws {
        for (resource, rows) in sightingRows { sightingRows[resource] = rows.filter { !isGone($0.value) } }
    }
}
