import FettleAssessment
import FettleEvidence
import FettleModel
import FettlePlanning
import FettleStore
import FettleTestSupport
import Foundation
import Testing

@testable import FettleControl

/// Who did what stands in the log, with the act itself.
@Suite struct ActorLogTests {
    private let world = AuditedRun()
    private var store: InMemoryStore { world.store }

    private func entries(_ what: LogEntry.What, in store: any Store) async throws -> [LogEntry] {
        try await store.log(after: 0, limit: 1_000)
            .map { try CanonicalJSON.decode(LogEntry.self, from: Data($0.entry)) }.filter { $0.what == what }
    }

    @Test func whoMadeARunIsInTheLog() async throws {
        let change = try await world.approved().id
        _ = try await RunService(store: store, tools: world.tools).create(for: change, by: "carol")
        #expect(try await entries(.runMade, in: store).map(\.by) == ["carol"])
    }

    @Test func whoExportedEvidenceAndWhichIsInTheLog() async throws {
        let run = try await world.carriedOut()
        let bundles = BundleService(store: store)
        let first = try await bundles.export(run, by: "erin", key: SigningKey(), secrets: SecretMask())
        let second = try await bundles.export(run, by: "dora", key: SigningKey(), secrets: SecretMask())
        let told = try await entries(.evidenceExported, in: store)
        #expect(told.map(\.by) == ["erin", "dora"] && told.allSatisfy { $0.run == run })
        #expect(told.map(\.digest) == [first.bytes, second.bytes].map(LogChain.sha256.digest))
        // Not in the next bundle: who has an older binary could not read it.
        #expect(!String(decoding: second.bytes, as: UTF8.self).contains("evidenceExported"))
        #expect(try await LogService(store: store).check().holds)
    }

    @Test func whatIsRefusedIsNoExport() async throws {
        let run = try await world.carriedOut()
        let secrets = SecretMask(environment: ["RUN_SECRET": "patches"])
        await #expect(throws: ControlError.self) {
            try await BundleService(store: store).export(run, by: "erin", key: SigningKey(), secrets: secrets)
        }
        #expect(try await entries(.evidenceExported, in: store).isEmpty)
    }

    @Test func whoAnchoredTheHeadIsInTheLogAndIsNoReasonForAnotherAnchor() async throws {
        _ = try await world.carriedOut()
        let (log, key) = (LogService(store: store), try SigningKey())
        let head = try await log.signedHead(key)
        try await log.anchored(head, at: "file", by: "erin")
        // While nothing else happens the head stays, and it is told once for each kind of place.
        #expect(try await log.signedHead(key).sequence == head.sequence)
        try await log.anchored(head, at: "file", by: "erin")
        try await log.anchored(head, at: "s3", by: "dora")
        let told = try await entries(.headAnchored, in: store)
        #expect(told.map(\.by) == ["erin", "dora"] && told.map(\.word) == ["file", "s3"])
        #expect(told.allSatisfy { $0.digest == head.link && $0.subject == nil })
        #expect(try await log.check(anchors: [head]).holds)
        try await StageKeeper(store: store).keep(["more"], as: .fleet, id: "fleet-1", at: Timestamp(milliseconds: 1))
        #expect(try await log.signedHead(key).sequence == head.sequence + 3)
    }

    /// The newest head covers the exports; the one before them lies in what each bundle holds of the log.
    @Test func anAnchorAfterExportsCoversThemAndIsMetByEachBundle() async throws {
        let run = try await world.carriedOut()
        let (log, key) = (LogService(store: store), try SigningKey())
        let before = try await log.signedHead(key)
        var bundles: [[UInt8]] = []
        for person in ["erin", "dora"] as [Person] {
            let exported = try await BundleService(store: store).export(
                run, by: person, key: key, secrets: SecretMask())
            bundles.append(exported.bytes)
        }
        let heads = try await log.signedHeads(key)
        #expect(heads.map(\.sequence) == [before.sequence, before.sequence + 2])
        for bundle in bundles {
            let examiner = try BundleExaminer(EvidenceBundle(Data(bundle), trusting: [key.verifying]))
            let held = examiner.hold(against: heads)
            #expect(held.met > 0 && held.faults.isEmpty, "\(held)")
        }
        for head in heads { try await log.anchored(head, at: "file", by: "erin") }
        #expect(try await log.signedHeads(key).map(\.sequence) == heads.map(\.sequence))
        #expect(try await log.check(anchors: heads).holds)
    }

    @Test func whoWroteASetOrAStatementIsInTheLog() async throws {
        let keeper = StageKeeper(store: store)
        let set = PatchSet(
            id: "patchset-1", title: "t", madeBy: "olga", madeAt: Timestamp(milliseconds: 1), plans: [], platforms: [])
        try await keeper.keep(set, as: .patchset, id: "patchset-1", at: set.madeAt)
        try await keeper.by("uta").keep(set, as: .statement, id: "statement-1", at: set.madeAt)
        #expect(try await entries(.kept, in: store).map(\.by) == ["olga", "uta"])
    }

    /// Where users are kept, it is who has signed in, whatever they say that they are called.
    @Test func whoHasSignedInIsToldAndNotWhoTheySayTheyAre() async throws {
        let identities = IdentityWorld()
        let keeper = StageKeeper(store: identities.store)
        func actor(_ access: Access) async throws -> Person? {
            try await Gate(keeper, access.acting(as: "mallory", keepingOut: SecretMask())) { identities.now }.actor()
        }
        #expect(try await actor(.local) == "mallory")
        #expect(try await actor(try await identities.admin()) == "root-admin")
    }
}

extension PromotionServiceTests {
    @Test func whoMadeAPlanIsInTheLog() async throws {
        try await scan()
        let access = Access.local.acting(as: "olga", keepingOut: SecretMask())
        _ = try await PlanService(store: store, tools: tools, access: access).make(
            filter: PatchFilter(environments: ["dev"]), fleet: Self.fleet, policy: Self.policy)
        let entries = try await store.log(after: 0, limit: 100)
            .map { try CanonicalJSON.decode(LogEntry.self, from: Data($0.entry)) }
        #expect(entries.filter { $0.what == .planMade }.map(\.by) == ["olga"])
        // Not beside the plan: it is no part of what is agreed to.
        #expect(try await store.document(.plan, id: "plan-1")?.writtenBy == nil)
    }
}
