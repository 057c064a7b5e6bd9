import FettleDatabase
import FettleModel
import Testing

extension MainJobTests {
    @Suite struct Reboots {
        /// A reboot reported done that never happened: ansible#78007, #83018. `max_fail_percentage=0` goes on past unreachable
        /// hosts: ansible#56265.
        @Test func aHostThatDoesNotComeBackIsQuarantinedAndSettledLater() async throws {
            try await MainJobLab.renew(.web, offering: "lab-reboot")
            let site = try Site(Site.Choices(rebootDeadlineSeconds: 12, attempts: 1))
            _ = try await site.approvedChange(of: "microcode-shim", in: .web, on: "web-1", "web-2")
            try await PackagesLab.lab("noboot", "web-1", "on")
            let traffic = try await Traffic.during {
                let output = try await site.fettle("run", "start", "change-1", ends: 1)
                #expect(output.contains("web-1 stays out of traffic"))
            }
            #expect(traffic.failed == 0, "of \(traffic.requests)")
            let failure = try #require(try await site.failure(of: "web-1/reboot"))
            #expect([.timeout, .unreachable].contains(failure.code))
            #expect(failure.message.contains("has not come back from its reboot"), "\(failure)")
            let entry = try #require(try await site.store.quarantined().first)
            #expect(entry.resource == "web-1" && entry.owner.rawValue.hasPrefix("alice") && !entry.reason.isEmpty)
            #expect(entry.deadline > entry.since && !entry.obligations.isEmpty)
            #expect(try await Truth.version(of: "microcode-shim", on: ["web-2"]) == ["ii 1.0"])
            try await Balancer.expectAllServe(except: ["web-1"])

            // Not by a person's word: the host is still off.
            try await site.fettle("quarantine", "settle", "web-1", "--note", "it is well", as: "bob", ends: 3)
            try await Balancer.expectAllServe(except: ["web-1"])
            try await PackagesLab.lab("noboot", "web-1", "off")
            try await PackagesLab.lab("boot", "web-1")
            try await site.fettle("quarantine", "settle", "web-1", "--note", "power supply replaced", as: "bob")
            #expect(try await site.store.quarantined().isEmpty)
            try await Balancer.expectAllServe()
        }

        /// "Back online (0s)": ansible#72629. "Always reboot" rebooted before the patch: osconfig#755.
        /// A good patch reported failed because its reboot cut the line: amazon-ssm-agent#681, osconfig#994.
        @Test func aRebootIsDoneWhenTheBootIDDiffersAndComesAfterThePatch() async throws {
            try await MainJobLab.renew(.web, offering: "lab-reboot")
            let site = try Site()
            _ = try await site.approvedChange(of: "microcode-shim", in: .web, on: "web-3")
            let before = try await Truth.bootID(of: "web-3")
            let traffic = try await Traffic.during { try await site.fettle("run", "start", "change-1") }
            #expect(traffic.failed == 0, "of \(traffic.requests)")
            let after = try await Truth.bootID(of: "web-3")
            #expect(after != before && !after.isEmpty)
            let observed = try await site.journal.compactMap { record -> Observation? in
                if case .stepDone("web-3/reboot", _, let observation) = record.event { observation } else { nil }
            }
            #expect(observed.map { $0.details["bootID"] } == [after])
            #expect(observed.map { $0.details["bootIDBefore"] } == [before])
            #expect(try await PackagesLab.inside("test -e /run/reboot-required || echo no", on: "web-3") == "no\n")
            #expect(try await Truth.version(of: "microcode-shim", on: ["web-3"]) == ["ii 2.0"])
            try await Balancer.expectAllServe()
        }
    }
}
