import FettleEvidence
import FettleModel
import FettleStore
import FettleTestSupport
import Foundation
import Testing

@testable import FettleControl

/// What the evidence of a promoted run tells of its patch set's way.
extension PromotionServiceTests {
    /// The set has gone to production, with a sign-off, and a regression that was found and resolved on the way.
    private func promoted() async throws -> PatchSetID {
        try await scan()
        let set = try await made()
        try await carryOut(try await promote(set, to: "dev"))
        let stages = try #require(Self.policy.promotion)
        _ = try await promotions.note(
            on: set, kind: .vendor, passes: true, stage: "dev", text: "they say so", by: "bob", policy: stages)
        let found = try await promotions.note(
            on: set, kind: .regression, passes: false, stage: "dev", text: "slower", by: "carol", policy: stages)
        _ = try await promotions.note(
            on: set, kind: .resolved, passes: true, stage: nil, resolves: found.id, text: "was the disk", by: "bob",
            policy: stages)
        try await carryOut(try await promote(set, to: "staging"))
        try await carryOut(try await promote(set, to: "production"))
        return set
    }

    private func exported(_ run: RunID, _ key: SigningKey) async throws -> EvidenceBundle {
        let exported = try await BundleService(store: store).export(run, by: "erin", key: key, secrets: SecretMask())
        return try EvidenceBundle(Data(exported.bytes), trusting: [key.verifying])
    }

