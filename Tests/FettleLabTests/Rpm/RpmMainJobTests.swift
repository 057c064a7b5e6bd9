import FettleModel
import Foundation
import Testing

extension RpmLabTests {
    /// From the scan to the way back, with the program itself, on a group of one host with dnf and one with zypper.
    @Suite struct MainJob {
        private static let patched = [
            "invoice-server-4.0-1.noarch", "invoice-themes-1.0-1.noarch", "libinvoice-2.3-2.noarch",
        ]

        private func site(bakeSeconds: Int) async throws -> Site {
            for host in RpmLab.hosts { try await RpmLab.prepare(host) }
            let site = try Site()
            let path = site.directory.appending(path: "fleet.yaml")
            let own = """
                groups:
                  - id: invoices
                    select: {labels: {role: invoices}}
                    minimumAvailable: 1
                    strategy: {canary: {first: 1, bake: \(bakeSeconds)s, maxUnavailable: 1, judge: probes}}
                    probes:
                      - {name: ssh, unit: ssh.service, samples: 1, interval: 1s, deadline: 12s}

                """
            let hosts = RpmLab.hosts.map { "  - {id: \($0), environment: dev, labels: {role: invoices}}\n" }.joined()
            let fleet = try String(contentsOf: path, encoding: .utf8)
                .replacing("resources:\n", with: "resources:\n\(hosts)").replacing("groups:\n", with: own)
            try Data(fleet.utf8).write(to: path)
            return site
        }

        private func approved(_ site: Site) async throws -> Plan {
            try await site.fettle("scan", "--group", "invoices", ends: 100, 101)
            try await site.fettle("plan", "make", "--only", "libinvoice", "--host", "dnf-1", "--host", "zypper-1")
            try await site.fettle("change", "submit", "plan-1", "--reason", "a test")
            return try await site.plan()
        }

        @Test func aSecurityUpdateIsPlannedApprovedAndMade() async throws {
            let site = try await site(bakeSeconds: 2)
            let plan = try await approved(site)
            let changes = plan.steps.compactMap { step -> PackageTransaction? in
                if case .changePackages(let transaction) = step.action { transaction } else { nil }
            }
            #expect(
                changes.count == 2 && changes.allSatisfy { $0.manager == .rpm && $0.changes == [RpmLab.invoices[1]] })
            try await site.fettle("run", "start", "change-1")
            #expect(try await site.outcome == .succeeded)
            for host in RpmLab.hosts { #expect(try await RpmLab.installed(host) == Self.patched) }
            for host in RpmLab.hosts { try await RpmLab.prepare(host) }
        }

        @Test func aRunIsTakenBackWhileItsCanaryIsWatched() async throws {
            let site = try await site(bakeSeconds: 30)
            let plan = try await approved(site)
            let run = try site.launch("run", "start", "change-1")
            defer { run.killAtOnce() }
            try await site.waitForIntent("invoices/bake")
            let first = try #require(try await site.touched(plan).first).rawValue
            #expect(try await RpmLab.installed(first) == Self.patched)
            try await site.fettle("run", "rollback", "run-1", "--reason", "customers complain")
            #expect(try await run.end() == 5, "\(run.output)")
            for host in RpmLab.hosts { #expect(try await RpmLab.installed(host) == RpmLab.before) }
        }
    }
}
