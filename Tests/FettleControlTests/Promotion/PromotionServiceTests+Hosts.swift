import FettleModel
import FettleTestSupport
import Testing

@testable import FettleControl

/// What hosts show after a set's run, where a stage demands it.
extension PromotionServiceTests {
    private static func demanding(_ criteria: PromotionCriteria) -> Policy {
        var policy = Self.policy
        for place in policy.promotion?.stages.indices ?? 0..<0 { policy.promotion?.stages[place].after = criteria }
        return policy
    }

    /// That a version is there is no proof that what it is for is gone: the hosts are judged again.
    @Test func aSetGoesOnWhenALaterLookFindsItsWeaknessGone() async throws {
        try await scan()
        let set = try await made()
        let policy = Self.demanding(PromotionCriteria(closed: true))
        try await carryOut(try await promote(set, to: "dev", under: policy))
        func waits() async throws -> String {
            try await promotions.pipeline(fleet: Self.fleet, policy: policy).rows[0].waitsFor.map(\.state).joined()
        }
        // Nobody has looked since.
        #expect(try await waits().contains("2 hosts were not judged with feeds since the run"))
        #expect(await refused { _ = try await promote(set, to: "staging", under: policy) }?.code == .blocked)

        func look(_ edit: (inout FleetSample) -> Void) async throws {
            try await scan { sample in
                sample.findings.feeds = FeedCoverage(feeds: [
                    .init(name: "debian", kind: .advisories, publishedAt: nil, records: 1)
                ])
                for place in sample.facts.hosts.indices { sample.facts.hosts[place].observedAt = .now() }
                edit(&sample)
            }
        }
        // Installed, and still in memory.
        try await look { sample in
            for place in sample.findings.findings.indices {
                sample.findings.findings[place].state = .installedPendingRestart
            }
        }
        #expect(try await waits().contains("CVE-2026-1 on dev-1: installed, and a service still runs the old code"))
        // Gone from dev; what is left elsewhere, or in another package there, is none of it.
        try await look { sample in
            sample.findings.findings.removeAll { $0.resource.rawValue.hasPrefix("dev-") && $0.source == "openssl" }
        }
        #expect(try await waits().isEmpty)
        _ = try await promote(set, to: "staging", under: policy)
    }

    /// Staging lacks a service that production has: nobody knows how both bear each other.
    @Test func aSetGoesNoFurtherThanWhatRanBesideIt() async throws {
        func look(_ extra: [ResourceID: String]) async throws {
            try await scan { sample in
                for place in sample.facts.hosts.indices {
                    let names =
                        ["cron.service", "user@0.service"]
                        + [extra[sample.facts.hosts[place].resource]].compactMap { $0 }
                    sample.facts.hosts[place].observedAt = .now()
                    sample.facts.hosts[place].units = .observed(
                        names.map { UnitFacts(name: $0, activeState: "active", subState: "running", restarts: 0) })
                }
            }
        }
        let policy = Self.demanding(PromotionCriteria(beside: true))
        try await look(["stage-1": "ledger.service"])
        let set = try await made()
        try await carryOut(try await promote(set, to: "dev", under: policy))
        try await look(["stage-1": "ledger.service"])
        let error = await refused { _ = try await promote(set, to: "staging", under: policy) }
        #expect(
            error?.message.contains("beside: not seen running beside it: ledger.service on debian:12") == true,
            "\(error as Any)")
        try await look(["dev-2": "ledger.service", "stage-1": "ledger.service"])
        _ = try await promote(set, to: "staging", under: policy)
    }
}
