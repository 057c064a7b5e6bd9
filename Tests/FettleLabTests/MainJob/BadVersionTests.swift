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

        /// A patch that is well itself, and what comes after it is not any more.
        @Test func aCanaryWhoseNeighbourFallsIllIsTakenBack() async throws {
            try await MainJobLab.renew(.web)
            try await MainJobLab.renew(.api, offering: "lab-good")
            var choices = Site.Choices(bakeSeconds: 20, judging: "extendUntil: 40s")
            choices.ordersPools = true
            let site = try Site(choices)
            let plan = try await site.approvedChange(of: "orders", in: .api, on: "api-1", "api-2", "api-3")
            let run = try site.launch("run", "start", "change-1")
            try await site.waitForIntent("api/bake")
            try await PackagesLab.inside("systemctl stop nginx", on: "web-2")
            let code = try await run.end()
            try await PackagesLab.inside("systemctl start nginx", on: "web-2")
            #expect(code == 5, "\(run.output)")
            let failure = try #require(try await site.failure(of: "api/bake"))
            #expect(
                failure.code == .unhealthy && failure.message.contains("neighbour web-2, web: healthz"), "\(failure)")
            #expect(try await site.touched(plan) == ["api-1"])
            #expect(try await Truth.version(of: "orders", on: ["api-1", "api-2"]) == ["ii 1.0", "ii 1.0"])
            try await Balancer.waitUntilAllServe()
        }

        /// The whole way, by the real program: kept before, there again after.
        @Test func aRollbackBringsTheHostsOwnConfigurationFileBack() async throws {
            try await MainJobLab.renew(.web, offering: "lab-conffile")
            let own =
                "chown 7:8 /etc/banner.conf; chmod 640 /etc/banner.conf; printf '\\nour own \\001\\n' >>/etc/banner.conf"
            let look = "stat -c '%u %g %a %y' /etc/banner.conf; sha256sum </etc/banner.conf"
            try await PackagesLab.inside(own, on: "web-1")
            let before = try await PackagesLab.inside(look, on: "web-1")
            let site = try Site(Site.Choices(bakeSeconds: 20, policy: "conffiles: takePackaged"))
            _ = try await site.approvedChange(of: "banner", in: .web, on: "web-1", "web-2")
            let run = try site.launch("run", "start", "change-1")
            try await site.waitForIntent("web/bake")
            #expect(try await PackagesLab.version(of: "banner", on: "web-1") == "ii 2.0")
            #expect(try await PackagesLab.inside(look, on: "web-1") != before, "the package's own is there")
            try await site.fettle("run", "rollback", "run-1", "--reason", "the old text")
            #expect(try await run.end() == 5, "\(run.output)")
            #expect(try await PackagesLab.version(of: "banner", on: "web-1") == "ii 1.0")
            #expect(try await PackagesLab.inside(look, on: "web-1") == before)
            #expect(try await Truth.isWhole("web-1"))
            try await Balancer.expectAllServe()
        }

        /// A package whose script fails is no success, and leaves nothing half-configured behind.
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
