import FettleModel
import Testing

extension MainJobTests {
    /// Versions that are bad, each in its way: the canary alone meets them.
    @Suite struct BadVersions {
        /// The canary was the only healthy copy, and rollbacks sent traffic to a set too small: flagger#1591, argo-rollouts#3941.
        @Test func anUnhealthyVersionIsStoppedAtTheCanaryAndTakenBack() async throws {
            try await MainJobLab.renew(.api, offering: "lab-unhealthy")
            let site = try Site()
            let plan = try await site.approvedChange(of: "orders", in: .api, on: "api-1", "api-2", "api-3")
            let traffic = try await Traffic.during {
                try await site.fettle("run", "start", "change-1", ends: 5)
            }
            #expect(traffic.failed == 0, "of \(traffic.requests)")
            #expect(traffic.lowest(of: "api") == 3)
            #expect(try await site.failure(of: "api-1/gate")?.code == .unhealthy)
            #expect(try await site.touched(plan) == ["api-1"])
            #expect(
                try await Truth.version(of: "orders", on: ["api-1", "api-2", "api-3"]) == [
                    "ii 1.0", "ii 1.0", "ii 1.0",
                ])
            #expect(try await Truth.changes(of: "orders", on: "api-2") == 0)
            try await Balancer.expectAllServe()
        }

        /// A good patch reported failed, half-configured packages left behind: osconfig#994.
        @Test func aBrokenPostinstIsTakenBackAndNothingStaysHalfConfigured() async throws {
            try await MainJobLab.renew(.api, offering: "lab-broken")
            let site = try Site()
            let plan = try await site.approvedChange(of: "billing", in: .api, on: "api-1", "api-2")
            let traffic = try await Traffic.during {
                try await site.fettle("run", "start", "change-1", ends: 5)
            }
            #expect(traffic.failed == 0, "of \(traffic.requests)")
            #expect(try await site.failure(of: "api-1/patch")?.code == .packageManager)
            #expect(try await site.touched(plan) == ["api-1"])
            #expect(try await Truth.version(of: "billing", on: ["api-1", "api-2"]) == ["ii 1.0", "ii 1.0"])
            #expect(try await Truth.isWhole("api-1"))
            try await Balancer.expectAllServe()
        }
    }
}
