import FettleDriverKit
import FettleDrivers
import FettleModel
import Foundation
import Testing

/// Facts of real hosts, held against what the hosts' own tools say.
@Suite(.serialized, .enabled(if: FactsLab.isUp)) struct HostFactsTests {
    @Test func everyFactOfADebianHostIsObserved() async throws {
        let facts = try await FactsLab.facts(of: FactsLab.host)
        #expect(facts.reachability == .reachable)
        let missing = [
            facts.platform.reasonMissing, facts.boot.reasonMissing, facts.packages.reasonMissing,
            facts.brokenPackages.reasonMissing, facts.updates.reasonMissing, facts.kernels.reasonMissing,
            facts.rebootRequired.reasonMissing, facts.staleServices.reasonMissing, facts.units.reasonMissing,
            facts.fileSystems.reasonMissing, facts.packageLocks.reasonMissing,
        ].compactMap { $0 }
        #expect(missing == [])
    }

    @Test func packagesAreThoseThatDpkgLists() async throws {
        let packages = try #require(try await FactsLab.facts(of: FactsLab.host).packages.value)
        let list = try await FactsLab.output(of: "dpkg -l | awk '$1 == \"ii\" || $1 == \"hi\" { print $2, $4, $3 }'")
        let expected = list.split(separator: "\n").map { line -> String in
            let words = line.split(separator: " ")
            return "\(words[0].split(separator: ":")[0]) \(words[1]) \(words[2])"
        }
        #expect(Set(packages.map { "\($0.name) \($0.architecture) \($0.version)" }) == Set(expected))
        #expect(packages.count == expected.count)
    }

    @Test func updatesAreThoseThatAptLists() async throws {
        let updates = try #require(try await FactsLab.facts(of: FactsLab.host).updates.value)
        let list = try await FactsLab.output(of: "apt list --upgradable 2>/dev/null | sed 1d")
        // openssl/oldstable-security 3.0.20-1 amd64 [upgradable from: 3.0.17-1]
        let expected = list.split(separator: "\n").map { line -> String in
            let words = line.split(separator: " ")
            let name = words[0].split(separator: "/")
            return "\(name[0]) \(words[2]) \(words[5].dropLast()) \(words[1]) \(name[1])"
        }
        let found = updates.map { update in
            "\(update.name) \(update.architecture) \(update.installed) \(update.candidate) "
                + update.origins.map(\.suite).joined(separator: ",")
        }
        #expect(Set(found) == Set(expected))
        #expect(updates.contains { $0.origins.contains { $0.label == "Debian-Security" && $0.component == "main" } })
    }
}

/// The lab, as these tests see it: they run in the controller's network.
enum FactsLab {
    static let directory = ProcessInfo.processInfo.environment["FETTLE_LAB_RUN"]
    static let host = ProcessInfo.processInfo.environment["FETTLE_LAB_HOST"] ?? "qa-2"
    static var isUp: Bool { directory != nil }
    /// Only `lab up rpm` brings them up.
    static var hasRpmHosts: Bool {
        guard let directory, let hosts = try? String(contentsOfFile: directory + "/hosts.tsv", encoding: .utf8) else {
            return false
        }
        return hosts.contains("dnf-1") && hosts.contains("zypper-1")
    }
    static let connections: SSHConnections = {
        var configuration = SSHConfiguration()
        configuration.configurationFile = directory.map { $0 + "/ssh_config" }
        return SSHConnections(configuration)
    }()

    static func facts(of host: String, as user: String? = nil) async throws -> HostFacts {
        await ShellHostInspector(channels: connections)
            .inspect(ResourceID(host), at: .ssh(host, user: user))
    }

    static func output(of script: String, on host: String = host) async throws -> String {
        try await connections.channel(to: .ssh(host)).run(RemoteCommand(script: script)).outputText
    }
}
