import FettleModel
import Foundation
import Testing

@Suite struct WaiverLedgerTests {
    private let start = Timestamp(milliseconds: 1_790_000_000_000)

    private func waiver(_ number: Int, subject: WaiverScope.Subject = .source("openssl")) -> Waiver {
        Waiver(
            id: WaiverID("waiver-\(number)"), scope: WaiverScope(subject), kind: .accepted, reason: "known",
            owner: "alice", createdBy: "bob", createdAt: start, expiresAt: start.adding(seconds: 60))
    }

    private func ended(_ number: Int, after seconds: Int) -> WaiverEvent {
        .ended(
            waiver: WaiverID("waiver-\(number)"),
            ending: Waiver.Ending(by: "bob", at: start.adding(seconds: seconds), reason: "over"))
    }

    @Test("a waiver holds until its end, or until somebody ends it")
    func states() {
        let ledger = WaiverLedger([.granted(waiver(1)), .granted(waiver(2)), ended(2, after: 30)])
        func state(_ number: Int, _ seconds: Int) -> Waiver.State? {
            ledger.waiver(WaiverID("waiver-\(number)"))?.state(at: start.adding(seconds: seconds))
        }
        #expect(state(1, 59) == .active)
        #expect(state(1, 60) == .expired)
        #expect(state(2, 29) == .active)
        #expect(state(2, 30) == .ended)
        #expect(state(2, 90) == .ended)
        #expect(state(3, 0) == nil)
    }

    @Test("the first ending counts, an ending of nothing changes nothing, and names go on")
    func folding() {
        let ledger = WaiverLedger([ended(1, after: 1), .granted(waiver(1)), ended(1, after: 2), ended(1, after: 3)])
        #expect(ledger.length == 4)
        #expect(ledger.waivers.count == 1)
        #expect(ledger.waiver("waiver-1")?.ending?.at == start.adding(seconds: 2))
        #expect(ledger.nextID() == "waiver-2")
        #expect(ledger.nextID(offset: 2) == "waiver-4")
    }

    @Test(
        "every subject comes back from the ledger as it was written",
        arguments: [
            WaiverScope.Subject.advisory("CVE-1", aliases: ["GHSA-1"]), .source("openssl"), .finding("a/b/c"),
        ])
    func coding(subject: WaiverScope.Subject) throws {
        let event = WaiverEvent.granted(waiver(1, subject: subject))
        let bytes = try CanonicalJSON.encode(event)
        #expect(try CanonicalJSON.decode(WaiverEvent.self, from: bytes) == event)
    }

    @Test("a finding from before there were waivers can still be read")
    func olderFindings() throws {
        let json = """
            {"id":"a","resource":"web-1","source":"openssl","packages":[],"installed":"1","updateClass":"security",
            "advisories":[],"state":"missing","owner":"us","outcome":"scheduled","explanation":[],"isOffered":true,
            "isHeld":false}
            """
        let finding = try CanonicalJSON.decode(Finding.self, from: Data(json.utf8))
        #expect(finding.waivers == nil && finding.firstSeenAt == nil && !finding.isWaived)
    }
}
