public import FettleAssessment
public import FettleModel
public import FettleStore

/// Whether the fleet keeps its due dates, from the newest findings and the ledger of sightings.
public struct ComplianceService: Sendable {
    let waivers: WaiverService
    let now: @Sendable () -> Timestamp

    public init(store: any Store, now: @escaping @Sendable () -> Timestamp = Timestamp.now) {
        waivers = WaiverService(store: store, now: now)
        self.now = now
    }

    /// - Parameter resources: those that are asked about.
    /// - Throws: `notFound` if the fleet was never looked at.
    public func report(
        on resources: [Resource], fleet: Fleet, policy: Policy
    ) async throws(ControlError) -> ComplianceReport {
        let standing = try await standing(
            of: resources, look: try await waivers.newestLook(), fleet: fleet, policy: policy)
        return Compliance(
            findings: standing.findings, sightings: standing.sightings, fleet: fleet, policy: policy, at: standing.now
        ).report(on: resources)
    }
}
