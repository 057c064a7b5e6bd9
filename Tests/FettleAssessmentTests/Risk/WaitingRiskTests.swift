import FettleIndex
import FettleModel
import Foundation
import Testing

@testable import FettleAssessment

@Suite("The risk of waiting")
struct WaitingRiskTests {
    private typealias Sample = RiskSample

    private func hazard(_ weakness: WeaknessRecord, after days: Double = 0) -> Double {
        WeaknessHazard(weakness, policy: WaitingPolicy(), at: Sample.now).perDay(after: days)
    }

    private func words(_ weakness: WeaknessRecord) -> String {
        WeaknessHazard(weakness, policy: WaitingPolicy(), at: Sample.now).term.explanation
    }

    @Test(
        "A daily hazard from EPSS gives the predicted probability back over 30 days",
        arguments: [0.001, 0.1, 0.5, 0.97])
    func epssIsConvertedExactly(probability: Double) {
        let daily = hazard(Sample.weakness(epss: probability))
        #expect(agree(1 - exp(-30 * daily), probability))
    }

    @Test("An EPSS is shown with its date, and told when it is stale; the prior counts then if it is more")
    func staleEPSSIsTold() {
        #expect(words(Sample.weakness(epss: 0.3)).contains("EPSS of 2026-09-20 predicts 0.3 for 30 days"))
        #expect(!words(Sample.weakness(epss: 0.3)).contains("stale"))
        let old = Sample.weakness(epss: 0.3, scored: 31)
        #expect(words(old).contains("stale"))
        #expect(hazard(old) == hazard(Sample.weakness(epss: 0.3)))
        let low = Sample.weakness(epss: 0.0001, scored: 31, cvss: 9.8, published: nil)
        #expect(hazard(low) == WaitingPolicy.Hazards().critical)
        #expect(words(low).contains("the EPSS is stale, and CVSS 9.8"))
    }

    @Test("Without EPSS the prior of the severity counts, and of nothing at all that of unrated weaknesses")
    func cvssIsTheFallback() {
        let priors = WaitingPolicy.Hazards()
        for (score, prior) in [(9.8, priors.critical), (7, priors.high), (4, priors.medium), (0, priors.low)] {
            #expect(hazard(Sample.weakness(cvss: score, published: nil)) == prior)
        }
        #expect(hazard(Sample.weakness(published: nil)) == priors.unrated)
        #expect(hazard(Sample.weakness(cvss: 11, published: nil)) == priors.unrated)
        let byVector = WeaknessRecord(
            id: "x", cvss: [CVSSRating(vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")])
        #expect(hazard(byVector) == priors.critical)
    }

    @Test("Proof-of-concept code lifts the hazard to its floor, known exploitation far above")
    func pocAndExploited() {
        let poc = DecisionPoints(exploitation: .poc, isAutomatable: true, technicalImpact: .total)
        #expect(
            hazard(Sample.weakness(epss: 0.001, published: nil, points: poc)) == WaitingPolicy.Hazards().proofOfConcept)
        #expect(hazard(Sample.weakness(epss: 0.001, kev: true)) == WaitingPolicy.Hazards().exploited)
        let ransomware = WeaknessRecord(
            id: "x", exploited: KnownExploitation(addedAt: Sample.now, isUsedByRansomware: true))
        #expect(hazard(ransomware) == 2 * WaitingPolicy.Hazards().exploited)
    }

    @Test("A prior grows with the days since publication: 28% at once, half of the rest in a week")
    func growth() {
        let prior = WaitingPolicy.Hazards().unrated
        #expect(agree(hazard(Sample.weakness(published: 0)), 0.28 * prior))
        #expect(agree(hazard(Sample.weakness(published: 7)), 0.64 * prior))
        #expect(agree(hazard(Sample.weakness(published: 0), after: 7), 0.64 * prior))
        let predicted = Sample.weakness(epss: 0.2, published: 0)
        #expect(agree(hazard(predicted, after: 7), hazard(predicted) * 0.64 / 0.28))
        let listed = Sample.weakness(kev: true)
        #expect(hazard(listed, after: 30) == hazard(listed))
    }

    @Test("Many weaknesses are more than the worst and less than their sum")
    func manyAreCombined() {
        let many = (1...50).map { Sample.weakness("CVE-2026-\($0)", epss: 0.3) }
        let one = Sample.waiting([many[0]]).perDay(after: 0)
        let all = Sample.waiting(many).perDay(after: 0)
        #expect(all > one)
        #expect(all < 50 * one)
        #expect(Sample.waiting([many[0], many[0]]).perDay(after: 0) == one, "the same one twice is one")
        var together = RiskPolicy()
        together.waiting.correlation = 1
        #expect(agree(Sample.waiting(many, policy: together).perDay(after: 0), one))
    }

    @Test("Only the worst five are shown by themselves, and how many there are is told")
    func theWorstAreShown() {
        let sum = Sample.waiting((1...9).map { Sample.weakness("CVE-2026-\($0)", epss: Double($0) / 10) }).sum
        #expect(
            sum.terms.filter { $0.name.hasPrefix("hazard of") }.map(\.name)
                == [9, 8, 7, 6, 5].map {
                    "hazard of CVE-2026-\($0)"
                })
        #expect(sum.terms.contains { $0.name == "chance" && $0.because.hasPrefix("weaknesses: 9,") })
    }

    @Test("A security update of which no feed names a weakness closes one that is assumed; no other update does")
    func unnamedWeaknesses() {
        let sum = Sample.waiting([]).sum
        #expect(sum.perDay > 0)
        #expect(
            sum.terms.contains {
                $0.because == "no feed names what this security update closes: one weakness is assumed"
            })
        var bugfix = Sample.patch([])
        bugfix.updateClass = .bugfix
        #expect(WaitingRisk(bugfix, on: Sample.group, policy: RiskPolicy(), at: Sample.now).sum.perDay == 0)
        var rejected = Sample.weakness(kev: true)
        rejected.isRejected = true
        #expect(Sample.waiting([rejected]).sum.perDay == 0)
    }
}
