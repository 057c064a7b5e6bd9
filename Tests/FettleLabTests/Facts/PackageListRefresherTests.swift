import FettleDriverKit
import FettleDrivers
import FettleModel
import Testing

/// Fetching package lists: by root, and by a user with the printed rules.
@Suite(.serialized, .enabled(if: FactsLab.isUp)) struct PackageListRefresherTests {
    private let host = "staging-1"
    private let refresher = PackageListRefresher(channels: FactsLab.connections)

    @Test func aUserWithTheRulesRefreshes() async throws {
        let file = try SudoersFile(user: "fettle", rules: try PackageListRefresher.sudoRules()).text()
        let installed = try await FactsLab.connections.channel(to: .ssh(host)).run(
            RemoteCommand(
                script: "cat >/etc/sudoers.d/refresh && visudo -cf /etc/sudoers.d/refresh", input: Array(file.utf8)))
        #expect(installed.succeeded, "\(installed.errorText)")
        try await refresher.refresh(ResourceID(host), at: .ssh(host, user: "fettle"))
        _ = try await FactsLab.output(of: "rm /etc/sudoers.d/refresh", on: host)
        let failure = await #expect(throws: StepFailure.self) {
            try await refresher.refresh(ResourceID(host), at: .ssh(host, user: "fettle"))
        }
        #expect(failure?.code == .refused)
    }

    /// apt-get keeps old lists and ends with status 0 when a source cannot be reached: that must not pass for fresh.
    @Test func aSourceThatCannotBeReachedIsAFailure() async throws {
        let source = "/etc/apt/sources.list.d/gone.list"
        _ = try await FactsLab.output(
            of: "echo 'deb [trusted=yes] http://packages.lab/nowhere gone main' >\(source)", on: host)
        let failure = await #expect(throws: StepFailure.self) {
            try await refresher.refresh(ResourceID(host), at: .ssh(host))
        }
        _ = try await FactsLab.output(of: "rm \(source); apt-get -q update >/dev/null 2>&1", on: host)
        #expect(failure?.code == .packageManager)
    }

    @Test(.enabled(if: FactsLab.hasRpmHosts), arguments: ["dnf-1", "zypper-1"])
    func rpmHostsRefreshBothOfTheirManagers(host: String) async throws {
        try await refresher.refresh(ResourceID(host), at: .ssh(host))
    }
}
