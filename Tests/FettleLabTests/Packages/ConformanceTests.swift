import FettleDriverKit
import FettleDrivers
import FettleModel
import FettleTestSupport
import Testing

extension PackagesLabTests {
    /// The contract of steps, held to on real hosts.
    @Suite struct Conformance {
        @Test(arguments: ["stage", "patch", "restart", "reboot", "take out", "verify"])
        func driverKeepsTheContract(_ name: String) async throws {
            try await PackagesLab.prepare(["billing=1.0"], offering: ["lab-good"])
            try await PackagesLab.inside(
                "f=$(readlink -f /usr/lib/x86_64-linux-gnu/libz.so.1); cp -p $f $f.new && mv -f $f.new $f")
            let transaction = LabStep.transaction([LabStep.change("billing", "1.0", "1.1")])
            let actions: [String: StepAction] = [
                "stage": .stage(transaction: transaction), "patch": .changePackages(transaction: transaction),
                "restart": .restartServices(
                    except: ["dbus.service", "systemd-*.service", "user@*.service", "init.scope"]),
                "reboot": .reboot(condition: .always), "take out": .takeOut,
                "verify": .verify(
                    expectation: HostExpectation(
                        packages: [PackageVersion(name: "billing", architecture: "all", version: "1.0")])),
            ]
            let action = try #require(actions[name])
            let host = name == "reboot" ? PackagesLab.rebootHost : PackagesLab.host
            let step = LabStep.make(action, on: host)
            let drivers = BuiltInDrivers(
                channels: PackagesLab.connections,
                inspector: ShellHostInspector(channels: PackagesLab.connections),
                packages: PackageDriverSettings(lockSeconds: 3))
            let conformance = StepDriverConformance(
                driver: try #require(drivers.driver(for: action)), step: step, plan: LabStep.context(step).plan,
                leavesTrace: !["take out", "verify"].contains(name))
            let findings = await conformance.run {
                try await PackagesLab.inside(
                    """
                    cat /proc/sys/kernel/random/boot_id; dpkg-query -W; cat /var/lib/apt/extended_states
                    ls -l --time-style=full-iso /var/cache/fettle/archives/*.deb 2>/dev/null
                    systemctl show -p MainPID -p InvocationID nginx ssh cron orders
                    """, on: host)
            }
            #expect(findings == [])
        }
    }
}
