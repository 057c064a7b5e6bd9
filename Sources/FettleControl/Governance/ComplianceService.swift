public import FettleAssessment
public import FettleModel
public import FettleStore

/// Whether the fleet keeps its due dates, from the newest findings and the ledger of sightings.
public struct ComplianceService: Sendable {
    private let waivers: WaiverService
    private let now: @Sendable () -> Timestamp

    public init(store: any Store, now: @escaping @Sendable () -> Timestamp = Timestamp.now) {
        waivers = WaiverService(store: store, now: now)
        self.now = now
    }

    /// - Parameter resources: those that are asked about.
    /// - Throws: `notFound` if the fleet was never looked at.
    public func report(
        on resources: [Resource], fleet: Fleet, policy: Policy
    ) async throws(ControlError) -> ComplianceReport {
        guard let (findings, facts) = try await waivers.findingsNow(fleet: fleet, policy: policy) else {
            throw ControlError.neverLookedAt
        }
        let sightings = try await waivers.governance.sightings()
        // Judged anew by the policy of today, and where the findings were kept before ages were.
        let aged = FindingAges(sightings).applied(to: findings, policy: policy)
        var complete = aged
        let known = Set(facts.hosts.map(\.resource)).union(findings.notJudged.map(\.resource))
        complete.notJudged += fleet.resources.filter { !known.contains($0.id) }
            .map { .init(resource: $0.id, reason: "never looked at") }
        return Compliance(findings: complete, sightings: sightings, fleet: fleet, policy: policy, at: now())
            .report(on: resources)
    }
}
