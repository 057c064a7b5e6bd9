import FettleModel
import Foundation
import Testing

extension MainJobTests {
    @Suite struct GoodVersions {
        /// The old set reaches zero before the switch: argo-rollouts#2235; nodes in progress not counted as unavailable:
        /// machine-config-operator#701.
        @Test func aWholePoolIsBroughtToANewVersionWithoutAFailedRequest() async throws {
            try await MainJobLab.renew(.api, offering: "lab-good")
            let site = try Site()
            _ = try await site.approvedChange(of: "orders", in: .api, on: "api-1", "api-2", "api-3", "api-4")
            let report = site.directory.appending(path: "report.html")
            let traffic = try await Traffic.during {
                try await site.fettle("run", "start", "change-1", "--report", report.path)
            }
            #expect(traffic.failed == 0 && traffic.requests > 1_000, "\(traffic.failed) of \(traffic.requests)")
            #expect(traffic.lowest(of: "api") == 3)
            let versions = try await Truth.version(of: "orders", on: MainJobLab.Pool.api.members)
            #expect(versions == ["ii 1.1", "ii 1.1", "ii 1.1", "ii 1.1"])
            let page = try String(contentsOf: report, encoding: .utf8)
            #expect(page.contains("api-4") && page.contains("1.1") && page.contains("bob"))
            try await Balancer.expectAllServe()
        }

        /// Debian's own security updates of what serves the requests: nginx and the libraries that it runs on.
        @Test func debianSecurityUpdatesOnAWholePoolWithoutAFailedRequest() async throws {
            try await MainJobLab.renew(.web)
            let site = try Site()
            try await site.fettle("scan", "--group", "web", ends: 101)
            try await site.fettle(
                "plan", "make", "--group", "web", "--security", "--only", "nginx", "--only", "openssl", "--only",
                "expat")
            try await site.fettle("change", "submit", "plan-1", "--reason", "Debian security updates")
            try await site.fettle("change", "approve", "change-1", as: "bob")
            let plan = try await site.plan()
            let before = try await Truth.version(of: "nginx", on: MainJobLab.Pool.web.members)
            let traffic = try await Traffic.during { try await site.fettle("run", "start", "change-1") }
            #expect(traffic.failed == 0 && traffic.requests > 1_000, "\(traffic.failed) of \(traffic.requests)")
            #expect(traffic.lowest(of: "web") == 3)
            let after = try await Truth.version(of: "nginx", on: MainJobLab.Pool.web.members)
            #expect(Set(after).count == 1 && Set(after).isDisjoint(with: before), "\(before) to \(after)")
            for step in plan.steps {
                guard case .changePackages(let transaction) = step.action else { continue }
                for change in transaction.changes {
                    let version = try await PackagesLab.version(of: change.name, on: step.resource.rawValue)
                    #expect(version == "ii \(change.to ?? "-")", "\(change.name) on \(step.resource)")
                }
            }
            try await Balancer.expectAllServe()
        }
    }
}
