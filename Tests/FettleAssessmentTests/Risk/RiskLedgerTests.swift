import FettleAssessment
import FettleIndex
import FettleModel
import Foundation
import Testing

@Suite("The ledger of both risks")
struct RiskLedgerTests {
    private typealias Sample = RiskSample

    private func ledger(
        _ patch: CandidatePatch, on group: AffectedGroup = Sample.group, policy: Policy = Policy()
    ) -> RiskLedger {
        RiskLedger(patch, on: group, policy: policy, exploitedListChecked: true, at: Sample.now)
    }

    @Test("What is exploited on the Internet costs more to leave than to patch, today")
    func already() {
        let ledger = ledger(Sample.patch([Sample.weakness(kev: true)]))
        #expect(ledger.crossing == .already)
        #expect(ledger.outcome == .immediate)
        #expect(ledger.waiting.perDay > ledger.patching.perDay)
    }

    @Test("The day of the crossing is the first on which waiting costs as much as patching")
    func crossing() throws {
        var patch = Sample.patch([Sample.weakness(epss: 0.005, published: 2)])
        patch.releasedAt = Sample.daysAgo(1)
        patch.conffileConflicts = 1
        let group = AffectedGroup(name: "db", criticality: .high, exposure: .internal, spareMembers: 0)
        let ledger = ledger(patch, on: group)
        guard case .on(let day, let days) = ledger.crossing else {
            Issue.record("\(ledger.crossing)")
            return
        }
        #expect(days > 0)
        #expect(day == Sample.now.adding(seconds: days * 86_400))
        let waiting = WaitingRisk(patch, on: group, policy: RiskPolicy(), at: Sample.now)
        let patching = PatchingRisk(patch, on: group, history: .empty, policy: RiskPolicy(), at: Sample.now)
        #expect(waiting.perDay(after: Double(days)) >= patching.perDay(after: Double(days)))
        #expect(waiting.perDay(after: Double(days - 1)) < patching.perDay(after: Double(days - 1)))
        #expect(ledger.explanation.last?.hasSuffix("on, in \(days == 1 ? "1 day" : "\(days) days")") == true)
    }

    @Test("Where nothing is closed waiting costs nothing, and says so")
    func never() {
        var patch = Sample.patch([])
        patch.updateClass = .feature
        let ledger = ledger(patch)
        #expect(ledger.crossing == .never(because: "it costs nothing"))
        #expect(ledger.decision == nil)
        #expect(ledger.outcome == .defer)
        var dear = Sample.patch([Sample.weakness(epss: 0.00001)])
        dear.migratesData = true
        dear.kind = .majorUpgrade
        #expect(self.ledger(dear).crossing == .never(because: "not within 365 days"))
    }

    @Test("It is due on policy's day, or on the exploited list's where that is earlier")
    func due() {
        let byPolicy = ledger(Sample.patch([Sample.weakness(kev: true, dueIn: 20)]))
        #expect(byPolicy.dueAt == Sample.daysAgo(-2))
        #expect(byPolicy.dueBecause == "policy: 2 days for immediate")
        let byList = ledger(Sample.patch([Sample.weakness(kev: true, dueIn: 1)]))
        #expect(byList.dueAt == Sample.daysAgo(-1))
        #expect(byList.dueBecause == "KEV's due date of CVE-2026-1")
        var policy = Policy()
        policy.dueInDays = [:]
        #expect(ledger(Sample.patch(), policy: policy).dueAt == nil)
        #expect(
            ledger(Sample.patch([Sample.weakness(kev: true, dueIn: 1)]), policy: policy).dueAt == Sample.daysAgo(-1))
    }

    @Test("A ledger is coded and read back whole")
    func coding() throws {
        for weaknesses in [[Sample.weakness(kev: true)], [], [Sample.weakness(epss: 0.3)]] {
            let ledger = ledger(Sample.patch(weaknesses))
            let data = try JSONEncoder().encode(ledger)
            #expect(try JSONDecoder().decode(RiskLedger.self, from: data) == ledger)
        }
    }

    @Test("The unit is the policy's everywhere")
    func unit() {
        var policy = Policy()
        policy.risk.unit = "EUR"
        let text = ledger(Sample.patch(), policy: policy).explanation.joined(separator: "\n")
        #expect(text.contains("EUR a day"))
        #expect(!text.contains("points"))
    }
}
