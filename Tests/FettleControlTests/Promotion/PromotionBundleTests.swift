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
    @Test(arguments: ["criteria", "trial", "set", "change", "note", "noteGone", "account"])
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
        parts[.promotion] = what == "account" ? nil : [UInt8](try CanonicalJSON.encode(account))
        parts[.notes] = Array((lines.joined(separator: "\n") + "\n").utf8)
        let forged = try EvidenceBundle.write(bundle.manifest, parts: parts, key: key)
        let examiner = try BundleExaminer(EvidenceBundle(Data(forged), trusting: [key.verifying]))
        #expect(examiner.faults.contains { $0.contains(fault) }, "\(examiner.faults)")
    }

    @Test func aBundleOfAnEarlierFettleHoldsWithoutTheAccount() async throws {
        _ = try await promoted()
        let key = try SigningKey()
        let bundle = try await exported("run-3", key)
        var parts: [BundlePart: [UInt8]] = [:]
        for part in BundlePart.allCases where part != .promotion && part != .notes {
            parts[part] = bundle.bytes(of: part).map { [UInt8]($0) }
        }
        let earlier = try EvidenceBundle.write(bundle.manifest, parts: parts, key: key)
        let examiner = try BundleExaminer(EvidenceBundle(Data(earlier), trusting: [key.verifying]))
        #expect(examiner.faults.isEmpty && examiner.story?.patchSet != nil && examiner.story?.promotion == nil)
    }
}
