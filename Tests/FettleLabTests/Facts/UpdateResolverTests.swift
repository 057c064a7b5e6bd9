import FettleDriverKit
import FettleDrivers
import FettleModel
import Foundation
import Testing

/// The resolver on real hosts, held against `apt-get --simulate`.
@Suite(.serialized, .enabled(if: FactsLab.isUp)) struct UpdateResolverTests {
    private func resolve(_ wanted: [PackageVersion]) async throws -> Resolution {
        try await ShellUpdateResolver(channels: FactsLab.connections)
            .resolve(wanted, manager: .dpkg, on: ResourceID(FactsLab.host), at: .ssh(FactsLab.host))
    }

    private func pending() async throws -> [AvailableUpdate] {
        try #require(try await FactsLab.facts(of: FactsLab.host).updates.value)
    }

    @Test func allUpdatesEntailWhatAptSimulates() async throws {
        let wanted = try await pending().map {
            PackageVersion(name: $0.name, architecture: $0.architecture, version: $0.candidate)
        }
        let caches = "ls -li --time-style=full-iso /var/cache/apt /var/lib/apt/lists /var/cache/apt/archives"
        let before = try await FactsLab.output(of: caches)
        let resolution = try await resolve(wanted)
        // Asked and rehearsed, and nothing was written for it.
        #expect(resolution.rehearsedOn != nil)
        #expect(try await FactsLab.output(of: caches) == before)
        let words = wanted.map { "\($0.name)=\($0.version)" }.joined(separator: " ")
        let simulated = try await FactsLab.output(
            of: "apt-get -s -o Debug::NoLocking=1 --no-install-recommends install \(words) | grep ^Inst")
        // Inst libssl3 [3.0.20-1] (3.0.22-1 Debian-Security:12/oldstable-security [amd64])
        let expected = simulated.split(separator: "\n").map { line -> String in
            let words = line.split(separator: " ").map { $0.trimmingCharacters(in: CharacterSet(charactersIn: "[]()")) }
            return "\(words[1]) \(words[2]) \(words[3])"
        }
        #expect(Set(resolution.changes.map { "\($0.name) \($0.from ?? "") \($0.to ?? "")" }) == Set(expected))
        #expect(resolution.changes.count == expected.count)
        #expect(resolution.downloadBytes > 1_000_000)
        #expect(resolution.unavailableEarlier == [])
    }

    @Test func whatAPackageDrawsInIsPartOfTheAnswer() async throws {
        let openssl = try #require(try await pending().first { $0.name == "openssl" })
        let resolution = try await resolve([
            PackageVersion(name: "openssl", architecture: "amd64", version: openssl.candidate)
        ])
        #expect(resolution.changes.map(\.name) == ["libssl3", "openssl"])
        // By its own words alone: the same host in the same state.
        #expect(
            try await resolve([PackageVersion(name: "openssl", architecture: "amd64", version: openssl.candidate)])
                .rehearsedOn == resolution.rehearsedOn)
    }

    @Test func aVersionThatNobodyOffersIsRefusedInAptsWords() async throws {
        let failure = await #expect(throws: StepFailure.self) {
            try await resolve([PackageVersion(name: "openssl", architecture: "amd64", version: "9.9-1")])
        }
        #expect(failure?.code == .refused)
        #expect(failure?.output.contains("Version '9.9-1' for 'openssl' was not found") == true)
    }

    @Test func aHeldPackageIsRefused() async throws {
        let update = try #require(try await pending().first { $0.name == "libexpat1" })
        _ = try await FactsLab.output(of: "apt-mark hold libexpat1")
        let failure = await #expect(throws: StepFailure.self) {
            try await resolve([PackageVersion(name: "libexpat1", architecture: "amd64", version: update.candidate)])
        }
        let held = try await pending().first { $0.name == "libexpat1" }
        _ = try await FactsLab.output(of: "apt-mark unhold libexpat1")
        #expect(failure?.code == .refused)
        #expect(failure?.message.contains("Held packages") == true)
        #expect(held?.isHeld == true)
    }
}

/// dnf and zypper, on the lab's hosts that have them.
@Suite(.serialized, .enabled(if: FactsLab.hasRpmHosts)) struct RpmHostTests {
    private func resolve(_ name: String, _ version: String, on host: String) async throws -> Resolution {
        try await ShellUpdateResolver(channels: FactsLab.connections).resolve(
            [PackageVersion(name: name, architecture: "noarch", version: version)], manager: .rpm,
            on: ResourceID(host), at: .ssh(host))
    }

    @Test(arguments: ["dnf-1", "zypper-1"]) func updatesAreToldWithTheirAdvisories(host: String) async throws {
        let facts = try await FactsLab.facts(of: host)
        let updates = try #require(facts.updates.value).filter { $0.manager == .rpm }
        let told = updates.map { "\($0.name) \($0.candidate) \($0.declaredClass?.rawValue ?? "-")" }
        #expect(told == ["invoice-server 1:4.1-1 bugfix", "invoice-themes 1.1-1 -", "libinvoice 2.3-2 security"])
        #expect(facts.packages.value?.contains { $0.manager == .dpkg } == true)
        #expect(facts.packageLocks.value == [])
    }

    /// By their own commands: dnf's plugin versionlock, zypper's locks.
    @Test(arguments: [
        ("dnf-1", "dnf -q -C versionlock add libinvoice", "dnf -q -C versionlock clear"),
        ("zypper-1", "zypper -n addlock libinvoice", "zypper -n removelock libinvoice"),
    ])
    func whatIsLockedIsHeld(host: String, lock: String, unlock: String) async throws {
        _ = try await FactsLab.output(of: lock, on: host)
        let facts = try? await FactsLab.facts(of: host)
        _ = try await FactsLab.output(of: unlock, on: host)
        let updates = try #require(facts?.updates.value).filter { $0.manager == .rpm }
        #expect(updates.filter(\.isHeld).map(\.name) == ["libinvoice"])
        let after = try #require(try await FactsLab.facts(of: host).updates.value)
        #expect(after.filter { $0.manager == .rpm && $0.isHeld }.isEmpty)
    }

    @Test(arguments: ["dnf-1", "zypper-1"]) func anUpdateIsResolvedAndNothingChanges(host: String) async throws {
        let before = try await FactsLab.output(of: "rpm --dbpath /var/lib/rpm -qa | sort", on: host)
        let resolution = try await resolve("invoice-server", "1:4.1-1", on: host)
        #expect(
            resolution.changes == [
                PackageChange(name: "invoice-server", architecture: "noarch", from: "1:4.0-1", to: "1:4.1-1")
            ])
        #expect(resolution.unavailableEarlier == [])
        #expect(resolution.downloadBytes > 5_000)
        #expect(try await resolve("libinvoice", "2.3-1", on: host).changes == [])
        #expect(try await FactsLab.output(of: "rpm --dbpath /var/lib/rpm -qa | sort", on: host) == before)
    }

    @Test(arguments: ["dnf-1", "zypper-1"]) func aVersionThatNobodyOffersIsRefused(host: String) async throws {
        let failure = await #expect(throws: StepFailure.self) { try await resolve("libinvoice", "9-9", on: host) }
        #expect(failure?.code == .refused)
        #expect(failure?.output.contains("libinvoice") == true)
    }
}
