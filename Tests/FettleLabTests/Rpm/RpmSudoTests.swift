import FettleDriverKit
import FettleDrivers
import FettleModel
import Foundation
import Testing

extension RpmLabTests {
    /// Everything as a user who has nothing but the exact rules.
    @Suite struct Sudo {
        private func installRules(_ host: String) async throws {
            let rules = try BuiltInDrivers.sudoRules()
            let text = try SudoersFile(user: PackagesLab.Rules.user, rules: rules).text()
            let encoded = Data(text.utf8).base64EncodedString()
            let file = PackagesLab.Rules.file
            try await PackagesLab.inside(
                "echo \(encoded) | base64 -d >\(file).new && chmod 440 \(file).new && visudo -cf \(file).new >/dev/null "
                    + "&& mv \(file).new \(file)", on: host)
        }

        @Test(arguments: RpmLab.hosts) func patchAndReturnNeedOnlyTheRules(host: String) async throws {
            try await RpmLab.prepare(host, hooks: true)
            try await installRules(host)
            let change = RpmChange(RpmLab.hooks, on: host, user: PackagesLab.Rules.user)
            for step in [change.stage, change.patch, change.back] {
                #expect(try await change.check(step).isReady, "\(step.id)")
                #expect(try await change.perform(step).verdict == .pass, "\(step.id)")
            }
            #expect(try await RpmLab.installed(host) == ["invoice-hooks-1.0-1.noarch"] + RpmLab.before)
            try await RpmLab.prepare(host)
        }

        /// What a stranger with the account's key would try.
        @Test(arguments: RpmLab.hosts) func nothingBeyondTheRulesIsPermitted(host: String) async throws {
            try await installRules(host)
            let files = RpmLab.files
            let attempts = [
                "/usr/bin/dnf -y install libinvoice", "/usr/bin/rpm --upgrade /tmp/x.rpm",
                "/usr/bin/rpm --import /tmp/key",
                "/usr/bin/dnf mark remove -- --setopt=x", "/usr/bin/rm -f -- \(files)/../../../../etc/passwd",
                "/usr/bin/find /var/cache/fettle/zypper -type f -exec /bin/sh -c id",
                "/usr/bin/find /var/cache/dnf -type f -name passwd.rpm -o -name x -exec /bin/sh -c id",
            ]
            let channel = try await RpmLab.channels.channel(to: .ssh(host, user: PackagesLab.Rules.user))
            for attempt in attempts {
                let result = try await channel.run(RemoteCommand(script: "sudo -n -l -- \(attempt)"))
                #expect(result.status != 0, "\(attempt): \(result.outputText)")
            }
            let good = try await channel.run(
                RemoteCommand(script: "sudo -n -l -- /usr/bin/rm -f -- \(files)/libinvoice-2.3-1.noarch.rpm"))
            #expect(good.status == 0)
            try await RpmLab.prepare(host)
        }
    }
}
