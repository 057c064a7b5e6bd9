import FettleModel
import Foundation
import Testing

extension MainJobTests {
    /// Security teams refuse root agents that take any command from a server: PatchMon#795.
    @Suite struct Unprivileged {
        @Test func thePrintedSudoRulesAreEnoughToScanAndToPatch() async throws {
            try await MainJobLab.renew(.api, offering: "lab-good")
            let site = try Site(Site.Choices(user: "fettle"))
            let socket = "/run/haproxy/admin.sock"
            let rules = try await site.fettle("access", "sudoers", "--user", "fettle", "--admin-socket", socket)
            let encoded = Data(rules.utf8).base64EncodedString()
            let file = "/etc/sudoers.d/fettle"
            for host in ["api-1", "lb-1"] {
                try await PackagesLab.inside(
                    """
                    echo \(encoded) | base64 -d >\(file).new && chmod 440 \(file).new \
                        && visudo -cf \(file).new >/dev/null && mv \(file).new \(file)
                    """, on: host)
            }
            _ = try await site.approvedChange(of: "orders", in: .api, on: "api-1")
            let traffic = try await Traffic.during { try await site.fettle("run", "start", "change-1") }
            #expect(traffic.failed == 0, "of \(traffic.requests)")
            #expect(try await Truth.version(of: "orders", on: ["api-1"]) == ["ii 1.1"])
            try await PackagesLab.inside("rm -f \(file)", on: "lb-1")
            try await Balancer.expectAllServe()
        }
    }
}
