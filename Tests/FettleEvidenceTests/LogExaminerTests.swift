import FettleModel
import FettleStore
import Foundation
import Testing

@testable import FettleEvidence

@Suite struct LogExaminerTests {
    private let records: [LogRecord]

    init() throws {
        let entries = (1...30).map { LogEntry(.runMade, change: ChangeID("change-\($0)"), run: RunID("run-\($0)")) }
        records = try LogChain.sha256.records(entries, after: nil)
    }

    private func faults(_ records: [LogRecord]) -> [LogFault] {
        var examiner = LogExaminer()
        for record in records { _ = examiner.take(record) }
        return examiner.faults
    }

    @Test func aWholeLogHolds() { #expect(faults(records).isEmpty) }

    @Test func aLinkIsTheDigestOfALineThatAPersonCanWrite() {
        // printf 'fettle-log-v1 1 %064d %s\n' 0 "$(printf '{}' | sha256sum | cut -d' ' -f1)" | sha256sum
        let link = LogChain.sha256.link(1, after: LogChain.beginning, entry: LogChain.sha256.digest(Array("{}".utf8)))
        #expect(link.rawValue == "38cab267ace61d2627f2452aff1688860d2228cc27f76a0ee322f95c5539ee59")
    }

    @Test func everyAlteredByteOfAnEntryIsNamed() {
        for place in records.indices {
            for byte in records[place].entry.indices {
                var altered = records
                altered[place].entry[byte] ^= 0x01
                #expect(faults(altered).contains { $0.sequence == place + 1 }, "\(place + 1), byte \(byte)")
            }
        }
    }

    @Test func anAlteredLinkIsNamedAndTheEntryBehindItIsNot() {
        for place in records.indices {
            var altered = records
            altered[place].link = Digest(rawValue: String(repeating: "f", count: 64))
            #expect(faults(altered).map(\.sequence) == [place + 1])
        }
    }

    @Test func aDroppedEntryIsNamed() {
        for place in records.indices.dropLast() {
            var altered = records
            altered.remove(at: place)
            let found = faults(altered)
            #expect(found.map(\.sequence) == [place + 1] && found[0].what.contains("missing"), "\(found)")
        }
    }

    @Test func twoThatChangePlacesAreBothNamed() {
        for place in records.indices.dropLast() {
            var altered = records
            (altered[place].entry, altered[place + 1].entry) = (altered[place + 1].entry, altered[place].entry)
            #expect(Set(faults(altered).map(\.sequence)).isSuperset(of: [place + 1, place + 2]))
        }
    }

    @Test func anAddedEntryIsNamed() throws {
        for place in records.indices {
            // With a link that is right for it: what follows does not follow it.
            let forged = try LogChain.sha256.records(
                [LogEntry(.changeApproved, by: "mallory")], after: (records[place].sequence, records[place].link))
            var altered = Array(records[...place]) + forged
            altered += records[(place + 1)...].map { record in
                var record = record
                record.sequence += 1
                return record
            }
            guard place < records.count - 1 else { continue }
            #expect(!faults(altered).isEmpty, "\(place)")
        }
    }

    @Test func anEntryThatIsNoneIsNamed() throws {
        var examiner = LogExaminer()
        let bytes = Array(#"{"what":"horse"}"#.utf8)
        let link = LogChain.sha256.link(1, after: LogChain.beginning, entry: LogChain.sha256.digest(bytes))
        #expect(examiner.take(LogRecord(sequence: 1, entry: bytes, link: link)) == nil)
        #expect(examiner.faults.count == 1)
    }

    @Test func manyFaultsAreCountedAndNotAllKept() {
        var examiner = LogExaminer()
        for sequence in 1...1_000 {
            _ = examiner.take(LogRecord(sequence: sequence, entry: [], link: .init(rawValue: "x")))
        }
        #expect(examiner.faults.count == 100 && examiner.faultsBeyond > 800)
    }
}
