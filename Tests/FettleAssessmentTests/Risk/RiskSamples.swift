import FettleAssessment
import FettleIndex
import FettleModel

/// Patches, groups and times that the tests of the two risks weigh.
enum RiskSample {
    static let now = Timestamp(milliseconds: 1_790_000_000_000)

    static func daysAgo(_ days: Int) -> Timestamp { now.adding(seconds: -days * 86_400) }

    static func weakness(
        _ id: String = "CVE-2026-1", epss: Double? = nil, scored: Int = 1, cvss: Double? = nil, published: Int? = 10,
        kev: Bool = false, dueIn: Int? = nil, points: DecisionPoints? = nil
    ) -> WeaknessRecord {
        WeaknessRecord(
            id: id, cvss: cvss.map { [CVSSRating(vector: "", publishedScore: $0)] } ?? [],
            exploited: kev ? KnownExploitation(addedAt: daysAgo(2), dueAt: dueIn.map { daysAgo(-$0) }) : nil,
            prediction: epss.map { ExploitPrediction(probability: $0, percentile: nil, scoredAt: daysAgo(scored)) },
            decision: points, publishedAt: published.map { daysAgo($0) })
    }

    static func patch(_ weaknesses: [WeaknessRecord] = [weakness()]) -> CandidatePatch {
        CandidatePatch(
            package: "openssl", version: "3.0.22", kind: .securityUpdate, updateClass: .security,
            weaknesses: weaknesses, releasedAt: daysAgo(3))
    }

    static let group = AffectedGroup(name: "web", criticality: .high, exposure: .internet, spareMembers: 1)

    static func waiting(
        _ weaknesses: [WeaknessRecord], on group: AffectedGroup = group, policy: RiskPolicy = RiskPolicy()
    ) -> WaitingRisk {
        WaitingRisk(patch(weaknesses), on: group, policy: policy, at: now)
    }

    static func patching(
        _ patch: CandidatePatch = patch(), on group: AffectedGroup = group, successes: Int = 0, failures: Int = 0,
        policy: RiskPolicy = RiskPolicy()
    ) -> PatchingRisk {
        let trials = [(successes, false), (failures, true)].flatMap { count, failed in
            Array(
                repeating: PatchHistory.Trial(package: patch.package, kind: patch.kind, failed: failed), count: count)
        }
        return PatchingRisk(patch, on: group, history: PatchHistory(trials), policy: policy, at: now)
    }
}

/// Whether two numbers agree to the twelfth digit or so.
func agree(_ left: Double, _ right: Double) -> Bool {
    abs(left - right) <= 1e-11 * max(1e-300, abs(left), abs(right))
}
