import FettleAssessment
import FettleModel

extension ComplianceService {
    /// - Parameter look: what the newest look is; nil: none was taken.
    /// - Throws: `notFound` if none was taken.
    func standing(
        of resources: [Resource], look: FleetLook?, fleet: Fleet, policy: Policy
    ) async throws(ControlError) -> Standing {
        guard let look else { throw ControlError.neverLookedAt }
        let findings = try await waivers.findings(of: look, fleet: fleet)
        let sightings = try await waivers.governance.sightings()
        // Judged anew by the policy of today, and where the findings were kept before ages were.
        var complete = FindingAges(sightings).applied(to: findings, policy: policy)
        let known = Set(look.outline.hosts.map(\.resource)).union(findings.notJudged.map(\.resource))
        complete.notJudged += fleet.resources.filter { !known.contains($0.id) }
            .map { .init(resource: $0.id, reason: "never looked at") }
        if resources.count < fleet.resources.count {
            let asked = Set(resources.map(\.id))
            complete.findings.removeAll { !asked.contains($0.resource) }
            complete.notJudged.removeAll { !asked.contains($0.resource) }
        }
        return Standing(
            fleet: fleet, policy: policy, resources: resources, findings: complete, facts: look.outline,
            sightings: sightings,
            now: now())
    }
}
