import FettleDriverKit
import FettleDrivers
import FettleModel
import Testing

/// Facts by a user who is not root, with and without the printed `sudo` rules.
@Suite(.serialized, .enabled(if: FactsLab.isUp)) struct UnprivilegedFactsTests {
    private let host = "staging-2"
    private let user = "fettle"

    @Test func withoutRulesOnlyStaleServicesAreMissing() async throws {
        _ = try await FactsLab.output(of: "rm -f /etc/sudoers.d/facts", on: host)
        let facts = try await FactsLab.facts(of: host, as: user)
        #expect(facts.staleServices.reasonMissing?.contains("needs root, and sudo does not permit it") == true)
        #expect(facts.updates.value?.isEmpty == false)
        #expect(facts.packageLocks.value != nil)
    }

    @Test func theRulesPermitExactlyWhatIsAsked() async throws {
        let rules = try ShellHostInspector.sudoRules()
        let file = try SudoersFile(user: user, rules: rules).text()
        let install = "cat >/etc/sudoers.d/facts && chmod 440 /etc/sudoers.d/facts && visudo -cf /etc/sudoers.d/facts"
        let result = try await FactsLab.connections.channel(to: .ssh(host))
            .run(RemoteCommand(script: install, input: Array(file.utf8)))
        #expect(result.succeeded, "\(result.errorText)")

        let facts = try await FactsLab.facts(of: host, as: user)
        #expect(facts.staleServices.value == (try await FactsLab.facts(of: host)).staleServices.value)
        #expect(facts.staleServices.value != nil)

        let other = "sudo -n /usr/bin/find /root -maxdepth 1; sudo -n /usr/bin/find / -name x -exec /bin/sh {} +"
        let refused = try await FactsLab.connections.channel(to: .ssh(host, user: user))
            .run(RemoteCommand(script: other))
        #expect(refused.standardOutput.isEmpty)
        #expect(!refused.succeeded)
    }

    /// Root's apt would write its caches anew when dpkg's status is newer; facts don't.
    @Test func aCollectionByRootWritesNothing() async throws {
        let look =
            "find /etc /usr /var /root /srv /opt -xdev -newer /run/facts-began ! -path '/var/log/*' ! -path /var/log"
        _ = try await FactsLab.output(
            of: "touch /var/lib/dpkg/status; sleep 1.1; touch /run/facts-began; sleep 0.1", on: host)
        let facts = try await FactsLab.facts(of: host)
        #expect(facts.updates.value?.isEmpty == false)
        #expect(try await FactsLab.output(of: look, on: host) == "")
    }
}
