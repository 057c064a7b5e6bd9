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
        let resolution = try await resolve(wanted)
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
