import FettleModel
import FettleStore
import Foundation
import Testing

@testable import FettleEvidence

/// Bundles that somebody with the key has signed, and whose parts do not agree.
@Suite struct BundleExaminerTests {
    private func faults(_ change: (inout BundleSample) throws -> Void) throws -> [String] {
        var sample = try BundleSample()
        try change(&sample)
        return try sample.faults()
    }

    @Test func aPlanThatWasAlteredAfterItsApprovalIsTold() throws {
        let faults = try faults { $0.plan.title = "another" }
        #expect(faults.contains { $0.contains("the change is for another plan") }, "\(faults)")
    }

    @Test func eachStageHasToBeTheOneThatItsChildNames() throws {
        #expect(try faults { $0.selection.selectedAt = $0.selection.selectedAt.adding(seconds: 1) }.count == 1)
        #expect(try faults { $0.findings.notJudged = [.init(resource: "x", reason: "y")] }.count == 1)
        #expect(try faults { $0.facts.observedAt = $0.facts.observedAt.adding(seconds: 1) }.count == 1)
    }

    @Test func aChangeWithoutItsQuorumIsTold() throws {
        #expect(try faults { $0.change.votes = [] }.contains { $0.contains("not approved") })
        #expect(try faults { $0.change.votes[0].isOwnChange = true }.contains { $0.contains("not approved") })
        #expect(
            try faults { $0.change.votes[0].digest = Digest(rawValue: String(repeating: "0", count: 64)) }
                .contains { $0.contains("not approved") })
        #expect(try faults { $0.change.run = "run-2" }.contains { $0.contains("another run") })
    }

    @Test func anApprovalThatTheLogDoesNotTellBeforeTheStartIsTold() throws {
        for faults in [try faults { $0.approver = "carol" }, try faults { $0.approvesLate = true }] {
            #expect(faults.count == 1 && faults[0].contains("bob approved the change before the run"), "\(faults)")
        }
    }

    @Test func aChangeThatWasSubmittedTwiceIsTold() throws {
        #expect(try faults { $0.submissions = 1 }.isEmpty)
        let faults = try faults { $0.submissions = 2 }
        #expect(faults.count == 1 && faults[0].contains("made anew"), "\(faults)")
    }

    @Test func aPatchSetThatIsNotHereIsTold() throws {
        let set = StageReference(id: "patchset-1", digest: Digest(rawValue: String(repeating: "1", count: 64)))
        let faults = try faults { $0.selection.patchSet = set }
        #expect(faults.contains { $0.contains("patchset-1, which is not here") }, "\(faults)")
        #expect(faults.contains { $0.contains("the change is for another patch set") }, "\(faults)")
    }

    @Test func aJournalOfAnotherPlanIsTold() throws {
        #expect(throws: EvidenceError.self) { try faults { $0.journal.removeFirst() } }
        #expect(try faults { $0.journal = [] }.contains { $0.contains("does not begin") })
        #expect(
            try faults {
                $0.journal[0].event = .started(
                    change: "change-2", plan: $0.change.plan, by: "alice")
            }.contains { $0.contains("another change or plan") })
    }

    @Test(arguments: BundlePart.allCases.filter { $0.isRequired && $0 != .log })
    func aPartThatTheLogKnowsOtherwiseIsTold(part: BundlePart) throws {
        let sample = try BundleSample()
        var parts = try sample.parts()
        var told = parts
        // What the log says was kept is one byte longer.
        told[part]?.append(0x20)
        let records = try sample.records(told)
        parts[.log] =
            LogExtract(
                after: 0, link: LogChain.beginning,
                lines: records.map { .init(digest: LogChain.sha256.digest($0.entry), entry: $0.entry) }
            ).bytes
        let file = try EvidenceBundle.write(try sample.manifest(parts), parts: parts, key: sample.key)
        let faults = try BundleExaminer(EvidenceBundle(Data(file), trusting: [sample.key.verifying])).faults
        #expect(faults.count == 1 && faults[0].contains("with another digest"), "\(faults)")
    }

    @Test func anEntryThatIsDroppedFromTheLogIsTold() throws {
        let sample = try BundleSample()
        var parts = try sample.parts()
        let manifest = try sample.manifest(parts)
        let whole = try LogExtract(parts[.log] ?? [])
        for place in whole.lines.indices {
            var cut = whole
            cut.lines.remove(at: place)
            parts[.log] = cut.bytes
            let file = try EvidenceBundle.write(manifest, parts: parts, key: sample.key)
            let faults = try BundleExaminer(EvidenceBundle(Data(file), trusting: [sample.key.verifying])).faults
            #expect(faults.contains { $0.contains("do not lead to the head") }, "\(place)")
        }
    }

    @Test func aHeadThatWasAnchoredHasToBeMet() throws {
        let sample = try BundleSample()
        let parts = try sample.parts()
        let examiner = try BundleExaminer(EvidenceBundle(Data(sample.file()), trusting: [sample.key.verifying]))
        let records = try sample.records(parts)
        let right = try SignedHead(sequence: 10, link: records[9].link, key: sample.key)
        let wrong = try SignedHead(sequence: 10, link: records[8].link, key: sample.key)
        let outside = try SignedHead(sequence: 99, link: records[8].link, key: sample.key)
        let held = examiner.hold(against: [right, outside])
        #expect(held.met == 1 && held.faults.isEmpty)
        #expect(examiner.hold(against: [wrong]).faults.count == 1)
    }

    /// Beyond the largest number there is no place.
    @Test func anExtractAtTheEndOfNumbersIsNone() throws {
        let zeros = String(repeating: "0", count: 64)
        let entry = "\(zeros)\n"
        let error = #expect(throws: EvidenceError.self) {
            try LogExtract(Array("\(Int.max) \(zeros)\n\(entry)".utf8))
        }
        #expect(error?.code == .malformed)
        let last = try LogExtract(Array("\(Int.max - 9) \(zeros)\n\(entry)".utf8))
        #expect(last.head.sequence == Int.max - 8)
        #expect(last.links(at: [Int.max - 10, Int.max - 9, Int.max - 8, .max]).keys.sorted() == [.max - 9, .max - 8])
    }

    @Test func theLogTellsNothingOfOtherRuns() throws {
        let text = String(decoding: try BundleSample().file(), as: UTF8.self)
        #expect(!text.contains("run-of-others"))
    }
}