    @Test func theBundleOfAPromotedRunTellsHowItsSetCameThere() async throws {
        let set = try await promoted()
        // What is said later is told, and is not what the run was started by.
        _ = try await promotions.note(
            on: set, kind: .regression, passes: false, stage: "production", text: "slower", by: "carol",
            policy: try #require(Self.policy.promotion))
        let story = try #require(try BundleExaminer(await exported("run-3", SigningKey())).story?.promotion)
        #expect(story.stage == "production" && story.lane == .normal && story.madeBy == "alice")
        #expect(!story.criteria.isEmpty && story.criteria.allSatisfy(\.isMet), "\(story.criteria)")
        #expect(story.criteria.contains { $0.name == .hosts && $0.stage == "staging" && $0.state == "2 of 2 have it" })
        #expect(story.promotions.map(\.stage) == ["dev", "staging", "production"])
        #expect(story.promotions.map(\.run) == ["run-1", "run-2", "run-3"])
        #expect(story.promotions.allSatisfy { $0.requestedBy == "alice" && $0.approvedBy == ["bob"] })
        #expect(story.said.map(\.kind) == [.vendor, .regression, .resolved, .regression])
        #expect(story.said.map(\.by) == ["bob", "carol", "bob", "carol"])
        // Of the first stage's run nothing was demanded, and nothing had been said.
        let first = try #require(try BundleExaminer(await exported("run-1", SigningKey())).story?.promotion)
        #expect(first.criteria.allSatisfy { $0.stage == nil && $0.isMet } && first.promotions.count == 3)
    }

    /// By its own key, so that the signature holds: the parts do not.
    @Test(arguments: [
        "criteria", "state", "rules", "trial", "set", "change", "changes", "note", "noteGone", "noteTwice", "notes",
        "judgedAt", "end", "running", "trialGone", "brought", "account", "noAccount",
    ])
    func anAccountThatDoesNotAgreeIsFound(what: String) async throws {
        _ = try await promoted()
        let key = try SigningKey()
        let bundle = try await exported("run-3", key)
        var parts: [BundlePart: [UInt8]] = [:]
        for part in BundlePart.allCases { parts[part] = bundle.bytes(of: part).map { [UInt8]($0) } }
        var account = try CanonicalJSON.decode(
            PromotionAccount.self, from: try #require(bundle.bytes(of: .promotion)))
        var lines = String(decoding: try #require(parts[.notes]), as: UTF8.self).split(separator: "\n").map(String.init)
        var fault = ""
        switch what {
        case "criteria":
            account.criteria[0].isMet = false
            fault = "the criteria of the promotion do not follow"
        case "state":
            account.criteria[0].state = "none, and nobody asked"
            fault = "the criteria of the promotion do not follow"
        case "rules":
            account.rules = 9
            fault = "by rules that are not known here"
        case "judgedAt":
            account.judgedAt = account.judgedAt.adding(seconds: 60)
            fault = "by another time than that of the run's start"
        case "end":
            account.trials[0].endedAt = account.trials[0].endedAt?.adding(seconds: -60)
            fault = "the log does not tell that run-1 ended as"
        case "running":
            account.trials[0].endedAt = nil
            account.trials[0].outcome = nil
            fault = "run-1 had not ended, and the log that it had"
        case "trialGone":
            account.trials.removeFirst()
            fault = "what change-1 came to is not in the account"
        case "brought":
            account.brought = []
            fault = "other versions than those that the plan brings"
        case "changes":
            account.promotions.swapAt(0, 1)
            fault = "the changes of the promotion are not in their order"
        case "notes":
            lines.swapAt(0, 1)
            fault = "the notes of the promotion are not in their order"
        case "noteTwice":
            lines.append(lines[2])
            fault = "the notes of the promotion are not in their order"
        case "noAccount": fault = "the log tells that people said note-1, note-2, note-3, and no account"
        case "trial":
            account.trials[0].outcome = .failed(reason: "x")
            fault = "the criteria of the promotion do not follow"
        case "set":
            account.stage = "staging"
            fault = "another patch set, stage or lane than the change"
        case "change":
            account.promotions[0].change.digest = FettleModel.Digest(rawValue: String(repeating: "0", count: 64))
            fault = "the log does not know change-1"
        case "note":
            lines[0] = lines[0].replacing("they say so", with: "we say so")
            fault = "the log does not know note-1"
        case "noteGone":
            lines.remove(at: 1)
            fault = "the log tells that people said note-2 of patchset-1, which is not here"
        default: fault = "what people said of a patch set is here, and no account"
        }
        let hasAccount = what != "account" && what != "noAccount"
        parts[.promotion] = hasAccount ? [UInt8](try CanonicalJSON.encode(account)) : nil
        parts[.notes] = what == "noAccount" ? nil : Array((lines.joined(separator: "\n") + "\n").utf8)
        let forged = try EvidenceBundle.write(bundle.manifest, parts: parts, key: key)
        let examiner = try BundleExaminer(EvidenceBundle(Data(forged), trusting: [key.verifying]))
        #expect(examiner.faults.contains { $0.contains(fault) }, "\(examiner.faults)")
    }

    @Test func whatWasSaidAfterARunAndDamagedSinceIsNotInTheWayOfItsEvidence() async throws {
        let set = try await promoted()
        _ = try await promotions.note(
            on: set, kind: .regression, passes: false, stage: "production", text: "slower", by: "carol",
            policy: try #require(Self.policy.promotion))
        await store.forget(.note, "note-4")
        let story = try #require(try BundleExaminer(await exported("run-3", SigningKey())).story?.promotion)
        #expect(story.criteria.allSatisfy(\.isMet) && story.untold == nil, "\(story)")
        #expect(story.said.map(\.id) == ["note-1", "note-2", "note-3"])
        // What the run rests on has to be here.
        await store.forget(.note, "note-1")
        let error = await refused { _ = try await exported("run-3", SigningKey()) }
        #expect(error?.code == .drift && error?.message.contains("note-1") == true, "\(error as Any)")
    }

    /// With the right digest. That it cannot be told today does not mean that it was not met then.
    @Test func anAlteredOtherChangeOfTheSetIsToldAndMakesNoEvidenceImpossible() async throws {
        _ = try await promoted()
        var other = try await keeper.load(Change.self, .change, id: "change-1").value
        other.reason = "another"
        try await store.alterPastTheLog(other, .change, "change-1")
        let story = try #require(try BundleExaminer(await exported("run-3", SigningKey())).story?.promotion)
        #expect(story.untold == ["change-1 is not what the log tells of it"])
        #expect(story.promotions.map(\.change.id) == ["change-2", "change-3"])
        #expect(!story.criteria.contains { $0.name == .record }, "\(story.criteria)")
    }

    /// By an earlier Fettle, which told of notes by their digests alone.
    @Test func aBundleOfAnEarlierFettleHoldsWithoutTheAccount() async throws {
        _ = try await promoted()
        let key = try SigningKey()
        let bundle = try await exported("run-3", key)
        var parts: [BundlePart: [UInt8]] = [:]
        for part in BundlePart.allCases where part != .promotion && part != .notes {
            parts[part] = bundle.bytes(of: part).map { [UInt8]($0) }
        }
        var log = try LogExtract(try #require(parts[.log]))
        for place in log.lines.indices {
            guard let entry = log.lines[place].entry else { continue }
            if String(decoding: entry, as: UTF8.self).contains("\"note:") { log.lines[place].entry = nil }
        }
        parts[.log] = log.bytes
        let earlier = try EvidenceBundle.write(bundle.manifest, parts: parts, key: key)
        let examiner = try BundleExaminer(EvidenceBundle(Data(earlier), trusting: [key.verifying]))
        #expect(examiner.faults.isEmpty && examiner.story?.patchSet != nil && examiner.story?.promotion == nil)
    }
}
