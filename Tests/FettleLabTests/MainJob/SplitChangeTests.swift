import FettleModel
import Testing

extension MainJobTests {
    /// A rule of releases wants a reboot between two packages of one host: its change is made in two parts.
    @Suite struct SplitChanges {
        /// A change of two packages on one host, in parts.
        private func change(_ first: String, _ second: String, on host: String) async throws -> (Site, Plan) {
            let rule = "releases:\n  - {name: the one before the other, rebootBetween: [\(first), \(second)]}"
            let site = try Site(Site.Choices(attempts: 1, policy: rule))
            try await site.fettle("scan", "--group", "web", ends: 100, 101)
            try await site.fettle("plan", "make", "--host", host, "--only", first, "--only", second)
            try await site.fettle("change", "submit", "plan-1", "--reason", "a test")
            try await site.fettle("change", "approve", "change-1", as: "bob")
            return (site, try await site.plan())
        }

        private func reboots(_ site: Site) async throws -> [String: Observation] {
            try await site.journal.reduce(into: [:]) { reboots, record in
                guard case .stepDone(let step, _, let observation) = record.event,
                    observation.details["bootID"] != nil
                else { return }
                reboots[step.rawValue] = observation
            }
        }

        private func done(_ site: Site) async throws -> [String] {
            try await site.journal.compactMap { record in
                if case .stepDone(let step, _, _) = record.event { step.rawValue } else { nil }
            }
        }

        /// The second part needs what the first brings: alone it could not be rehearsed while the host serves.
        @Test func twoPartsAreMadeWithARealRebootBetween() async throws {
            try await MainJobLab.renew(.web, offering: "lab-dependent")
            let (site, _) = try await change("libledger", "ledger-core", on: "web-4")
            let before = try await Truth.bootID(of: "web-4")
            let traffic = try await Traffic.during { try await site.fettle("run", "start", "change-1") }
            #expect(traffic.failed == 0, "of \(traffic.requests)")
            #expect(try await Truth.version(of: "libledger", on: ["web-4"]) == ["ii 2.0"])
            #expect(try await Truth.version(of: "ledger-core", on: ["web-4"]) == ["ii 2.0"])
            let steps = try await done(site).filter { $0.contains("patch-") || $0.contains("reboot-") }
            #expect(steps == ["web-4/patch-1", "web-4/reboot-before-2", "web-4/patch-2"])
            let reboot = try #require(try await reboots(site)["web-4/reboot-before-2"])
            let after = try await Truth.bootID(of: "web-4")
            #expect(reboot.details["bootIDBefore"] == before && reboot.details["bootID"] == after && after != before)
            try await Balancer.expectAllServe()
        }

        /// The second part breaks on the host: both are taken back, the other way round, with a reboot between.
        @Test func bothPartsAreTakenBackWithARebootBetween() async throws {
            try await MainJobLab.renew(.web, offering: "lab-reboot", "lab-broken")
            let (site, _) = try await change("microcode-shim", "billing", on: "web-3")
            let before = try await Truth.bootID(of: "web-3")
            let traffic = try await Traffic.during { try await site.fettle("run", "start", "change-1", ends: 5) }
            #expect(traffic.failed == 0, "of \(traffic.requests)")
            #expect(try await site.failure(of: "web-3/patch-2")?.code == .packageManager)
            #expect(try await Truth.version(of: "microcode-shim", on: ["web-3"]) == ["ii 1.0"])
            #expect(try await Truth.version(of: "billing", on: ["web-3"]) == ["ii 1.0"])
            #expect(try await Truth.isWhole("web-3"))
            let steps = try await done(site).filter {
                $0.contains("patch-") || $0.contains("return-") || $0.contains("reboot-")
            }
            #expect(
                steps == [
                    "web-3/patch-1", "web-3/reboot-before-2", "web-3/rollback/return-2",
                    "web-3/rollback/reboot-before-2", "web-3/rollback/return-1",
                ])
            let reboots = try await reboots(site)
            let there = try #require(reboots["web-3/reboot-before-2"]?.details)
            let back = try #require(reboots["web-3/rollback/reboot-before-2"]?.details)
            #expect(there["bootIDBefore"] == before && back["bootIDBefore"] == there["bootID"])
            #expect(Set([there["bootID"], back["bootID"], before]).count == 3)
            try await Balancer.expectAllServe()
        }
    }
}
