import FettleModel
import Testing

extension MainJobTests {
    /// A run that has ended well, and whose version turns out to be wrong the day after.
    @Suite struct Undoing {
        /// The exact earlier version is no longer in the repository: uyuni#12244. It was kept.
        @Test func aWholePoolGoesBackThoughNobodyOffersTheEarlierVersionAnyMore() async throws {
            try await MainJobLab.renew(.api, offering: "lab-good")
            let site = try Site()
            _ = try await site.approvedChange(of: "orders", in: .api, on: "api-1", "api-2", "api-3", "api-4")
            try await site.fettle("run", "start", "change-1")
            let members = MainJobLab.Pool.api.members
            #expect(try await Truth.version(of: "orders", on: members) == Array(repeating: "ii 1.1", count: 4))
            for host in members {
                try await PackagesLab.inside(
                    "mv /etc/apt/sources.list.d/lab*.sources /root/; apt-get -qq update; "
                        + "! apt-cache policy orders | grep -qF ' 1.0 '", on: host)
            }
            let traffic = try await Traffic.during { try await site.takeBack("run-1") }
            #expect(traffic.failed == 0 && traffic.requests > 1_000, "\(traffic.failed) of \(traffic.requests)")
            #expect(traffic.lowest(of: "api") == 3)
            #expect(try await Truth.version(of: "orders", on: members) == Array(repeating: "ii 1.0", count: 4))
            for host in members { #expect(try await Truth.isWhole(host)) }
            try await Balancer.expectAllServe()
        }

        /// A link that is away for some seconds, just when the bad version is to be taken back.
        @Test func sshdThatIsAwayWhenTheWayBackBeginsCostsNothing() async throws {
            try await MainJobLab.renew(.api, offering: "lab-unhealthy")
            let site = try Site()
            _ = try await site.approvedChange(of: "orders", in: .api, on: "api-1", "api-2")
            let traffic = try await Traffic.during {
                let process = try site.launch("run", "start", "change-1")
                defer { process.killAtOnce() }
                try await site.waitFor("the way back") { if case .rollbackRequested = $0 { true } else { false } }
                try await PackagesLab.lab("kill-sshd", "api-1")
                try await Task.sleep(for: .seconds(15))
                try await PackagesLab.lab("exec", "api-1", "systemctl", "start", "ssh")
                #expect(try await process.end() == 5, "\(process.output)")
            }
            #expect(traffic.failed == 0 && traffic.lowest(of: "api") == 3, "of \(traffic.requests)")
            #expect(try await Truth.version(of: "orders", on: ["api-1", "api-2"]) == ["ii 1.0", "ii 1.0"])
            try await Balancer.expectAllServe()
        }

        /// Completed by the task's word while the field was stale: cubecos#583.
        @Test func aHostThatSomebodyTakesBackMeanwhileKeepsTheRunFromSucceeding() async throws {
            try await MainJobLab.renew(.api, offering: "lab-good")
            let site = try Site()
            _ = try await site.approvedChange(of: "orders", in: .api, on: "api-1", "api-2")
            // The run is held at the second host: that somebody restarts the first while it bakes would be another story.
            try await PackagesLab.lab("lock", "api-2", "600")
            let process = try site.launch("run", "start", "change-1")
            defer { process.killAtOnce() }
            try await site.waitForDone("api/bake")
            try await PackagesLab.inside("apt-get -qq install -y --allow-downgrades orders=1.0 >/dev/null", on: "api-1")
            try await PackagesLab.lab("unlock", "api-2")
            #expect(try await process.end() == 1, "\(process.output)")
            guard case .failed(let reason) = try await site.outcome else { throw TestFailure("\(process.output)") }
            #expect(reason.hasPrefix("looked at again: on api-1 orders is at 1.0 instead of 1.1"), "\(reason)")
            #expect(try await site.fettle("change", "list").contains("to be reviewed"))
            try await Balancer.expectAllServe()
        }
    }
}
