import FettleModel
import FettleStore
import Foundation
import Testing

@testable import FettleEvidence

@Suite struct EvidenceBundleTests {
    private let sample: BundleSample
    private let file: [UInt8]

    init() throws {
        sample = try BundleSample()
        file = try sample.file()
    }

    /// nil: it holds; otherwise why not.
    private func verdict(_ bytes: [UInt8]) -> String? {
        do throws(EvidenceError) {
            let faults = try BundleExaminer(EvidenceBundle(Data(bytes), trusting: [sample.key.verifying])).faults
            return faults.isEmpty ? nil : faults.joined(separator: "; ")
        } catch { return error.message }
    }

    @Test func aBundleOfARunHoldsAndTellsItsStory() throws {
        #expect(verdict(file) == nil)
        let story = try #require(
            try BundleExaminer(EvidenceBundle(Data(file), trusting: [sample.key.verifying])).story)
        #expect(story.approvals.map(\.person) == ["bob"] && story.requestedBy == "alice")
        #expect(story.outcome == .succeeded && story.gatesPassed == 1 && story.gatesFailed == 0)
        #expect(story.feeds == [.init(name: "tracker", publishedAt: BundleSample.time)])
        #expect(story.logEntries == 7 && story.head.sequence == 21)
    }

    @Test func everyFlippedBitIsCaught() {
        var missed: [Int] = []
        for place in file.indices {
            for bit in 0..<8 {
                var altered = file
                altered[place] ^= 1 << bit
                if verdict(altered) == nil { missed.append(place * 8 + bit) }
            }
        }
        #expect(missed.isEmpty, "of \(file.count * 8) bits")
    }

    @Test func everyTruncationAndEveryAddedByteIsCaught() {
        for length in file.indices { #expect(verdict(Array(file.prefix(length))) != nil, "\(length)") }
        for byte in [0x00, 0x0A, 0x20] as [UInt8] {
            #expect(verdict(file + [byte])?.contains("nobody has signed") == true)
            for place in stride(from: 0, to: file.count, by: 7) {
                #expect(verdict(Array(file[..<place]) + [byte] + Array(file[place...])) != nil, "\(place)")
            }
        }
    }

    @Test func anUnknownSignerIsAnError() throws {
        let stranger = try SigningKey().verifying
        for keys in [[], [stranger]] {
            let error = #expect(throws: EvidenceError.self) { _ = try EvidenceBundle(Data(file), trusting: keys) }
            #expect(error?.code == .unknownSigner)
        }
        #expect(throws: Never.self) { _ = try EvidenceBundle(Data(file), trusting: [stranger, sample.key.verifying]) }
    }

    @Test func aStrangersSignatureUnderATrustedNameIsAnError() throws {
        let lines = file.split(separator: 0x0A, maxSplits: 3, omittingEmptySubsequences: false)
        let signed = Array(lines[0]) + [0x0A] + Array(lines[1]) + [0x0A]
        let forged = SignatureText.write(try SigningKey().signature(of: signed))
        let altered = signed + Array(forged.utf8) + [0x0A] + Array(lines[3])
        #expect(verdict(altered)?.contains("not what was signed") == true)
    }

    @Test func aPartTwiceOrMissingOrElsewhereIsRefusedThoughItIsSigned() throws {
        let manifest = try EvidenceBundle(Data(file), trusting: [sample.key.verifying]).manifest
        func signed(_ change: (inout BundleManifest) -> Void) throws -> [UInt8] {
            var manifest = manifest
            change(&manifest)
            let head = Array("\(EvidenceBundle.form)\n".utf8) + (try BundleSample.bytes(manifest)) + [0x0A]
            let signature = SignatureText.write(try sample.key.signature(of: head))
            let parts = file.split(separator: 0x0A, maxSplits: 3, omittingEmptySubsequences: false)[3]
            return head + Array("\(signature)\n".utf8) + Array(parts)
        }
        #expect(verdict(try signed { _ in }) == nil)
        #expect(verdict(try signed { $0.parts.insert($0.parts[0], at: 1) }) != nil)
        #expect(verdict(try signed { $0.parts.swapAt(0, 1) }) != nil)
        #expect(verdict(try signed { $0.parts.removeLast() })?.contains("the part log is missing") == true)
        #expect(verdict(try signed { $0.parts[0].bytes = -1 }) != nil)
        #expect(verdict(try signed { $0.parts[0].bytes = .max }) != nil)
        #expect(verdict(try signed { $0.parts[0].bytes -= 1 }) != nil)
        #expect(verdict(try signed { $0.parts = [] }) != nil)
    }

    @Test(arguments: [
        "", "\n", "fettle-evidence-v1", "fettle-evidence-v1\n", "fettle-evidence-v1\n{}\n",
        "fettle-evidence-v2\n{}\nx\n",
        "fettle-evidence-v1\n{}\n\(String(repeating: "A", count: 88))\n", "PK\u{3}\u{4}",
        "fettle-evidence-v1\n" + String(repeating: "[", count: 100_000) + "\n",
    ])
    func whatIsNoBundleIsTold(text: String) {
        let error = #expect(throws: EvidenceError.self) {
            _ = try EvidenceBundle(Data(text.utf8), trusting: [sample.key.verifying])
        }
        #expect(error?.code == .malformed && error?.message.isEmpty == false)
    }

    @Test func aManifestBeyondItsLimitIsNotRead() {
        let blanks = String(repeating: " ", count: EvidenceBundle.maximumManifestBytes + 1)
        let long = "fettle-evidence-v1\n\(blanks)\n"
        let error = #expect(throws: EvidenceError.self) {
            _ = try EvidenceBundle(Data(long.utf8), trusting: [sample.key.verifying])
        }
        #expect(error?.message.contains("1048576") == true)
    }
}
