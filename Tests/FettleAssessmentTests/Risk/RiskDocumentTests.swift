import FettleAssessment
import FettleIndex
import FettleModel
import Foundation
import Testing

/// `docs/risk.md` is part of what is tested: its example is reckoned here, and its numbers are the policy's defaults.
@Suite("docs/risk.md says what the code does")
struct RiskDocumentTests {
    private static let now = Timestamp(milliseconds: 1_795_424_400_000)

    /// The example as the document tells it in words.
    private static let ledger: RiskLedger = {
        let ago = { (days: Int) in now.adding(seconds: -days * 86_400) }
        let patch = CandidatePatch(
            package: "postgresql-15", version: "15.9-0+deb12u1", kind: .securityUpdate, updateClass: .security,
            weaknesses: [
                WeaknessRecord(
                    id: "CVE-2026-1111",
                    prediction: ExploitPrediction(probability: 0.02, percentile: nil, scoredAt: ago(1)),
                    decision: DecisionPoints(exploitation: .none, isAutomatable: false, technicalImpact: .total),
                    publishedAt: ago(2)),
                WeaknessRecord(
                    id: "CVE-2026-2222", cvss: [CVSSRating(vector: "CVSS:3.1/AV:N/AC:H/PR:L/UI:N/S:U/C:H/I:N/A:N")],
                    publishedAt: ago(2)),
            ], releasedAt: ago(1), rollback: .exactVersions, conffileConflicts: 1)
        let history = (0..<24).map { number in
            PatchHistory.Trial(package: "postgresql-15", kind: .securityUpdate, failed: number == 0)
        }
        return RiskLedger(
            patch, on: AffectedGroup(name: "db", criticality: .high, exposure: .internal, spareMembers: 0),
            history: PatchHistory(history), policy: Policy(), exploitedListChecked: true, at: now)
    }()

    private func document() throws -> String {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent("docs/risk.md"), encoding: .utf8)
    }

    @Test("The worked example is word for word what the ledger explains")
    func example() throws {
        let block = Self.ledger.explanation.map { "    " + $0 }.joined(separator: "\n")
        #expect(try document().contains("\n\n" + block + "\n\n"), "the ledger now says:\n\(block)")
    }

    @Test("The example's sums follow from its terms by the document's formulae")
    func arithmetic() throws {
        let ledger = Self.ledger
        let term = { (sum: RiskSum, name: String) in sum.terms.first { $0.name == name }?.value ?? .nan }
        let first = 1 - exp(log(1 - 0.02) / 30 * 0.02 * 0.3)
        let second = 1 - exp(-0.00008 * (0.28 + 0.72 * (1 - pow(2, -2.0 / 7))) * 0.02)
        let chance = 0.5 * max(first, second) + 0.5 * (1 - (1 - first) * (1 - second))
        #expect(abs(term(ledger.waiting, "chance") / chance - 1) < 1e-6)
        #expect(abs(ledger.waiting.perDay / (chance * 100 * 14) - 1) < 1e-6)
        let belief = (0.005 * 100 + 1) / (100 + 24)
        let young = 1 + 2 * pow(2, -1.0 / 8)
        let failure = 1 - pow(1 - belief, young) * (1 - 0.02)
        let once = failure * 100 / 24 + 100 * 0.5 / 1_440
        #expect(abs(term(ledger.patching, "failure") / failure - 1) < 1e-9)
        #expect(abs(ledger.patching.perDay / (once / 30) - 1) < 1e-9)
    }

    @Test("Every default of the policy stands in the document's tables")
    func defaults() throws {
        let document = try document()
        let policy = RiskPolicy()
        let (waiting, patching) = (policy.waiting, policy.patching)
        let numbers: [(String, Double)] = [
            ("hazards.exploited", waiting.hazards.exploited),
            ("hazards.proofOfConcept", waiting.hazards.proofOfConcept),
            ("hazards.critical", waiting.hazards.critical), ("hazards.high", waiting.hazards.high),
            ("hazards.medium", waiting.hazards.medium), ("hazards.low", waiting.hazards.low),
            ("hazards.unrated", waiting.hazards.unrated), ("ransomwareFactor", waiting.ransomwareFactor),
            ("exposure.isolated", waiting.isolatedShare), ("exposure.internal", waiting.internalShare),
            ("exposure.internet", waiting.internetShare), ("notAutomatableFactor", waiting.notAutomatableFactor),
            ("partialImpactFactor", waiting.partialImpactFactor), ("incidentDays", waiting.incidentDays),
            ("earlyShare", waiting.earlyShare), ("growthHalfLifeDays", waiting.growthHalfLifeDays),
            ("predictionStaleDays", Double(waiting.predictionStaleDays)), ("correlation", waiting.correlation),
            ("lossPerDay.low", policy.lossPerDay.low), ("lossPerDay.medium", policy.lossPerDay.medium),
            ("lossPerDay.high", policy.lossPerDay.high), ("lossPerDay.critical", policy.lossPerDay.critical),
            ("recoveryHours.nothingToUndo", patching.recoveryHours.nothingToUndo),
            ("recoveryHours.snapshot", patching.recoveryHours.snapshot),
            ("recoveryHours.imageSwap", patching.recoveryHours.imageSwap),
            ("recoveryHours.exactVersions", patching.recoveryHours.exactVersions),
            ("recoveryHours.irreversible", patching.recoveryHours.irreversible),
            ("dataMigrationHours", patching.dataMigrationHours), ("restartMinutes", patching.restartMinutes),
            ("rebootMinutes", patching.rebootMinutes), ("rebootFailure", patching.rebootFailure),
            ("conffileFailure", patching.conffileFailure), ("redundancyFactor", patching.redundancyFactor),
            ("commonCauseShare", patching.commonCauseShare), ("youngFactor", patching.youngFactor),
            ("youngHalfLifeDays", patching.youngHalfLifeDays), ("spreadDays", patching.spreadDays),
        ]
        for (key, value) in numbers {
            #expect(document.contains("| `\(key)` | \(figure(value)) |"), "\(key): \(figure(value))")
        }
        for kind in ChangeKind.allCases {
            let prior = patching.prior(of: kind)
            let row = "| `priors.\(kind.rawValue)` | \(figure(prior.probability)), weight \(figure(prior.weight)) |"
            #expect(document.contains(row), "\(row)")
        }
    }

    private func figure(_ value: Double) -> String {
        var text = String(format: "%.5f", value)
        while text.hasSuffix("0") { text.removeLast() }
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }
}
