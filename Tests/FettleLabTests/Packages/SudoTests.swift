import FettleDriverKit
import FettleDrivers
import FettleModel
import Foundation
import Testing

extension PackagesLabTests {
    /// Everything as a user who has nothing but the exact rules.
    @Suite struct Sudo {
        private static let user = PackagesLab.Rules.user
        private static let file = PackagesLab.Rules.file

        private func installRules(_ settings: PackageDriverSettings) async throws {
            try await PackagesLab.Rules.install(settings)
        }

        @Test func patchReturnAndRestartNeedOnlyTheRules() async throws {
            try await PackagesLab.prepare(["libledger=1.0", "ledger-core=1.0"], offering: ["lab-good"])
            try await PackagesLab.inside("apt-mark auto libledger")
            let settings = PackageDriverSettings(lockSeconds: 3)
            try await installRules(settings)
            let channels = PackagesLab.connections
            let changes = [LabStep.change("ledger-core", "1.0", "1.1"), LabStep.change("libledger", "1.0", "1.1")]
            let drivers = BuiltInDrivers(
                channels: channels, inspector: ShellHostInspector(channels: channels), packages: settings)
            let back = LabStep.transaction(changes.map(\.reversed), .rollback)
            let actions: [StepAction] = [
                .stage(transaction: LabStep.transaction(changes)),
                .changePackages(transaction: LabStep.transaction(changes)),
                .verify(expectation: HostExpectation(packages: changes.map(Self.target))),
                .changePackages(transaction: back),
                .restartServices(except: ["dbus.service", "systemd-*.service", "user@*.service", "init.scope"]),
            ]
            try await PackagesLab.inside(
                "f=$(readlink -f /usr/lib/x86_64-linux-gnu/libz.so.1); cp -p $f $f.new && mv -f $f.new $f")
            for action in actions {
                let step = LabStep.make(action)
                var context = LabStep.context(step, user: Self.user)
                let driver = try #require(drivers.driver(for: action))
                let readiness = await driver.check(step, in: context)
                #expect(readiness.isReady, "\(action.name): \(readiness)")
                context.prior = readiness.prior
                try await driver.perform(step, in: context)
                #expect(try await driver.verify(step, in: context).verdict == .pass, "\(action.name)")
            }
            #expect(try await PackagesLab.version(of: "ledger-core") == "ii 1.0")
            #expect(try await PackagesLab.inside("apt-mark showauto libledger") == "libledger\n")
            try await PackagesLab.inside("rm -f \(Self.file)")
        }

        /// What a stranger with the account's key would try.
        @Test func nothingBeyondTheRulesIsPermitted() async throws {
            try await installRules(PackageDriverSettings())
            let options = "-p Type=exec -p RemainAfterExit=yes -p SuccessExitStatus=100 -p KillMode=process"
            let attempts = [
                "/bin/sh -c id", "/usr/bin/apt-get install billing",
                "/usr/bin/systemd-run --quiet --unit=fettle-a \(options) -- /bin/sh -c id",
                "\(Self.mark) -o Dir::Bin::dpkg=/tmp/x", "\(Self.mark) billing --config-file=/tmp/x",
                "/usr/bin/apt-mark auto billing",
                "/usr/bin/systemctl stop ssh.service",
                "/usr/bin/systemctl --no-ask-password restart -- ssh.service x.target",
                "/usr/bin/systemctl --no-ask-password restart -- emergency.target", "/usr/sbin/sshd -t -f /tmp/x",
                "/usr/bin/install -d -m 0755 /etc/x", "/usr/bin/install -m 0644 --target-directory=/etc /tmp/x",
                "/usr/bin/install -m 0644 --target-directory=/var/cache/fettle/archives /var/cache/apt/archives/../../../../tmp/x.deb",
            ]
            let channel = try await PackagesLab.connections.channel(to: .ssh(PackagesLab.host, user: Self.user))
            for attempt in attempts {
                let result = try await channel.run(RemoteCommand(script: "sudo -n -l -- \(attempt)"))
                #expect(result.status != 0, "\(attempt): \(result.outputText)")
            }
            let good = try await channel.run(RemoteCommand(script: "sudo -n -l -- \(Self.mark) billing"))
            #expect(good.status == 0)
            try await PackagesLab.inside("rm -f \(Self.file)")
        }

        private static let mark =
            "/usr/bin/apt-mark -o Dir::State::lists=/nonexistent/ -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= auto"

        private static func target(_ change: PackageChange) -> PackageVersion {
            PackageVersion(name: change.name, architecture: change.architecture, version: change.to ?? "")
        }
    }
}
