import FettleDriverKit
import FettleEvidence
import FettleModel
import FettleStore
import FettleTestSupport
import Foundation
import Synchronization
import Testing

@testable import FettleControl

/// The log of a run as people bring it about, and its bundle.
@Suite struct AuditTests {
    private let world = AuditedRun()
    private var store: InMemoryStore { world.store }

    @Test func theLogOfARunTellsEachDecisionAndHolds() async throws {
        try await world.carriedOut()
        let report = try await LogService(store: store).check()
        #expect(report.holds && report.notInLog.isEmpty, "\(report.faults)")
        let entries = try await LogService(store: store).entries(after: 0, limit: 100)
        #expect(
            entries.map(\.entry.what) == [
                .waiverGranted, .kept, .kept, .kept, .planMade, .changeSubmitted, .kept, .changeApproved,
                .changeAssigned, .runMade, .runClaimed, .runStarted, .runEnded,
            ]
                || entries.map(\.entry.what) == [
                    .waiverGranted, .kept, .kept, .kept, .planMade, .changeSubmitted, .kept, .changeApproved,
                    .changeAssigned, .runMade, .runStarted, .runClaimed, .runEnded,
                ], "\(entries.map(\.entry.what))")
        #expect(entries.compactMap(\.entry.by?.rawValue) == ["dora", "alice", "bob", "alice"])
    }

    @Test func whatIsAlteredBesideTheLogIsNamed() async throws {
        try await world.carriedOut()
        let altered = AlteredStore(inner: store) { subject, bytes in
            subject == .document(.plan, id: "plan-1") ? bytes.map { $0 + [0x20] } : bytes
        }
        let report = try await LogService(store: altered).check()
        #expect(report.faults.count == 1 && report.faults[0].sequence == 5, "\(report.faults)")
        for subject in [LogSubject.waiver(1), .journal("run-1"), .document(.change, id: "change-1")] {
            let gone = AlteredStore(inner: store) { $0 == subject ? nil : $1 }
            let faults = try await LogService(store: gone).check().faults
            #expect(faults.count == 1 && faults[0].what.contains("\(subject)"), "\(faults)")
        }
    }

    @Test func aLogWhoseEndIsCutOffIsFoundByWhatIsKeptAndByItsAnchor() async throws {
        try await world.carriedOut()
        let key = try SigningKey()
        let head = try await LogService(store: store).signedHead(key)
        for length in 0..<head.sequence {
            let cut = AlteredStore(inner: store, length: length)
            let faults = try await LogService(store: cut).check(anchors: [head]).faults
            #expect(faults.contains { $0.what.contains("anchored") }, "\(length): \(faults)")
        }
        // Without the approval, the assignment and the run, the change is not what the log tells last.
        let faults = try await LogService(store: AlteredStore(inner: store, length: 6)).check().faults
        #expect(faults.contains { $0.what.contains("change:change-1") }, "\(faults)")
        // A plan that nothing tells of.
        let early = try await LogService(store: AlteredStore(inner: store, length: 4)).check().faults
        #expect(early.contains { $0.what.contains("plan:plan-1") }, "\(early)")
    }

    /// Without any head from outside: the run's journal is closed, and nothing tells of it; down to a log that is empty.
    @Test func aLogThatIsCutAnywhereIsFoundWhereItIsKnownSinceWhenThereIsOne() async throws {
        try await world.carriedOut()
        let length = try #require(try await store.logHead()).sequence
        for kept in 0..<length {
            let cut = AlteredStore(inner: store, length: kept, beganAt: Timestamp(milliseconds: 0))
            let faults = try await LogService(store: cut).check().faults
            #expect(
                faults.contains { $0.what.contains("nothing in the log tells of journal:run-1") }, "\(kept): \(faults)")
        }
        let whole = AlteredStore(inner: store, beganAt: Timestamp(milliseconds: 0))
        #expect(try await LogService(store: whole).check().holds)
    }

    @Test func ofARunWhoseEntriesWereTakenOutOfTheLogNoBundleIsMade() async throws {
        let run = try await world.carriedOut()
        let cut = AlteredStore(inner: store, length: 0, beganAt: Timestamp(milliseconds: 0))
        let error = await #expect(throws: ControlError.self) { try await export(run, from: cut) }
        #expect(error?.code == .drift && error?.message.contains("younger than the log") == true)
        // Of what is older it is told.
        let older = AlteredStore(inner: store, length: 0, beganAt: Timestamp.now().adding(seconds: 60))
        #expect(try await export(run, from: older).0.story.notInLog.contains("journal:run-1"))
    }

    @Test func aLogThatWasWrittenAnewIsFoundByItsAnchorAlone() async throws {
        try await world.carriedOut()
        let key = try SigningKey()
        let head = try await LogService(store: store).signedHead(key)
        let entries = try await LogService(store: store).entries(after: 0, limit: 100).map { placed in
            var entry = placed.entry
            if entry.by == "bob" { entry.by = "carol" }
            return entry
        }
        let forged = AlteredStore(inner: store, records: try LogChain.sha256.records(entries, after: nil))
        #expect(try await LogService(store: forged).check().holds)
        let faults = try await LogService(store: forged).check(anchors: [head]).faults
        #expect(faults.count == 1 && faults[0].what.contains("written anew"), "\(faults)")
    }

    @Test func aLogThatDoesNotHoldIsNotAnchored() async throws {
        try await world.carriedOut()
        let key = try SigningKey()
        let gone = AlteredStore(inner: store) { $0 == .waiver(1) ? nil : $1 }
        let error = await #expect(throws: ControlError.self) { try await LogService(store: gone).signedHead(key) }
        #expect(error?.code == .drift)
        let empty = await #expect(throws: ControlError.self) {
            try await LogService(store: InMemoryStore(chain: .sha256)).signedHead(key)
        }
        #expect(empty?.code == .notFound)
    }

    // MARK: Bundles

    private func export(_ run: RunID, from store: any Store, _ secrets: SecretMask = SecretMask()) async throws -> (
        BundleService.Exported, VerifyingKey
    ) {
        let key = try SigningKey()
        let exported = try await BundleService(store: store).export(run, by: "erin", key: key, secrets: secrets)
        return (exported, key.verifying)
    }

    @Test func aBundleOfARunHoldsWithoutTheStore() async throws {
        let run = try await world.carriedOut()
        let (exported, key) = try await export(run, from: store)
        let examiner = try BundleExaminer(EvidenceBundle(Data(exported.bytes), trusting: [key]))
        #expect(examiner.faults.isEmpty)
        let story = try #require(examiner.story)
        #expect(story.approvals.map(\.person) == ["bob"] && story.requestedBy == "alice" && story.madeBy == "erin")
        #expect(story.outcome == .succeeded && story.gatesPassed > 0 && story.waivers == ["waiver-1"])
        #expect(story.feeds.map(\.name) == ["tracker"] && story.notInLog.isEmpty && story.logEntries == 12)
    }

    @Test func onlyAnEndedRunHasABundle() async throws {
        let run = try await RunService(store: store, tools: world.tools).create(for: world.approved().id)
        let error = await #expect(throws: ControlError.self) { try await export(run, from: store) }
        #expect(error?.code == .conflict)
        let nobody = await #expect(throws: ControlError.self) { try await export("run-9", from: store) }
        #expect(nobody?.code == .notFound)
    }

    @Test func ofWhatWasAlteredNoBundleIsMade() async throws {
        let run = try await world.carriedOut()
        for subject in [LogSubject.waiver(1), .journal(run)] {
            let altered = AlteredStore(inner: store) { known, bytes in
                guard known == subject, let bytes else { return bytes }
                return Array(
                    String(decoding: bytes, as: UTF8.self).replacing("alice", with: "carol")
                        .replacing("dora", with: "carl").utf8)
            }
            let error = await #expect(throws: ControlError.self) { try await export(run, from: altered) }
            #expect(error?.code == .drift, "\(subject)")
        }
    }

    /// As when somebody looks at a change again between its reading and that of the log.
    @Test func whatIsWrittenWhileEvidenceIsGatheredIsNoTampering() async throws {
        let run = try await world.carriedOut()
        let first = FirstReading()
        let stale = AlteredStore(inner: store) { known, bytes in
            guard known == .journal(run), let bytes, first.isNow() else { return bytes }
            return Array(String(decoding: bytes, as: UTF8.self).replacing("alice", with: "carol").utf8)
        }
        #expect(try await export(run, from: stale).0.story.startedBy == "alice")
    }

    private final class FirstReading: Sendable {
        private let isOver = Mutex(false)

        func isNow() -> Bool {
            isOver.withLock { isOver in
                defer { isOver = true }
                return !isOver
            }
        }
    }

    @Test func aRunFromBeforeTheLogHasABundleThatSaysSo() async throws {
        let run = try await world.carriedOut()
        let (exported, key) = try await export(run, from: AlteredStore(inner: store, length: 0))
        let examiner = try BundleExaminer(EvidenceBundle(Data(exported.bytes), trusting: [key]))
        #expect(examiner.faults.isEmpty, "\(examiner.faults)")
        #expect(examiner.story?.notInLog.contains("plan:plan-1") == true)
    }
}
