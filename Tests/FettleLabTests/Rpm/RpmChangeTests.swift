import FettleDriverKit
import FettleDrivers
import FettleModel
import FettleTestSupport
import Foundation
import Testing

extension RpmLabTests {
    /// What goes well.
    @Suite struct Changes {
        @Test(arguments: RpmLab.hosts) func exactVersionsGoOnAndComeBackWithoutAnyRepository(host: String) async throws
        {
            try await RpmLab.prepare(host)
            let change = RpmChange(RpmLab.invoices, on: host)
            #expect(try await change.check(change.stage).isReady)
            let staged = try await change.perform(change.stage)
            #expect(staged.summary == "2 new and 2 earlier packages in the host's cache")
            #expect(try await change.check(change.stage).isDone)
            #expect(try await RpmLab.installed(host) == RpmLab.before)

            // Forwards and back while nothing is on offer at all, and nothing is left of what was ever read of it.
            try await PackagesLab.inside(
                "mv /srv/rpm /srv/rpm.away; rm -rf /var/cache/dnf/* /var/cache/zypp/*", on: host)
            let result = await Result.of {
                #expect(try await change.check(change.patch).isReady)
                let patched = try await change.perform(change.patch)
                #expect(patched.verdict == .pass && patched.summary == "2 packages as the plan wants")
                #expect(try await change.check(change.patch).isDone)
                #expect(try await RpmLab.installed(host) == RpmLab.after)
                #expect(try await change.check(change.back).isReady)
                #expect(try await change.perform(change.back).verdict == .pass)
                #expect(try await RpmLab.installed(host) == RpmLab.before)
            }
            try await PackagesLab.inside("mv /srv/rpm.away /srv/rpm; \(RpmLab.refresh(host))", on: host)
            try result.get()
            let units = "systemctl list-units --all --plain --no-legend 'fettle-*'; systemctl is-system-running || true"
            #expect(try await PackagesLab.inside(units, on: host) == "running\n")
        }

        @Test(arguments: RpmLab.hosts) func whatAPatchBroughtGoesAgainOnTheWayBack(host: String) async throws {
            try await RpmLab.prepare(host, hooks: true)
            let change = RpmChange(RpmLab.hooks, on: host)
            try await change.perform(change.stage)
            try await change.perform(change.patch)
            #expect(try await RpmLab.installed(host).contains("invoice-extra-1.0-1.noarch"))
            if host == "dnf-1" {
                // Nobody has asked for it: it stays a dependency.
                let asked = try await PackagesLab.inside("dnf -q -C repoquery --userinstalled", on: host)
                #expect(!asked.contains("invoice-extra"), "\(asked)")
            }
            try await change.perform(change.back)
            #expect(try await RpmLab.installed(host) == ["invoice-hooks-1.0-1.noarch"] + RpmLab.before)
            try await RpmLab.prepare(host)
        }

        @Test(arguments: RpmLab.hosts) func editedConfigurationFilesAreToldOf(host: String) async throws {
            try await RpmLab.prepare(host, hooks: true)
            try await PackagesLab.inside("for f in hooks rules; do echo mine >/etc/invoice-$f.conf; done", on: host)
            let change = RpmChange(RpmLab.hooks, on: host)
            try await change.perform(change.stage)
            let observation = try await change.perform(change.patch)
            #expect(
                observation.details["conffilesBeside"]
                    == "/etc/invoice-hooks.conf.rpmnew, /etc/invoice-rules.conf.rpmsave",
                "\(observation)")
            #expect(observation.summary.contains("configuration files to look at"))
            let texts = try await PackagesLab.inside(
                "cat /etc/invoice-hooks.conf /etc/invoice-rules.conf.rpmsave", on: host)
            #expect(texts == "mine\nmine\n")
            try await RpmLab.prepare(host)
        }

        @Test(arguments: RpmLab.hosts, ["stage", "patch", "verify", "reboot"])
        func driverKeepsTheContract(host: String, name: String) async throws {
            try await RpmLab.prepare(host)
            let change = RpmChange(RpmLab.invoices, on: host)
            let versions = RpmLab.invoices.map {
                PackageVersion(name: $0.name, architecture: $0.architecture, version: $0.from ?? "")
            }
            let steps = [
                "stage": change.stage, "patch": change.patch,
                "verify": LabStep.make(.verify(expectation: HostExpectation(packages: versions)), on: host),
                "reboot": LabStep.make(.reboot(condition: .always), on: host),
            ]
            let step = try #require(steps[name])
            if name == "patch" { try await change.perform(change.stage) }
            let conformance = StepDriverConformance(
                driver: try change.driver(step), step: step, plan: change.context(step).plan,
                leavesTrace: name != "verify")
            let findings = await conformance.run {
                try await PackagesLab.inside(
                    """
                    cat /proc/sys/kernel/random/boot_id; rpm -qa --queryformat '%{NEVRA} %{INSTALLTIME}\\n' | sort
                    ls -l --time-style=full-iso /var/cache/fettle/rpms 2>/dev/null || true
                    """, on: host)
            }
            #expect(findings == [])
        }
    }
}
